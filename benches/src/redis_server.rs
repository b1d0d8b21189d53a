//! A Redis server of one's own, for as long as it is held.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(5);

/// A `redis-server`, stopped when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
}

impl RedisServer {
    /// Starts one on a free port of the loopback, without persistence.
    pub fn start() -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { process: spawn(port)?, port };
        server.await_answer()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops it where it stands: its connections stay, and nothing is answered.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// Kills it, and all that it held.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// Starts a killed one again on its port, empty.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process = spawn(self.port)?;
        self.await_answer()
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let status =
            Command::new("kill").args([signal, &self.process.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("kill failed")) }
    }

    fn await_answer(&self) -> io::Result<()> {
        let start = Instant::now();
        while !self.answers() {
            if start.elapsed() > START_LIMIT {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "redis-server is silent"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        let ask = || -> io::Result<bool> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_millis(200)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 5];
            stream.read_exact(&mut answer)?;
            Ok(&answer == b"+PONG")
        };
        ask().unwrap_or(false)
    }
}

fn spawn(port: u16) -> io::Result<Child> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .stdout(Stdio::null())
        .spawn()
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

use std::env;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::{Connection, ToRedisArgs, Value};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A `redis-server` of one's own on a free port, which ends with this handle.
///
/// It keeps nothing on disk, so a restarted one is empty. `CACHE_TEST_REDIS_SERVER` names another
/// executable, such as `valkey-server`.
pub struct RedisServer {
    port: u16,
    options: Vec<String>,
    process: Option<Child>,
    directory: TempDir,
}

impl RedisServer {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// As [`start`](Self::start), with the options made for it.
    pub(crate) fn start_with(options: impl Fn(&Self) -> Vec<String>) -> Self {
        // Somebody else may take the port before the server does.
        (0..5)
            .map(|_| {
                let mut server = Self::absent();
                server.options = options(&server);
                server
            })
            .find_map(|mut server| server.try_run().then_some(server))
            .expect("`redis-server` starts: is it installed (`apt-get install redis-server`)?")
    }

    /// Reserves the place of a server that is yet to be started with [`RedisServer::restart`].
    pub fn absent() -> Self {
        Self {
            port: free_port(),
            options: Vec::new(),
            process: None,
            directory: tempfile::tempdir().expect("there is room for a directory"),
        }
    }

    /// The directory it writes to.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The port it listens on, of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL it is reached at.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a child can be killed");
            process.wait().expect("a child can be waited for");
        }
    }

    /// Starts it again, empty, on the port it had; returns when it answers.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_run(), "the server starts on port {}", self.port);
    }

    /// As [`restart`](Self::restart), with other options.
    pub(crate) fn restart_with(&mut self, options: Vec<String>) {
        self.options = options;
        self.restart();
    }

    /// Freezes it: connections stay open, and new ones are made, but nothing answers.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Limits its memory; below what it uses already, every write that needs more is refused.
    pub fn set_max_memory(&self, bytes: u64) {
        let limit = bytes.to_string();
        self.command(&["CONFIG", "SET", "maxmemory", &limit]);
    }

    /// Runs a command and answers what the server does.
    pub fn command<T: ToRedisArgs>(&self, words: &[T]) -> Value {
        self.try_command(words).expect("the server obeys")
    }

    /// Runs `redis-cli` with `arguments`, as a person would, and answers what it prints.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .output()
            .expect("`redis-cli` is installed");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// A connection to it, to ask behind the cache's back.
    pub fn connection(&self) -> redis::RedisResult<Connection> {
        redis::Client::open(self.url())?.get_connection_with_timeout(Duration::from_secs(1))
    }

    /// Runs a command, unless the server can't be reached or refuses it.
    pub fn try_command<T: ToRedisArgs>(&self, words: &[T]) -> redis::RedisResult<Value> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.connection()?)
    }

    /// Runs it, and answers whether it came up.
    fn try_run(&mut self) -> bool {
        let executable = env::var("CACHE_TEST_REDIS_SERVER");
        let process = Command::new(executable.as_deref().unwrap_or("redis-server"))
            // First, since a configuration file must be.
            .args(&self.options)
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            return false;
        };
        self.process = Some(process);
        self.comes_up()
    }

    fn comes_up(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            if self.try_command(&["PING"]).is_ok() {
                return true;
            }
            let ended = self.process.as_mut().is_none_or(|process| {
                let status = process.try_wait();
                status.is_ok_and(|status| status.is_some())
            });
            if ended {
                return false;
            }
            sleep(Duration::from_millis(5));
        }
        false
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("the server runs");
        kill_process(Pid::from_child(process), signal).expect("a child takes signals");
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    free.expect("there is a free port").port()
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

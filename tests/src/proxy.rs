use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::wire::Record;

/// A TCP path to a server that can be cut, or go silent as when a firewall forgets it.
///
/// It runs by itself, beside the test's runtime.
pub struct Proxy {
    port: u16,
    path: watch::Sender<Path>,
    record: Record,
    runtime: Option<Runtime>,
}

#[derive(Clone, Copy, Default)]
struct Path {
    /// How many connections there have been.
    connections: u64,
    /// Connections with a number below are silent for ever.
    silent_below: u64,
    /// New connections are silent.
    silent: bool,
    /// Connections with a number below are closed.
    cut_below: u64,
    /// No server behind it knows `HELLO`.
    only_resp2: bool,
    /// What the server sends on every other connection is late by up to this.
    late: Duration,
    /// On connections with odd numbers.
    odd_late: bool,
}

impl Proxy {
    /// Opens a path to this port of 127.0.0.1.
    pub fn to(port: u16) -> Self {
        Self::with(port, Path::default())
    }

    /// Opens a path that lets no `HELLO` through, as proxies do that speak only RESP2.
    pub fn only_resp2(port: u16) -> Self {
        Self::with(port, Path { only_resp2: true, ..Path::default() })
    }

    fn with(port: u16, path: Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("there is room for a thread");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let own = listener.local_addr().expect("the socket is bound").port();
        listener.set_nonblocking(true).expect("sockets can be that");
        let path = watch::Sender::new(path);
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        let record = Record::default();
        runtime.spawn(accept(listener, server, path.clone(), record.clone()));
        Self { port: own, path, record, runtime: Some(runtime) }
    }

    /// The URL that leads through it to a Redis server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many connections have been made through it.
    pub fn connections(&self) -> u64 {
        self.path.borrow().connections
    }

    /// The commands that were sent through it since this was asked last, those of one write together,
    /// but for what only keeps connections alive.
    pub fn sent(&self) -> Vec<Vec<String>> {
        self.record.take()
    }

    /// Swallows all that is sent on the connections there are, for ever; new ones work.
    pub fn forget(&self) {
        self.path.send_modify(|path| path.silent_below = path.connections);
    }

    /// Swallows all that is sent, on new connections too, until [`Proxy::restore`].
    pub fn silence(&self) {
        self.forget();
        self.path.send_modify(|path| path.silent = true);
    }

    /// Lets new connections work again; the old ones stay silent.
    pub fn restore(&self) {
        self.forget();
        self.path.send_modify(|path| path.silent = false);
    }

    /// Holds what the server sends back by up to `most`, on every other connection: one time on
    /// these, the next time on those.
    pub fn slow(&self, most: Duration) {
        self.path.send_modify(|path| {
            path.late = most;
            path.odd_late = !path.odd_late;
        });
    }

    /// Closes the connections there are; new ones work.
    pub fn cut(&self) {
        self.path.send_modify(|path| path.cut_below = path.connections);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not wait for its threads inside of another one.
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    server: SocketAddr,
    path: watch::Sender<Path>,
    record: Record,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let mut number = 0;
        path.send_modify(|path| {
            number = path.connections;
            path.connections += 1;
        });
        tokio::spawn(connect(client, server, number, path.subscribe(), record.clone()));
    }
}

async fn connect(
    client: TcpStream,
    server: SocketAddr,
    number: u64,
    mut path: watch::Receiver<Path>,
    record: Record,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let silent = {
        let path = path.clone();
        move || {
            let path = path.borrow();
            path.silent || number < path.silent_below
        }
    };
    let only_resp2 = path.borrow().only_resp2;
    let refuse = |sent: &mut [u8]| {
        record.note(sent);
        if only_resp2 {
            forget_hello(sent);
        }
        Duration::ZERO
    };
    let late = {
        let path = path.clone();
        move |_: &mut [u8]| {
            let path = path.borrow();
            if path.odd_late == (number % 2 == 1) { path.late } else { Duration::ZERO }
        }
    };
    tokio::select! {
        _ = path.wait_for(|path| number < path.cut_below) => {}
        _ = pump(from_client, to_server, &silent, refuse) => {}
        _ = pump(from_server, to_client, &silent, late) => {}
    }
    Ok(())
}

/// Makes a command of it that no server knows.
fn forget_hello(sent: &mut [u8]) {
    let hello = b"$5\r\nHELLO\r\n";
    while let Some(at) = sent.windows(hello.len()).position(|window| window == hello) {
        sent[at + 4..at + 9].copy_from_slice(b"howdy");
    }
}

/// Passes on what is sent, as `pass` changes it, late by up to what that answers.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    silent: impl Fn() -> bool,
    pass: impl Fn(&mut [u8]) -> Duration,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut spread = Spread::default();
    loop {
        let read = from.read(&mut buffer).await?;
        let pause = spread.of(pass(&mut buffer[..read]));
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if silent() {
            // What was lost leaves a hole in the stream: it can never go on.
            pending::<()>().await;
        }
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Durations that spread evenly, though never the same twice in a row.
#[derive(Default)]
struct Spread(u32);

impl Spread {
    fn of(&mut self, most: Duration) -> Duration {
        // Steps of the golden section fill an interval most evenly.
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        most / 256 * (self.0 >> 24)
    }
}

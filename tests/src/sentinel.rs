use std::fs;
use std::time::Duration;

use redis::{FromRedisValue, Value};

use crate::holds_within;
use crate::redis_server::RedisServer;

const SERVERS: usize = 3;
const SENTINELS: usize = 3;
const LIMIT: Duration = Duration::from_secs(30);

/// A primary with two replicas under the eyes of three Sentinels, which all end with this handle.
///
/// Servers go by their number; the first one begins as the primary. A dead primary is replaced
/// about two seconds after its death.
pub struct RedisSentinel {
    servers: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl RedisSentinel {
    /// The name that Sentinels know the primary by.
    pub const NAME: &str = "main";

    /// Starts all of them and waits until they know each other and all replicas are in step.
    pub fn start() -> Self {
        let primary = RedisServer::start_with(|_| options(None));
        let port = primary.port();
        let replicas = (1..SERVERS).map(|_| RedisServer::start_with(|_| options(Some(port))));
        let servers = std::iter::once(primary).chain(replicas).collect();
        let watch = |server: &RedisServer| watcher(server, port);
        let sentinels = (0..SENTINELS).map(|_| RedisServer::start_with(watch)).collect();
        let fleet = Self { servers, sentinels };
        assert!(holds_within(LIMIT, || fleet.is_well()), "the Sentinels find each other");
        fleet
    }

    /// The servers by their number.
    pub fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// The Sentinels by their number.
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// The URLs of the Sentinels.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(RedisServer::url).collect()
    }

    /// The server that most Sentinels call the primary, dead or alive.
    pub fn primary(&self) -> Option<usize> {
        let named: Vec<_> = self.sentinels.iter().filter_map(|it| self.primary_by(it)).collect();
        let agree = |&&server: &&usize| named.iter().filter(|it| **it == server).count() >= 2;
        named.iter().find(agree).copied()
    }

    /// Kills a server as `kill -9` does.
    pub fn kill(&mut self, server: usize) {
        self.servers[server].kill();
    }

    /// Starts a killed server again, empty, as a replica of whoever is the primary now, or as the
    /// primary it still is.
    pub fn restart(&mut self, server: usize) {
        let primary = self.primary().filter(|&primary| primary != server);
        let port = primary.map(|primary| self.servers[primary].port());
        self.servers[server].restart_with(options(port));
    }

    /// Kills a Sentinel.
    pub fn kill_sentinel(&mut self, sentinel: usize) {
        self.sentinels[sentinel].kill();
    }

    /// Starts a killed Sentinel again.
    pub fn restart_sentinel(&mut self, sentinel: usize) {
        self.sentinels[sentinel].restart();
    }

    /// Asks a Sentinel to put a replica in the primary's place. Answers whether it begins.
    pub fn fail_over(&self) -> bool {
        let command = ["SENTINEL", "FAILOVER", Self::NAME];
        self.sentinels.iter().any(|it| it.try_command(&command).is_ok())
    }

    /// Whether `server` is alive and a primary in its own eyes.
    pub fn is_primary(&self, server: usize) -> bool {
        ask(&self.servers[server], &["INFO", "replication"]).contains("role:master")
    }

    /// Whether all are there, agree on one primary, and all replicas are in step with it.
    pub fn is_well(&self) -> bool {
        let Some(primary) = self.primary().filter(|&primary| self.is_primary(primary)) else {
            return false;
        };
        let port = format!("master_port:{}\r", self.servers[primary].port());
        let follows = |server: usize| {
            let info = ask(&self.servers[server], &["INFO", "replication"]);
            info.contains("role:slave")
                && info.contains(&port)
                && info.contains("master_link_status:up")
        };
        let others = SENTINELS - 1;
        let agrees = |sentinel: &RedisServer| {
            let known = facts(sentinel);
            self.primary_by(sentinel) == Some(primary)
                && known.iter().any(|it| it == &format!("num-other-sentinels={others}"))
                && known.iter().any(|it| it == &format!("num-slaves={}", SERVERS - 1))
                && known.iter().any(|it| it == "flags=master")
        };
        (0..SERVERS).all(|server| server == primary || follows(server))
            && self.sentinels.iter().all(agrees)
    }

    /// Waits until [`is_well`](Self::is_well), and answers whether that was within `limit`.
    pub fn recovers_within(&self, limit: Duration) -> bool {
        holds_within(limit, || self.is_well())
    }

    fn primary_by(&self, sentinel: &RedisServer) -> Option<usize> {
        let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME];
        let answer = sentinel.try_command(&command).ok()?;
        let (_, port) = <(String, u16)>::from_redis_value(answer).ok()?;
        self.servers.iter().position(|server| server.port() == port)
    }
}

/// What a Sentinel knows of the primary, as `name=value`.
fn facts(sentinel: &RedisServer) -> Vec<String> {
    let answer = sentinel.try_command(&["SENTINEL", "MASTER", RedisSentinel::NAME]);
    let words = Vec::<String>::from_redis_value(answer.unwrap_or(Value::Nil)).unwrap_or_default();
    words.chunks(2).map(|pair| pair.join("=")).collect()
}

fn ask(server: &RedisServer, command: &[&str]) -> String {
    let answer = server.try_command(command).ok();
    answer.and_then(|answer| String::from_redis_value(answer).ok()).unwrap_or_default()
}

fn options(primary: Option<u16>) -> Vec<String> {
    let mut options = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]
        .map(str::to_owned)
        .to_vec();
    if let Some(port) = primary {
        options.extend(["--replicaof".to_owned(), format!("127.0.0.1 {port}")]);
    }
    options
}

/// The file of a Sentinel, which it rewrites as it learns, and the options that name it.
fn watcher(sentinel: &RedisServer, primary: u16) -> Vec<String> {
    let name = RedisSentinel::NAME;
    let file = sentinel.directory().join("sentinel.conf");
    let settings = format!(
        "sentinel monitor {name} 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds {name} 500\n\
         sentinel failover-timeout {name} 2000\n"
    );
    fs::write(&file, settings).expect("the directory can be written to");
    vec![file.display().to_string(), "--sentinel".to_owned()]
}

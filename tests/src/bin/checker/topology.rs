//! The servers, and what can happen to them.

use std::thread::sleep;
use std::time::Duration;

use cache_tests::{RedisCluster, RedisSentinel, RedisServer, holds_within};
use redis::FromRedisValue;

use crate::args::Kind;
use crate::random::Random;

const LIMIT: Duration = Duration::from_secs(40);

pub(crate) enum Servers {
    Single(RedisServer),
    Cluster(RedisCluster),
    Sentinel(RedisSentinel),
}

impl Servers {
    pub(crate) fn start(kind: Kind) -> Self {
        match kind {
            Kind::Single => Self::Single(RedisServer::start()),
            Kind::Cluster => Self::Cluster(RedisCluster::start()),
            Kind::Sentinel => Self::Sentinel(RedisSentinel::start()),
        }
    }

    /// What processes connect to.
    pub(crate) fn urls(&self) -> Vec<String> {
        match self {
            Self::Single(server) => vec![server.url()],
            Self::Cluster(cluster) => cluster.urls(),
            Self::Sentinel(fleet) => fleet.urls(),
        }
    }

    /// Whether acknowledged writes can be lost when a primary is.
    pub(crate) fn can_fail_over(&self) -> bool {
        !matches!(self, Self::Single(_))
    }

    fn server(&self, number: usize) -> &RedisServer {
        match self {
            Self::Single(server) => server,
            Self::Cluster(cluster) => &cluster.nodes()[number],
            Self::Sentinel(fleet) => &fleet.servers()[number],
        }
    }

    fn primaries(&self) -> Vec<usize> {
        match self {
            Self::Single(_) => vec![0],
            Self::Cluster(cluster) => cluster.primaries(),
            Self::Sentinel(fleet) => fleet.primary().into_iter().collect(),
        }
    }

    /// One of the primaries.
    pub(crate) fn primary(&self, random: &mut Random) -> usize {
        let primaries = self.primaries();
        if primaries.is_empty() { 0 } else { *random.of(&primaries) }
    }

    /// Tells one server, which may refuse.
    pub(crate) fn tell(&self, number: usize, words: &[&str]) {
        let _ = self.server(number).try_command(words);
    }

    pub(crate) fn ask(&self, number: usize, words: &[&str]) -> String {
        let answer = self.server(number).try_command(words).ok();
        answer.and_then(|answer| String::from_redis_value(answer).ok()).unwrap_or_default()
    }

    /// Waits until the replicas of `primary` have all it has now, so that nothing older is lost
    /// with it. Answers whether they do.
    pub(crate) fn is_in_step(&self, primary: usize) -> bool {
        let now = offsets(&self.ask(primary, &["INFO", "replication"])).0;
        holds_within(Duration::from_secs(5), || {
            let (_, replicas) = offsets(&self.ask(primary, &["INFO", "replication"]));
            !replicas.is_empty() && replicas.iter().all(|&replica| replica >= now)
        })
    }

    /// Freezes a server for a while.
    pub(crate) fn freeze(&self, number: usize, pause: Duration) {
        self.server(number).freeze();
        sleep(pause);
        self.server(number).thaw();
    }

    /// Kills a server; a replica takes its place if there is any; then it comes back, empty.
    pub(crate) fn kill(&mut self, number: usize, pause: Duration) {
        match self {
            Self::Single(server) => {
                server.kill();
                sleep(pause);
                server.restart();
            }
            Self::Cluster(cluster) => {
                cluster.kill(number);
                holds_within(LIMIT, || cluster.primaries().len() == 3);
                sleep(pause);
                cluster.restart(number);
            }
            Self::Sentinel(fleet) => {
                fleet.kill(number);
                let replaced = |it| it != number && fleet.is_primary(it);
                holds_within(LIMIT, || fleet.primary().is_some_and(replaced));
                sleep(pause);
                fleet.restart(number);
            }
        }
    }

    /// Puts a replica in the place of the primary `number`, without a loss of either.
    pub(crate) fn fail_over(&self, number: usize) {
        match self {
            Self::Single(_) => {}
            Self::Cluster(cluster) => {
                cluster.fail_over(number);
                holds_within(LIMIT, || !cluster.is_primary(number));
            }
            Self::Sentinel(fleet) => {
                fleet.fail_over();
                holds_within(LIMIT, || fleet.primary().is_some_and(|it| it != number));
            }
        }
    }

    /// Waits until all servers are there and agree.
    pub(crate) fn recover(&self) -> bool {
        match self {
            Self::Single(_) => true,
            Self::Cluster(cluster) => cluster.recovers_within(LIMIT),
            Self::Sentinel(fleet) => fleet.recovers_within(LIMIT),
        }
    }
}

/// How much a primary has written, and how much of it each of its replicas has, by its own words.
fn offsets(info: &str) -> (u64, Vec<u64>) {
    let number = |line: &str, name: &str| -> Option<u64> {
        line.split_once(name)?.1.split([',', '\r', '\n']).next()?.parse().ok()
    };
    let written = number(info, "master_repl_offset:").unwrap_or(u64::MAX);
    let replicas = info.lines().filter(|line| line.starts_with("slave"));
    (written, replicas.filter_map(|line| number(line, "offset=")).collect())
}

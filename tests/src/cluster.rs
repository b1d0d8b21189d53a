use std::time::Duration;

use redis::FromRedisValue;

use crate::redis_server::free_port;
use crate::{RedisServer, holds_within};

const PRIMARIES: usize = 3;
const NODES: usize = 2 * PRIMARIES;
const SLOTS: usize = 16_384;
const LIMIT: Duration = Duration::from_secs(30);

/// A Redis Cluster of three primaries with a replica each, which ends with this handle.
///
/// Nodes go by their number. The first three begin as primaries, the others as their replicas, in
/// the same order; after a failover ask [`RedisCluster::primaries`]. A dead primary is replaced
/// about a second after its death.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

/// A line of `CLUSTER NODES`.
struct Node {
    id: String,
    port: u16,
    flags: String,
    primary: String,
    has_slots: bool,
}

impl Node {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let id = words.next()?.to_owned();
        let address = words.next()?;
        let port = address.split(['@', ',']).next()?.rsplit(':').next()?.parse().ok()?;
        let flags = words.next()?.to_owned();
        let primary = words.next()?.to_owned();
        // Then ping, pong, epoch, link.
        let has_slots = words.nth(4).is_some();
        Some(Self { id, port, flags, primary, has_slots })
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.split(',').any(|it| it == flag)
    }
}

impl RedisCluster {
    /// Starts the nodes and waits until they are one cluster with all replicas in step.
    pub fn start() -> Self {
        let nodes = (0..NODES).map(|_| RedisServer::start_with(|_| options())).collect();
        let cluster = Self { nodes };
        cluster.give_out_slots();
        cluster.introduce();
        cluster.attach_replicas();
        assert!(holds_within(LIMIT, || cluster.is_well()), "the cluster forms");
        cluster
    }

    /// The nodes by their number.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// The URLs of all nodes.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// Kills a node as `kill -9` does.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a killed node again, empty; it knows its cluster and follows whoever replaced it.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node].restart();
    }

    /// The nodes that serve slots, in the eyes of most; fewer than three while one is missing.
    pub fn primaries(&self) -> Vec<usize> {
        (0..NODES).filter(|&node| self.is_primary(node)).collect()
    }

    /// Whether `node` is alive, a primary in its own eyes, and serves slots.
    pub fn is_primary(&self, node: usize) -> bool {
        let view = self.view(node);
        view.iter().any(|it| it.has("myself") && it.has("master") && it.has_slots)
    }

    /// The replicas that follow the primary `node`, in its own eyes.
    pub fn replicas(&self, node: usize) -> Vec<usize> {
        let view = self.view(node);
        let Some(own) = view.iter().find(|it| it.has("myself")) else {
            return Vec::new();
        };
        let follows = |it: &&Node| it.primary == own.id && !it.has("fail");
        view.iter().filter(follows).filter_map(|it| self.number(it.port)).collect()
    }

    /// The primary that serves `key`, if it is alive.
    pub fn owner(&self, key: &str) -> Option<usize> {
        self.primaries().into_iter().find(|&node| {
            // Any other one answers where the key has moved to.
            self.nodes[node].try_command(&["GET", key]).is_ok()
        })
    }

    /// Lets a replica of the primary `node` take its place, in agreement with it. Answers whether
    /// there is a replica to begin.
    pub fn fail_over(&self, node: usize) -> bool {
        let replicas = self.replicas(node);
        let begin =
            |&replica: &usize| self.nodes[replica].try_command(&["CLUSTER", "FAILOVER"]).is_ok();
        replicas.iter().any(begin)
    }

    /// Whether all nodes are there, agree, serve all slots, and all replicas are in step.
    pub fn is_well(&self) -> bool {
        let in_step = |node: usize| {
            let info = self.ask(node, &["INFO", "replication"]);
            info.contains("role:master") || info.contains("master_link_status:up")
        };
        let agrees = |node: usize| {
            let view = self.view(node);
            let faulty = |it: &Node| it.flags.contains("fail") || it.has("handshake");
            view.len() == NODES
                && !view.iter().any(faulty)
                && view.iter().filter(|it| it.has_slots).count() == PRIMARIES
                && view.iter().filter(|it| it.has("slave")).count() == PRIMARIES
                && self.ask(node, &["CLUSTER", "INFO"]).contains("cluster_state:ok")
        };
        (0..NODES).all(|node| agrees(node) && in_step(node))
            && self.primaries().iter().all(|&node| self.replicas(node).len() == 1)
    }

    /// Waits until [`is_well`](Self::is_well), and answers whether that was within `limit`.
    pub fn recovers_within(&self, limit: Duration) -> bool {
        holds_within(limit, || self.is_well())
    }

    fn give_out_slots(&self) {
        for (index, node) in self.nodes[..PRIMARIES].iter().enumerate() {
            let (first, next) = (SLOTS * index / PRIMARIES, SLOTS * (index + 1) / PRIMARIES);
            let (first, last) = (first.to_string(), (next - 1).to_string());
            node.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
    }

    fn introduce(&self) {
        for (index, node) in self.nodes.iter().enumerate() {
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
        }
        for node in &self.nodes[1..] {
            let (port, bus) = (self.nodes[0].port().to_string(), self.bus_port(0));
            node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let know_all = || {
            let settled = |node| {
                let view = self.view(node);
                view.len() == NODES && !view.iter().any(|it| it.has("handshake"))
            };
            (0..NODES).all(settled)
        };
        assert!(holds_within(LIMIT, know_all), "the nodes get to know each other");
    }

    fn attach_replicas(&self) {
        for (index, node) in self.nodes[PRIMARIES..].iter().enumerate() {
            let id = self.ask(index, &["CLUSTER", "MYID"]);
            node.command(&["CLUSTER", "REPLICATE", &id]);
        }
    }

    fn bus_port(&self, node: usize) -> String {
        let answer = self.nodes[node].command(&["CONFIG", "GET", "cluster-port"]);
        let pair = <(String, String)>::from_redis_value(answer).expect("it has such a setting");
        pair.1
    }

    /// The cluster in the eyes of `node`; empty if it doesn't answer.
    fn view(&self, node: usize) -> Vec<Node> {
        self.ask(node, &["CLUSTER", "NODES"]).lines().filter_map(Node::parse).collect()
    }

    fn ask(&self, node: usize, command: &[&str]) -> String {
        let answer = self.nodes[node].try_command(command).ok();
        answer.and_then(|answer| String::from_redis_value(answer).ok()).unwrap_or_default()
    }

    fn number(&self, port: u16) -> Option<usize> {
        self.nodes.iter().position(|node| node.port() == port)
    }
}

/// A dead node is noticed in half a second, and a replica takes its place however long it was cut
/// off: what was lost is for the tests to see.
fn options() -> Vec<String> {
    let bus = free_port().to_string();
    let options = [
        ["--cluster-enabled", "yes"],
        ["--cluster-port", &bus],
        ["--cluster-node-timeout", "500"],
        ["--cluster-replica-validity-factor", "0"],
        ["--cluster-require-full-coverage", "no"],
        ["--repl-diskless-sync-delay", "0"],
        ["--repl-ping-replica-period", "1"],
    ];
    options.concat().into_iter().map(str::to_owned).collect()
}

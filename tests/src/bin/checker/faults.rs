//! What goes wrong, at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

use crate::args::Args;
use crate::fleet::{Fleet, SLOW};
use crate::incidents::{EVERYBODY, effect};
use crate::random::Random;
use crate::register::KEYS;
use crate::topology::Servers;

/// What can happen to a process.
#[derive(Clone, Copy)]
enum ToProcess {
    Kill,
    Stop,
    Cut,
    Forget,
    Silence,
    Slow,
}

/// What can happen to servers.
#[derive(Clone, Copy)]
enum ToServer {
    Kill,
    Freeze,
    FailOver,
    Flush,
    ForgetScripts,
    KillClients,
    KillClient,
    Evict,
    Delete,
}

const TO_PROCESSES: [(&str, ToProcess); 6] = [
    ("kill-process", ToProcess::Kill),
    ("stop-process", ToProcess::Stop),
    ("cut", ToProcess::Cut),
    ("forget", ToProcess::Forget),
    ("silence", ToProcess::Silence),
    ("slow", ToProcess::Slow),
];

const TO_SERVERS: [(&str, ToServer); 9] = [
    ("kill-redis", ToServer::Kill),
    ("freeze-redis", ToServer::Freeze),
    ("fail-over", ToServer::FailOver),
    ("flushall", ToServer::Flush),
    ("script-flush", ToServer::ForgetScripts),
    ("kill-clients", ToServer::KillClients),
    ("kill-client", ToServer::KillClient),
    ("evict", ToServer::Evict),
    ("delete", ToServer::Delete),
];

/// Says when to stop, to who sleeps too.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn now(&self) {
        self.0.store(true, SeqCst);
    }

    /// Sleeps; answers whether to go on.
    fn sleeps(&self, pause: Duration) -> bool {
        let slice = Duration::from_millis(50);
        for _ in 0..=pause.as_millis() / slice.as_millis() {
            if self.0.load(SeqCst) {
                return false;
            }
            sleep(slice);
        }
        true
    }
}

fn chosen<T: Copy>(args: &Args, all: &[(&'static str, T)]) -> Vec<(&'static str, T)> {
    all.iter().filter(|(name, _)| args.has_fault(name)).copied().collect()
}

/// Lets processes suffer, one after another, until told to stop.
pub(crate) fn to_processes(args: &Args, fleet: &Fleet, stop: &Stop) {
    let mut faults = chosen(args, &TO_PROCESSES);
    if fleet.path(0).is_none() {
        faults.retain(|(_, fault)| matches!(fault, ToProcess::Kill | ToProcess::Stop));
    }
    let mut random = Random::new(args.seed, 1);
    while !faults.is_empty() && stop.sleeps(random.millis(300, 4_000)) {
        let (name, fault) = *random.of(&faults);
        let number = usize::try_from(random.below(fleet.len() as u64)).unwrap();
        fleet.tally.fault(name);
        to_process(fault, fleet, number, &mut random);
    }
}

fn to_process(fault: ToProcess, fleet: &Fleet, number: usize, random: &mut Random) {
    match (fault, fleet.path(number)) {
        (ToProcess::Stop, _) => fleet.stop(number, random.millis(100, 3_000)),
        (ToProcess::Kill, _) | (_, None) => fleet.kill(number),
        (ToProcess::Cut, Some(path)) => {
            let _disturbed = fleet.disturbed(number);
            path.cut();
        }
        (ToProcess::Forget, Some(path)) => {
            let _disturbed = fleet.disturbed(number);
            path.forget();
        }
        (ToProcess::Silence, Some(path)) => {
            let _disturbed = fleet.disturbed(number);
            path.silence();
            sleep(random.millis(100, 3_000));
            path.restore();
        }
        (ToProcess::Slow, Some(path)) => {
            // Slow, but not so slow that it takes a push longer than it may.
            path.slow(random.millis(1, 20));
            sleep(random.millis(100, 3_000));
            path.slow(SLOW);
        }
    }
}

/// Lets servers suffer, one fault after another, until told to stop.
pub(crate) fn to_servers(args: &Args, fleet: &Fleet, servers: &mut Servers, stop: &Stop) {
    let mut faults = chosen(args, &TO_SERVERS);
    if !servers.can_fail_over() {
        faults.retain(|(_, fault)| !matches!(fault, ToServer::FailOver));
    }
    let mut random = Random::new(args.seed, 2);
    while !faults.is_empty() && stop.sleeps(random.millis(500, 6_000)) {
        let (name, fault) = *random.of(&faults);
        fleet.tally.fault(name);
        to_server(fault, fleet, servers, &mut random);
        if !servers.recover() {
            fleet.tally.detail(format!("after `{name}` the servers don't find together again"));
        }
    }
}

fn to_server(fault: ToServer, fleet: &Fleet, servers: &mut Servers, random: &mut Random) {
    let begin = |effects| fleet.incidents.begin(EVERYBODY, effects);
    let primary = servers.primary(random);
    match fault {
        ToServer::Kill | ToServer::Freeze | ToServer::FailOver => {
            let _down = begin(losses(servers));
            if servers.can_fail_over() && !servers.is_in_step(primary) {
                return;
            }
            replace(fault, servers, primary, random);
            servers.recover();
        }
        ToServer::Flush => {
            let _forgets = begin(effect::FORGETS);
            servers.tell(primary, &["FLUSHALL"]);
        }
        ToServer::ForgetScripts => servers.tell(primary, &["SCRIPT", "FLUSH"]),
        ToServer::KillClients => {
            let _disturbed = begin(effect::DISTURBS);
            servers.tell(primary, &["CLIENT", "KILL", "TYPE", "normal"]);
        }
        ToServer::KillClient => {
            let _disturbed = begin(effect::DISTURBS);
            let clients = servers.ask(primary, &["CLIENT", "LIST", "TYPE", "normal"]);
            let ids = clients.lines().filter_map(|line| line.split(['=', ' ']).nth(1));
            let ids: Vec<_> = ids.collect();
            if !ids.is_empty() {
                servers.tell(primary, &["CLIENT", "KILL", "ID", random.of::<&str>(&ids)]);
            }
        }
        ToServer::Evict => {
            let _full = begin(effect::FORGETS);
            evict(servers, primary);
        }
        ToServer::Delete => {
            let _forgets = begin(effect::FORGETS);
            let key = format!("checker:item:{}", random.skewed(KEYS));
            servers.tell(primary, &["DEL", &key]);
        }
    }
}

/// What the loss of a primary does.
fn losses(servers: &Servers) -> u64 {
    let lost = if servers.can_fail_over() { effect::LOSES_DELETES } else { 0 };
    effect::DISTURBS | effect::FORGETS | lost
}

fn replace(fault: ToServer, servers: &mut Servers, primary: usize, random: &mut Random) {
    match fault {
        ToServer::Freeze => servers.freeze(primary, random.millis(100, 3_000)),
        ToServer::FailOver => servers.fail_over(primary),
        _ => servers.kill(primary, random.millis(0, 1_000)),
    }
}

/// Fills a server beyond what it may hold, for half a second.
fn evict(servers: &Servers, number: usize) {
    let info = servers.ask(number, &["INFO", "memory"]);
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.and_then(|used| used.trim().parse().ok()).unwrap_or(0);
    let limit = (used + 64 * 1024).to_string();
    servers.tell(number, &["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    servers.tell(number, &["CONFIG", "SET", "maxmemory", &limit]);
    let filler = "-".repeat(2_000);
    for index in 0..100 {
        servers.tell(number, &["SET", &format!("filler:{index}"), &filler, "PX", "1000"]);
        sleep(Duration::from_millis(5));
    }
    servers.tell(number, &["CONFIG", "SET", "maxmemory", "0"]);
}

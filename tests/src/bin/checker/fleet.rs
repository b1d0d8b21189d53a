//! The processes that share a cache, and what can happen to each.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use cache_tests::Proxy;
use rustix::process::{Pid, Signal, kill_process};

use crate::args::Args;
use crate::incidents::{Incidents, Lasting, effect};
use crate::tally::Tally;

/// How late at most the server's words are, all being well.
pub(crate) const SLOW: Duration = Duration::from_millis(8);

pub(crate) struct Fleet {
    args: Args,
    pub(crate) incidents: Arc<Incidents>,
    pub(crate) tally: Arc<Tally>,
    members: Vec<Member>,
}

/// A place in the fleet, in which one process follows another.
struct Member {
    /// Its own path to a single server.
    proxy: Option<Proxy>,
    urls: Vec<String>,
    process: Mutex<Option<Process>>,
}

struct Process {
    child: Child,
    /// It ends when this is closed.
    input: Option<ChildStdin>,
    incarnation: u64,
}

impl Fleet {
    pub(crate) fn start(
        args: &Args,
        urls: &[String],
        incidents: Arc<Incidents>,
        tally: Arc<Tally>,
    ) -> Self {
        let members = (0..args.processes).map(|_| Member::new(args, urls)).collect();
        let fleet = Self { args: args.clone(), incidents, tally, members };
        for number in 0..fleet.len() {
            let _begins = fleet.disturbed(number);
            *fleet.members[number].process.lock().unwrap() = Some(fleet.spawn(number, 0));
        }
        fleet
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The process's own path to the server, where there is one.
    pub(crate) fn path(&self, number: usize) -> Option<&Proxy> {
        self.members[number].proxy.as_ref()
    }

    pub(crate) fn disturbed(&self, number: usize) -> Lasting<'_> {
        self.incidents.begin(1 << number, effect::DISTURBS)
    }

    /// Kills a process as `kill -9` does, and starts another one in its place.
    pub(crate) fn kill(&self, number: usize) {
        let _disturbed = self.disturbed(number);
        let mut process = self.members[number].process.lock().unwrap();
        if let Some(mut old) = process.take() {
            let _ = old.child.kill();
            let _ = old.child.wait();
            *process = Some(self.spawn(number, old.incarnation + 1));
        }
    }

    /// Stops a process for a while, as the system does that has no time for it.
    pub(crate) fn stop(&self, number: usize, pause: Duration) {
        let _disturbed = self.disturbed(number);
        self.signal(number, Signal::STOP);
        sleep(pause);
        self.signal(number, Signal::CONT);
    }

    /// Replaces processes that have ended; that is a failure, unless they killed themselves.
    pub(crate) fn replace_dead(&self) {
        for (number, member) in self.members.iter().enumerate() {
            let mut process = member.process.lock().unwrap();
            let Some(old) = process.as_mut() else { continue };
            let Ok(Some(status)) = old.child.try_wait() else { continue };
            if status.signal() == Some(Signal::KILL.as_raw()) {
                self.tally.fault("die-in-write");
            } else {
                self.tally.detail(format!("process {number} ended by itself: {status}"));
            }
            let _disturbed = self.disturbed(number);
            let incarnation = old.incarnation + 1;
            *process = Some(self.spawn(number, incarnation));
        }
    }

    /// Lets all processes end in peace.
    pub(crate) fn end(&self) {
        for member in &self.members {
            if let Some(process) = member.process.lock().unwrap().as_mut() {
                process.input.take();
            }
        }
        for member in &self.members {
            if let Some(mut process) = member.process.lock().unwrap().take() {
                let _ = process.child.wait();
            }
        }
    }

    fn signal(&self, number: usize, signal: Signal) {
        let process = self.members[number].process.lock().unwrap();
        if let Some(process) = process.as_ref() {
            let _ = kill_process(Pid::from_child(&process.child), signal);
        }
    }

    fn spawn(&self, number: usize, incarnation: u64) -> Process {
        let urls = &self.members[number].urls;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(self.args.for_worker(number, incarnation, urls))
            .current_dir(&self.args.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let tally = self.tally.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                tally.take(number, incarnation, &line);
            }
        });
        Process { child, input, incarnation }
    }
}

impl Member {
    fn new(args: &Args, urls: &[String]) -> Self {
        let single = args.topology == crate::args::Kind::Single;
        let proxy = single.then(|| Proxy::to(urls[0].rsplit(':').next().unwrap().parse().unwrap()));
        if let Some(proxy) = proxy.as_ref().filter(|_| args.has_fault("slow")) {
            // What a connection tells and what another one answers don't come in order.
            proxy.slow(SLOW);
        }
        let urls = proxy.as_ref().map_or_else(|| urls.to_vec(), |proxy| vec![proxy.url()]);
        Self { proxy, urls, process: Mutex::default() }
    }
}

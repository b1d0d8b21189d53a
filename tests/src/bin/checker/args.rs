//! What the checker can be told.

use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
checker: reads, writes and faults, and whether any read is older than the promise allows

  --topology single|cluster|sentinel   what Redis is (single)
  --seconds N            how long (60)
  --seed S               of the faults and of what processes do (from the clock)
  --processes P          how many processes share the cache (4)
  --no-faults            nothing goes wrong
  --faults kind,kind     these alone go wrong
  --until-violation      ends with the first violation
  --push-within MS       how late another process may hear of an invalidation, all being well (100)
  --local-ttl MS         the cache's setting (20000)";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Parent,
    Worker,
    Reaper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    Cluster,
    Sentinel,
}

#[derive(Clone)]
pub(crate) struct Args {
    pub(crate) role: Role,
    pub(crate) topology: Kind,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) processes: usize,
    pub(crate) faults: Option<Vec<String>>,
    pub(crate) until_violation: bool,
    pub(crate) push_within: Duration,
    pub(crate) local_ttl: Duration,
    /// Where the processes meet. This and what follows is for processes alone.
    pub(crate) dir: PathBuf,
    pub(crate) number: usize,
    pub(crate) incarnation: u64,
    pub(crate) urls: Vec<String>,
}

impl Args {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            args.take(&word, &mut words).map_err(|error| format!("{error}\n\n{USAGE}"))?;
        }
        Ok(args)
    }

    fn take(&mut self, word: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), String> {
        match word {
            "--no-faults" => self.faults = Some(Vec::new()),
            "--until-violation" => self.until_violation = true,
            "--help" => return Err("help".to_owned()),
            _ => {
                let value = rest.next().ok_or_else(|| format!("`{word}` needs a value"))?;
                return self.set(word, &value);
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--topology" => self.topology = topology(value)?,
            "--seconds" => self.seconds = number(value)?,
            "--seed" => self.seed = number(value)?,
            "--processes" => self.processes = index(value)?.clamp(1, 60),
            "--faults" => self.faults = Some(list(value)),
            "--push-within" => self.push_within = Duration::from_millis(number(value)?),
            "--local-ttl" => self.local_ttl = Duration::from_millis(number(value)?),
            "--role" if value == "worker" => self.role = Role::Worker,
            "--role" => self.role = Role::Reaper,
            "--dir" => self.dir = value.into(),
            "--number" => self.number = index(value)?,
            "--incarnation" => self.incarnation = number(value)?,
            "--urls" => self.urls = list(value),
            _ => return Err(format!("unknown option `{name}`")),
        }
        Ok(())
    }

    /// Whether this may go wrong.
    pub(crate) fn has_fault(&self, name: &str) -> bool {
        self.faults.as_ref().is_none_or(|named| named.iter().any(|it| it == name))
    }

    /// The words that make a process of this run.
    pub(crate) fn for_worker(
        &self,
        number: usize,
        incarnation: u64,
        urls: &[String],
    ) -> Vec<String> {
        let topology = format!("{:?}", self.topology).to_lowercase();
        let words = [
            ("role", "worker".to_owned()),
            ("topology", topology),
            ("processes", self.processes.to_string()),
            ("seed", self.seed.to_string()),
            ("push-within", self.push_within.as_millis().to_string()),
            ("local-ttl", self.local_ttl.as_millis().to_string()),
            ("dir", self.dir.display().to_string()),
            ("number", number.to_string()),
            ("incarnation", incarnation.to_string()),
            ("urls", urls.join(",")),
        ];
        let faults = self.faults.iter().map(|faults| ("faults", faults.join(",")));
        words
            .into_iter()
            .chain(faults)
            .flat_map(|(name, value)| [format!("--{name}"), value])
            .collect()
    }
}

impl Default for Args {
    fn default() -> Self {
        Self {
            role: Role::Parent,
            topology: Kind::Single,
            seconds: 60,
            seed: crate::clock::now() >> 10,
            processes: 4,
            faults: None,
            until_violation: false,
            push_within: Duration::from_millis(100),
            local_ttl: Duration::from_secs(20),
            dir: PathBuf::new(),
            number: 0,
            incarnation: 0,
            urls: Vec::new(),
        }
    }
}

fn topology(value: &str) -> Result<Kind, String> {
    match value {
        "single" => Ok(Kind::Single),
        "cluster" => Ok(Kind::Cluster),
        "sentinel" => Ok(Kind::Sentinel),
        _ => Err(format!("`{value}` is no topology")),
    }
}

fn number(value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("`{value}` is no number"))
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn index(value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("`{value}` is no number"))
}

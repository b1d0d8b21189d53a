//! What it can be told.

use std::path::PathBuf;

const USAGE: &str = "\
stock: writes behind while processes are killed, and whether a row is wrong afterwards

  --writes N        how many writes are acknowledged (100000)
  --keys K          over how many keys (5000)
  --processes P     by how many processes (4); a file is one process's
  --journal redis|file
  --no-version      the table takes what is older, too
  --no-faults       nobody is killed or stopped";

#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Args {
    pub(crate) writes: u64,
    pub(crate) keys: u64,
    pub(crate) processes: u64,
    pub(crate) in_file: bool,
    pub(crate) no_version: bool,
    pub(crate) no_faults: bool,
    /// Where the processes meet. This and what follows is for processes alone.
    pub(crate) dir: PathBuf,
    pub(crate) url: String,
    /// Makes what others have left, and calls nothing.
    pub(crate) is_idle: bool,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            writes: 100_000,
            keys: 5_000,
            processes: 4,
            in_file: false,
            no_version: false,
            no_faults: false,
            dir: PathBuf::new(),
            url: String::new(),
            is_idle: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--no-version" => args.no_version = true,
                "--no-faults" => args.no_faults = true,
                "--idle" => args.is_idle = true,
                _ => {
                    let value = words.next().ok_or_else(|| USAGE.to_owned())?;
                    args.set(&word, &value)?;
                }
            }
        }
        if args.in_file {
            args.processes = 1;
        }
        Ok(args)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse().map_err(|_| format!("`{value}` is no number\n\n{USAGE}"));
        match name {
            "--writes" => self.writes = number()?,
            "--keys" => self.keys = number()?,
            "--processes" => self.processes = number()?,
            "--journal" => self.in_file = value == "file",
            "--dir" => self.dir = value.into(),
            "--url" => value.clone_into(&mut self.url),
            _ => return Err(format!("unknown option `{name}`\n\n{USAGE}")),
        }
        Ok(())
    }

    pub(crate) fn is_worker(&self) -> bool {
        !self.dir.as_os_str().is_empty()
    }

    /// The words that make a process of this run.
    pub(crate) fn for_worker(&self) -> Vec<String> {
        let journal = if self.in_file { "file" } else { "redis" };
        let mut words: Vec<String> = [
            ("--keys", self.keys.to_string()),
            ("--journal", journal.to_owned()),
            ("--dir", self.dir.display().to_string()),
            ("--url", self.url.clone()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect();
        words.extend(self.no_version.then(|| "--no-version".to_owned()));
        words
    }
}

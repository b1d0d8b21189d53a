//! The command line: `--name value` and `--name`.

use std::process::exit;
use std::str::FromStr;

/// What a binary takes, and what was given.
pub struct Flags {
    usage: &'static str,
    given: Vec<(String, String)>,
}

impl Flags {
    /// Reads the process's arguments; prints `usage` and leaves where they make no sense.
    pub fn read(usage: &'static str) -> Self {
        let mut flags = Self { usage, given: Vec::new() };
        let mut words = std::env::args().skip(1).peekable();
        while let Some(word) = words.next() {
            let Some(name) =
                word.strip_prefix("--").filter(|name| usage.contains(&*word) && !name.is_empty())
            else {
                flags.refuse(&word)
            };
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            flags.given.push((name.to_owned(), value));
        }
        flags
    }

    /// Whether `--name` was given.
    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The value of `--name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of `--name` as a number, or `default`.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> T {
        match self.text(name) {
            None => default,
            Some(value) => value.parse().unwrap_or_else(|_| self.refuse(value)),
        }
    }

    /// Whether `name` holds one of the words of `--only`, which are parted by commas.
    pub fn wants(&self, name: &str) -> bool {
        self.text("only").is_none_or(|only| only.split(',').any(|word| name.contains(word)))
    }

    fn refuse(&self, word: &str) -> ! {
        eprintln!("`{word}` makes no sense here\n\n{}", self.usage);
        exit(2)
    }
}

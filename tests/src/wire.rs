//! What is sent to a server, read off the path that leads to it.

use std::sync::{Arc, Mutex, PoisonError};

/// Commands in the order in which they were sent: those of one write together.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Vec<String>>>>);

impl Record {
    /// Notes the commands that begin in `sent`, but for those that only keep a connection.
    pub(crate) fn note(&self, mut sent: &[u8]) {
        let keeps = |command: &String| {
            ["PING", "HELLO", "CLIENT"].iter().any(|name| command.starts_with(name))
        };
        let commands = std::iter::from_fn(|| command(&mut sent));
        let commands: Vec<String> = commands.filter(|command| !keeps(command)).collect();
        if !commands.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(commands);
        }
    }

    pub(crate) fn take(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes one command, as clients send it (<https://redis.io/docs/latest/develop/reference/protocol-spec/>);
/// answers its words.
fn command(sent: &mut &[u8]) -> Option<String> {
    let words: Option<Vec<_>> = (0..number(sent, b'*')?)
        .map(|_| word(sent).map(|word| String::from_utf8_lossy(word).into_owned()))
        .collect();
    Some(words?.join(" "))
}

fn word<'a>(sent: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(sent, b'$')?;
    let (word, rest) = sent.split_at_checked(length)?;
    *sent = rest.strip_prefix(b"\r\n")?;
    Some(word)
}

fn number(sent: &mut &[u8], mark: u8) -> Option<usize> {
    let rest = sent.strip_prefix(&[mark])?;
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    let (digits, rest) = rest.split_at(end);
    *sent = &rest[2..];
    std::str::from_utf8(digits).ok()?.parse().ok()
}

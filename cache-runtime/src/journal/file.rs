//! A journal in a file.

#[cfg(all(test, not(shuttle)))]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::oneshot;

use super::book::{Book, Row};
use super::{Claimed, DeadLetter, Journal, Put, Ready, Settled, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;

/// By key: the function, the sequence, the payload.
const ROWS: TableDefinition<'_, &str, (&str, u64, &[u8])> = TableDefinition::new("rows");
/// By function and key.
const DEAD: TableDefinition<'_, (&str, &str), Letter<'_>> = TableDefinition::new("dead");
const LAST: TableDefinition<'_, (), u64> = TableDefinition::new("last");

/// The sequence, the attempts, the payload, the reason.
type Letter<'a> = (u64, u32, &'a [u8], &'a str);

/// So many steps share a transaction, if so many wait: each costs the disk a flush.
const GROUP: usize = 512;

/// A journal in a file, on [redb](https://docs.rs/redb): what it has taken survives `kill -9`, and
/// the loss of power where the disk keeps what it has flushed.
///
/// One process at a time: for another one it is out of reach, and its writes are made at once. All
/// journals of a process at one path are one journal, in which caches of different namespaces keep
/// their writes apart. The file is opened when it is first needed. A thread of its own writes to it,
/// all that waits in one transaction.
pub struct FileJournal {
    path: PathBuf,
    /// Gone once the thread could not be started.
    jobs: Mutex<Option<Jobs>>,
}

/// The way to the thread that writes to a file, which ends when nobody can send anything any more.
type Jobs = Arc<Sender<Job>>;

/// The thread that writes to a file, and the way to it.
struct Writer {
    jobs: Weak<Sender<Job>>,
    thread: JoinHandle<()>,
}

/// That of each file that this process writes to.
static WRITERS: std::sync::Mutex<BTreeMap<PathBuf, Writer>> =
    std::sync::Mutex::new(BTreeMap::new());

/// What the thread is asked. Without a book, the file could not be opened.
enum Job {
    /// It answers what is to be said once it is kept, or if it can't be.
    Step(Step),
    /// It changes nothing, and goes by what is kept.
    Look(Look),
}

type Step = Box<dyn FnOnce(Option<&mut Book>) -> Reply + Send>;
type Look = Box<dyn FnOnce(Option<&Book>) + Send>;
type Reply = Box<dyn FnOnce(Option<&mut Book>, Result<()>) + Send>;

impl FileJournal {
    /// A journal in the file at `path`, which is made if it isn't there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), jobs: Mutex::new(None) }
    }

    fn send(&self, job: Job) -> Result<()> {
        let mut jobs = self.jobs.lock();
        let sent = match &mut *jobs {
            Some(jobs) => jobs.send(job),
            None => jobs.insert(writer(&self.path)?).send(job),
        };
        if sent.is_err() {
            *jobs = None;
            return Err(ended());
        }
        Ok(())
    }

    /// Runs `step`, and answers once it is kept. If it can't be, `undo` is run.
    async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Book) -> T + Send + 'static,
        undo: impl FnOnce(&mut Book) + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        self.send(Job::Step(Box::new(move |book| {
            let answer = book.map(step);
            Box::new(move |book, kept| {
                if let (Some(book), true) = (book, kept.is_err()) {
                    undo(book);
                }
                let _ = tell.send(kept.and_then(|()| answer.ok_or_else(unopened)));
            })
        })))?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Answers what `look` sees, also while nothing can be written.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Book) -> T + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        self.send(Job::Look(Box::new(move |book| {
            let _ = tell.send(book.map(look).ok_or_else(unopened));
        })))?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }

    async fn ask<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Book) -> T + Send + 'static,
    ) -> Result<T> {
        self.run(step, |_| {}).await
    }
}

impl Journal for FileJournal {
    fn is_local(&self) -> bool {
        true
    }

    async fn now(&self) -> Result<u64> {
        self.look(Book::now).await
    }

    async fn put(&self, write: Write) -> Result<Put> {
        let key = write.key.clone();
        let (keep, kept) = mpsc::channel();
        let step = move |book: &mut Book| {
            let before = (book.row(&write.key).cloned(), book.has_changed(&write.key));
            let put = book.put(write);
            let _ = keep.send((before, put));
            put
        };
        // Who is told that it was not taken makes a newer one, or fails: then what waited before is
        // still to be made.
        let undo = move |book: &mut Book| {
            if let Ok(((before, has_changed), Put::Taken { sequence, .. })) = kept.recv() {
                book.restore(&key, sequence, before);
                if !has_changed {
                    book.unchanged(&key);
                }
            }
        };
        self.run(step, undo).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let key = key.to_owned();
        self.look(move |book| book.get(&key)).await
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        let function = function.to_owned();
        let (keep, kept) = mpsc::channel();
        let step = move |book: &mut Book| {
            let claimed = book.claim(&function, most, hold, ready);
            let _ = keep.send(claimed.clone());
            claimed
        };
        // Nobody has tried them.
        let undo = move |book: &mut Book| book.unclaim(kept.recv().unwrap_or_default());
        self.run(step, undo).await
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        let function = function.to_owned();
        self.ask(move |book| book.settle(&function, settled)).await
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        let (function, key) = (function.to_owned(), key.to_owned());
        self.ask(move |book| book.forget(&function, &key, before)).await
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        let function = function.to_owned();
        self.look(move |book| book.waiting(&function)).await
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        let function = function.to_owned();
        self.look(move |book| book.dead(&function)).await
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        let (function, key) = (function.to_owned(), key.to_owned());
        self.ask(move |book| book.revive(&function, &key, again)).await
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileJournal").field(&self.path).finish()
    }
}

/// The thread that writes to the file at `path`, which is started if there is none.
fn writer(path: &Path) -> Result<Jobs> {
    let failed =
        |error| Error::new(ErrorKind::Unavailable, "the journal has no thread").with_source(error);
    let place = std::path::absolute(path).map_err(failed)?;
    let mut writers = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
    writers.retain(|_, writer| !writer.thread.is_finished());
    if let Some(jobs) = writers.get(&place).and_then(|writer| writer.jobs.upgrade()) {
        return Ok(jobs);
    }
    let (send, receive) = mpsc::channel();
    let file = File { path: place.clone(), database: None };
    // One that nobody can send anything any more has the file open until it has ended.
    let ending = writers.remove(&place).map(|writer| writer.thread);
    let thread = std::thread::Builder::new().name("cache-journal".to_owned()).spawn(move || {
        let _ = ending.map(JoinHandle::join);
        work(file, &receive);
    });
    let jobs = Arc::new(send);
    writers.insert(place, Writer { jobs: Arc::downgrade(&jobs), thread: thread.map_err(failed)? });
    Ok(jobs)
}

/// Serves steps until nobody can send one any more.
fn work(mut file: File, jobs: &Receiver<Job>) {
    let mut book = None;
    let mut is_well = true;
    while let Ok(first) = jobs.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(GROUP)).collect();
        let opened = match &book {
            Some(_) => Ok(()),
            None => file.load().map(|loaded| book = Some(loaded)),
        };
        let (mut replies, mut looks): (Vec<Reply>, Vec<_>) = (Vec::new(), Vec::new());
        for job in group {
            match job {
                Job::Step(step) => replies.push(step(book.as_mut())),
                Job::Look(look) => looks.push(look),
            }
        }
        let kept = opened.and_then(|()| book.as_mut().map_or(Ok(()), |book| file.keep(book)));
        if is_well != kept.is_ok() {
            is_well = kept.is_ok();
            report(&file.path, kept.as_ref().err());
        }
        let failure = kept.err().map(|error| error.to_string());
        // The last first: each puts back what its step has found.
        for reply in replies.into_iter().rev() {
            reply(book.as_mut(), failure.as_ref().map_or(Ok(()), |failure| Err(failed(failure))));
        }
        for look in looks {
            look(book.as_ref());
        }
    }
}

fn unopened() -> Error {
    Error::new(ErrorKind::Unavailable, "the journal is not open")
}

fn ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the journal's thread has ended")
}

fn failed(failure: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the journal can't be written: {failure}"))
}

/// Once a change, not once a write.
fn report(path: &Path, failure: Option<&redb::Error>) {
    let file = path.display();
    match failure {
        Some(error) => tracing::error!(%file, %error, "the journal fails: writes are made at once"),
        None => tracing::info!(%file, "the journal is well again"),
    }
}

/// Where a book is kept.
struct File {
    path: PathBuf,
    /// Gone after a failure: it has to be opened again.
    database: Option<Database>,
}

impl File {
    fn database(&mut self) -> Result<&Database, redb::Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => Database::create(&self.path)?,
        };
        Ok(self.database.insert(database))
    }

    /// Reads what was kept.
    fn load(&mut self) -> Result<Book, redb::Error> {
        let database = self.database()?;
        // The tables are there from now on.
        let write = database.begin_write()?;
        write.open_table(ROWS)?;
        write.open_table(DEAD)?;
        write.open_table(LAST)?;
        write.commit()?;
        let read = database.begin_read()?;
        let mut rows = Vec::new();
        for entry in read.open_table(ROWS)?.iter()? {
            let (key, row) = entry?;
            let (function, sequence, payload) = row.value();
            let payload = Bytes::copy_from_slice(payload);
            rows.push((
                key.value().to_owned(),
                Row::waiting(function.to_owned(), sequence, payload),
            ));
        }
        let mut dead = Vec::new();
        for entry in read.open_table(DEAD)?.iter()? {
            let (place, letter) = entry?;
            let (function, key) = place.value();
            let (sequence, attempts, payload, reason) = letter.value();
            let payload = Bytes::copy_from_slice(payload);
            let write = Claimed { key: key.to_owned(), sequence, attempts, payload };
            let letter = DeadLetter { write, reason: reason.to_owned() };
            dead.push(((function.to_owned(), key.to_owned()), letter));
        }
        let last = read.open_table(LAST)?.get(())?.map_or(0, |last| last.value());
        Ok(Book::of(rows, dead, last))
    }

    /// Keeps what has changed in `book`, or all of it another time.
    fn keep(&mut self, book: &mut Book) -> Result<(), redb::Error> {
        let changed = book.changes();
        if changed.rows.is_empty() && changed.dead.is_empty() {
            return Ok(());
        }
        let kept = self.write(book, &changed);
        if kept.is_err() {
            self.database = None;
            book.changed_again(changed);
        }
        kept
    }

    fn write(&mut self, book: &Book, changed: &super::book::Changed) -> Result<(), redb::Error> {
        let write = self.database()?.begin_write()?;
        {
            let mut rows = write.open_table(ROWS)?;
            for key in &changed.rows {
                match book.row(key) {
                    Some(row) => {
                        let value = (row.function.as_str(), row.sequence, &row.payload[..]);
                        rows.insert(key.as_str(), value)?;
                    }
                    None => drop(rows.remove(key.as_str())?),
                }
            }
            let mut dead = write.open_table(DEAD)?;
            for place in &changed.dead {
                let key = (place.0.as_str(), place.1.as_str());
                match book.letter(place) {
                    Some(DeadLetter { write: it, reason }) => {
                        let value = (it.sequence, it.attempts, &it.payload[..], reason.as_str());
                        dead.insert(key, value)?;
                    }
                    None => drop(dead.remove(key)?),
                }
            }
            write.open_table(LAST)?.insert((), book.last())?;
        }
        write.commit()?;
        Ok(())
    }
}

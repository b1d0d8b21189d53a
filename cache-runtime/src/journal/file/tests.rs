//! A file that can't be written.
#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use redb::StorageBackend;

use super::*;
use crate::remote::random::random;

const LONG: Duration = Duration::from_mins(1);

fn write(payload: &'static [u8]) -> Write {
    Write {
        function: "save".to_owned(),
        key: "item:1".to_owned(),
        payload: Bytes::from_static(payload),
        due: Duration::ZERO,
        room: 1,
        until: u64::MAX,
    }
}

/// A disk that is full once it is told to be.
#[derive(Debug, Default)]
struct Disk(redb::backends::InMemoryBackend, Arc<AtomicBool>);

impl Disk {
    fn room(&self) -> io::Result<()> {
        if self.1.load(SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room()?;
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room()?;
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

#[tokio::test]
async fn what_a_full_disk_does_not_take_leaves_what_waited_before() {
    let name = format!("journal-{}-{:016x}", std::process::id(), random());
    let directory = std::env::temp_dir().join(name);
    let path = directory.join("journal");
    let is_full = Arc::new(AtomicBool::new(false));
    let disk = Disk(redb::backends::InMemoryBackend::new(), is_full.clone());
    let database = Database::builder().create_with_backend(disk).unwrap();
    let (send, receive) = mpsc::channel();
    let file = File { path: path.clone(), database: Some(database) };
    std::thread::spawn(move || work(file, &receive));
    let journal = FileJournal { path: path.clone(), jobs: Mutex::new(Some(Arc::new(send))) };

    journal.put(write(b"first")).await.unwrap();
    is_full.store(true, SeqCst);
    for payload in [b"second", b"third!"] {
        journal.put(write(payload)).await.unwrap_err();
    }
    let (one, other) = tokio::join!(journal.put(write(b"fourth")), journal.put(write(b"fifth")));
    assert!(one.is_err() && other.is_err());
    assert_eq!(journal.get("item:1").await.unwrap().as_deref(), Some(&b"first"[..]));
    assert_eq!(journal.waiting("save").await.unwrap(), 1);
    let claimed = journal.claim("save", 1, LONG, Ready::All).await.unwrap();
    assert_eq!(claimed.first().map(|it| it.attempts), Some(1), "nobody has tried it");

    std::fs::create_dir(&directory).unwrap(); // there is room again, where it is opened anew
    journal.put(write(b"sixth!")).await.unwrap();
    let waits = journal.get("item:1").await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(waits.as_deref(), Some(&b"sixth!"[..]));
}

#[tokio::test]
async fn a_file_that_another_process_has_open_is_out_of_reach_until_it_is_closed() {
    let name = format!("journal-{}-{:016x}", std::process::id(), random());
    let path = std::env::temp_dir().join(name);
    // The lock on the file is the same as another process's.
    let other = Database::create(&path).unwrap();
    let journal = FileJournal::new(&path);
    let refused = journal.put(write(b"first")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    drop(other);
    journal.put(write(b"second")).await.unwrap();
    assert_eq!(journal.waiting("save").await.unwrap(), 1);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_journal_that_takes_the_place_of_one_that_was_dropped_waits_for_its_end() {
    let name = format!("journal-{}-{:016x}", std::process::id(), random());
    let path = std::env::temp_dir().join(name);
    for written in 1..=20 {
        let journal = FileJournal::new(&path);
        let last = journal.put(write(b"once more")).await;
        assert!(last.is_ok(), "number {written}: {last:?}");
    }
    std::fs::remove_file(&path).unwrap();
}

//! Cargo, in a folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs cargo for the package in a folder.
pub(super) struct Cargo {
    folder: PathBuf,
}

impl Cargo {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Runs a command to its end; how many seconds that took.
    pub(super) fn run(&self, arguments: &[&str]) -> io::Result<f64> {
        let start = Instant::now();
        self.said(self.command("cargo").arg("--quiet").args(arguments))?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Forgets what was compiled.
    pub(super) fn remove_all(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.target()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Forgets what was compiled of the app itself.
    pub(super) fn remove_app(&self) -> io::Result<()> {
        self.run(&["clean", "--offline", "--package", "app"]).map(drop)
    }

    /// How many packages are built.
    pub(super) fn packages(&self) -> io::Result<usize> {
        let arguments = ["tree", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"];
        let tree = self.said(self.command("cargo").arg("--quiet").args(arguments))?;
        let packages: BTreeSet<_> =
            tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>()).collect();
        Ok(packages.len())
    }

    /// Bytes of code and constants in the release binary.
    pub(super) fn size(&self) -> io::Result<u64> {
        let said = self.said(Command::new("size").arg(self.target().join("release/app")))?;
        let text = said.lines().nth(1).and_then(|line| line.split_whitespace().next());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| io::Error::other(said))
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.target());
        // What `cargo run` tells the harness is nothing to the apps.
        command.env_remove("RUSTFLAGS");
        command
    }

    fn said(&self, command: &mut Command) -> io::Result<String> {
        let output = command.output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let what = format!("{command:?} in {}", self.folder.display());
        Err(io::Error::other(format!("{what}\n{}", String::from_utf8_lossy(&output.stderr))))
    }
}

//! What it costs to depend on a cache: packages, builds and code.

mod app;
mod cargo;

use std::io;
use std::path::Path;

pub use self::app::{APPS, App};
use self::cargo::Cargo;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A small app and all it depends on, by `cargo build`.
    Clean,
    /// An app of many functions alone, by `cargo check`.
    Check,
    /// An app of many functions alone, by `cargo build`.
    Build,
}

impl Step {
    /// How many functions the app has: 4 for each of its areas.
    fn areas(self) -> usize {
        match self {
            Self::Clean => 1,
            Self::Check | Self::Build => 25,
        }
    }
}

/// An app in a folder of its own, ready to be timed.
pub struct Project {
    cargo: Cargo,
    step: Step,
}

impl Project {
    /// Writes the app; where only its own crate is timed, what it depends on is built.
    pub fn new(app: &App, step: Step, folder: &Path) -> io::Result<Self> {
        let cargo = Cargo::new(folder);
        app.write(folder, step.areas())?;
        cargo.run(&["fetch"])?;
        let project = Self { cargo, step };
        if step != Step::Clean {
            project.compile()?;
        }
        Ok(project)
    }

    /// Compiles from nothing; how many seconds that took.
    pub fn time(&self) -> io::Result<f64> {
        match self.step {
            Step::Clean => self.cargo.remove_all()?,
            Step::Check | Step::Build => self.cargo.remove_app()?,
        }
        self.compile()
    }

    fn compile(&self) -> io::Result<f64> {
        self.cargo.run(match self.step {
            Step::Check => &["check", "--offline"],
            Step::Clean | Step::Build => &["build", "--offline"],
        })
    }
}

/// How many packages a small app is built from, itself included.
pub fn packages(app: &App, folder: &Path) -> io::Result<usize> {
    app.write(folder, 1)?;
    Cargo::new(folder).packages()
}

/// Bytes in the release binaries of a small app and of one with 96 functions more.
pub fn sizes(app: &App, folder: &Path) -> io::Result<[u64; 2]> {
    let cargo = Cargo::new(folder);
    let size = |areas| {
        app.write(folder, areas)?;
        cargo.run(&["build", "--release"])?;
        cargo.size()
    };
    Ok([size(1)?, size(25)?])
}

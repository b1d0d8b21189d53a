//! Small apps that cache the same functions, each in its own way.

use std::fs;
use std::io;
use std::path::Path;

/// An app, in the words of one cache.
#[derive(Debug)]
pub struct App {
    /// Whose.
    pub name: &'static str,
    /// A word for its folder.
    pub folder: &'static str,
    /// What it depends on beside tokio and serde.
    dependency: &'static str,
    /// Four functions.
    functions: &'static str,
}

/// The one without a cache comes first.
pub const APPS: [App; 5] = [
    App {
        name: "tokio and serde alone",
        folder: "plain",
        dependency: "",
        functions: include_str!("../../apps/plain.rs"),
    },
    App {
        name: "moka future, by hand",
        folder: "moka",
        dependency: r#"moka = { version = "0.12", features = ["future"] }"#,
        functions: include_str!("../../apps/moka.rs"),
    },
    App {
        name: "cached #[cached]",
        folder: "cached",
        dependency: r#"cached = { version = "4.1", features = ["async"] }"#,
        functions: include_str!("../../apps/cached.rs"),
    },
    App {
        name: "cached #[concurrent_cached]",
        folder: "concurrent",
        dependency: r#"cached = { version = "4.1", features = ["async"] }"#,
        functions: include_str!("../../apps/concurrent.rs"),
    },
    App {
        name: "ours #[cached]",
        folder: "ours",
        // As it was committed last, and not by its path: cargo compiles what has a path with what it
        // takes to compile it again, which nobody pays who takes it from a registry.
        dependency: concat!(
            r#"cache-runtime = { git = "file://"#,
            env!("CARGO_MANIFEST_DIR"),
            r#"/.." }"#
        ),
        functions: include_str!("../../apps/ours.rs"),
    },
];

const MANIFEST: &str = r#"[package]
name = "app"
edition = "2024"

[dependencies]
tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
serde = { version = "1", features = ["derive", "rc"] }
"#;

impl App {
    /// Writes the app into `folder`: four functions an area.
    pub(super) fn write(&self, folder: &Path, areas: usize) -> io::Result<()> {
        let src = folder.join("src");
        if src.exists() {
            fs::remove_dir_all(&src)?;
        }
        fs::create_dir_all(&src)?;
        // A workspace of its own, also below somebody else's folder.
        let manifest = format!("{MANIFEST}{}\n\n[workspace]\n", self.dependency);
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The versions that all of `benches` is measured with; cargo leaves out what is not used.
        fs::write(folder.join("Cargo.lock"), include_str!("../../../Cargo.lock"))?;
        fs::write(src.join("origin.rs"), include_str!("../../apps/origin.rs"))?;
        let (mut modules, mut visits) = (String::new(), String::new());
        for number in 1..=areas {
            let area = [include_str!("../../apps/area.rs"), self.functions].concat();
            fs::write(
                src.join(format!("area{number}.rs")),
                area.replace("NN", &number.to_string()),
            )?;
            modules += &format!("mod area{number};\n");
            visits += &format!("    found += area{number}::visit().await;\n");
        }
        let main = include_str!("../../apps/main.rs");
        let main = main.replace("// AREAS\n", &modules).replace("    // VISITS\n", &visits);
        fs::write(src.join("main.rs"), main)
    }
}

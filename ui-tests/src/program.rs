//! The binary under test: `$REGPASS_BIN`, else the `regpass` built in the same profile as the running test. Built by us
//! when it is missing or older than its sources, because `cargo test -p regpass-ui-tests` builds only the library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Where the binary is.
#[track_caller]
pub fn regpass() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| match std::env::var_os("REGPASS_BIN") {
        Some(file) => std::path::absolute(file).expect("a current folder"),
        None => built(),
    })
}

fn built() -> PathBuf {
    let own = std::env::current_exe().expect("our own path");
    let dir = own.parent().expect("a folder");
    // Tests are in `deps`, one below the binaries.
    let dir = if dir.ends_with("deps") { dir.parent().expect("a folder") } else { dir };
    let file = dir.join("regpass");
    if is_stale(&file) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        // The whole workspace: features are then resolved as for the tests, and nothing is built twice.
        build.args(["build", "--workspace", "--bins"]).current_dir(root());
        if dir.ends_with("release") {
            build.arg("--release");
        }
        build.env("CARGO_TARGET_DIR", dir.parent().expect("the target folder"));
        let status = build.status().expect("cargo");
        assert!(status.success(), "the binary under test cannot be built: {build:?}");
    }
    file
}

/// The workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn is_stale(file: &Path) -> bool {
    let Some(built) = modified(file) else { return true };
    let mut newest = ["Cargo.toml", "Cargo.lock"].iter().filter_map(|name| modified(&root().join(name))).max();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                newest = newest.max(modified(&path));
            }
        }
    }
    newest.is_some_and(|newest| newest > built)
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

//! Tests that a machine cannot run are skipped by name, never silently.

use std::io::Write;

/// True when a program is installed; otherwise the running test is noted in `$REGPASS_TESTS_SKIPPED` as skipped, and
/// fails when `$REGPASS_TESTS_REQUIRE_ALL` is set.
#[track_caller]
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    if !found {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let why = format!("{program} is not installed");
        assert!(std::env::var_os("REGPASS_TESTS_REQUIRE_ALL").is_none(), "{name} may not be skipped: {why}");
        write_down(&name, &why);
    }
    found
}

/// Notes that the running test could not look at something that depends on who runs it, which no package can change: never
/// a failure.
pub fn note(why: &str) {
    write_down(std::thread::current().name().unwrap_or("a test"), why);
}

fn write_down(name: &str, why: &str) {
    if let Some(file) = std::env::var_os("REGPASS_TESTS_SKIPPED") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
        writeln!(file.expect("the list of skips"), "{name}: {why}").expect("a line");
    }
}

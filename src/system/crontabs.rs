//! cron's jobs as its files tell them (crontab(5)): the machine's table, `/etc/cron.d`, the folders of scripts that run
//! daily and so on, and users' own tables where they may be read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files::{self, FileError};
use super::variables::{Variables, assignment, unquoted};

/// The largest table read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The most tables of one folder that are looked at.
const ITEMS_MAX: usize = 4_000;

/// The most jobs of one table that are looked at.
const JOBS_MAX: usize = 1_000;

/// The longest value of a variable, in bytes: no program starts with a longer one (execve(2), `MAX_ARG_STRLEN`).
const VALUE_MAX: usize = 128 << 10;

/// Folders whose scripts run-parts runs for root.
const SCRIPTS: [&str; 4] = ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"];

/// Where users' own tables lie: Debian's, and Red Hat's (cron(8)).
const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

/// One command that cron runs. Borrowed: a table of one account could else fill the memory with copies of its variables.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub file: &'a Path,
    /// Counted from 1; 0 for a script that is a job as a whole.
    pub line: usize,
    pub user: &'a str,
    /// What the table sets above it.
    pub variables: &'a Variables,
    pub command: &'a str,
}

/// Shows every job below this folder, `/` but in tests, the machine's own before those of accounts. Returns what could not
/// be read and may hide more. `wanted` says which variables are kept.
pub fn visit(machine: &Path, wanted: fn(&str) -> bool, show: &mut dyn FnMut(&Job<'_>)) -> Vec<FileError> {
    let below = |path: &str| machine.join(path.trim_start_matches('/'));
    let mut closed = Vec::new();
    let of_machine = table(&below("/etc/crontab"), None, wanted, show, &mut closed);
    for file in items(&below("/etc/cron.d"), &mut closed) {
        table(&file, None, wanted, show, &mut closed);
    }
    for file in SCRIPTS.iter().flat_map(|folder| items(&below(folder), &mut closed)).collect::<Vec<_>>() {
        let command = file.to_string_lossy();
        show(&Job { file: &file, line: 0, user: "root", variables: &of_machine, command: &command });
    }
    for file in SPOOLS.iter().flat_map(|spool| items(&below(spool), &mut closed)).collect::<Vec<_>>() {
        let user = file.file_name().unwrap_or_default().to_string_lossy();
        table(&file, Some(&user), wanted, show, &mut closed);
    }
    closed
}

/// The jobs of one table, and the variables at its end; where `user` is None, a line names its own.
fn table(
    file: &Path,
    user: Option<&str>,
    wanted: fn(&str) -> bool,
    show: &mut dyn FnMut(&Job<'_>),
    closed: &mut Vec<FileError>,
) -> Variables {
    let mut variables = Variables::new();
    let bytes = match files::read_bounded(file, SIZE_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            closed.extend(Some(error).filter(|error| !error.is_not_found()));
            return variables;
        }
    };
    let mut left = JOBS_MAX;
    for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_time = |first: char| first.is_ascii_digit() || "*@".contains(first);
        if !line.starts_with(is_time) {
            let set = line.split_once('=').map(|(name, value)| format!("{}={}", name.trim(), value.trim()));
            let set = set.as_deref().and_then(assignment);
            if let Some((name, value)) = set.filter(|(name, value)| wanted(name) && value.len() <= VALUE_MAX) {
                variables.insert(name.to_owned(), unquoted(value).to_owned());
            }
            continue;
        }
        let times = if line.starts_with('@') { 1 } else { 5 };
        let Some((own, command)) = after(line, times, user.is_none()) else { continue };
        let Some(user) = user.or(own) else { continue };
        let Some(fewer) = left.checked_sub(1) else {
            closed.push(FileError::TooMany { path: file.to_owned(), max: JOBS_MAX });
            break;
        };
        left = fewer;
        show(&Job { file, line: index + 1, user, variables: &variables, command });
    }
    variables
}

/// What follows so many fields of times, and the user before it.
fn after(line: &str, times: usize, names_user: bool) -> Option<(Option<&str>, &str)> {
    let mut rest = line;
    let mut next = || {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(field)
    };
    for _ in 0..times {
        next()?;
    }
    let user = if names_user { Some(next()?) } else { None };
    // Behind a `%` stands what the command reads.
    Some((user, rest.split('%').next().unwrap_or(rest)))
}

fn items(folder: &Path, closed: &mut Vec<FileError>) -> Vec<PathBuf> {
    let mut found = files::items(folder, ITEMS_MAX);
    closed.extend(found.closed.filter(|error| !error.is_not_found()));
    // What may not be looked at says so when it is read.
    found
        .paths
        .retain(|path| path.metadata().map_or_else(|error| error.kind() != ErrorKind::NotFound, |meta| meta.is_file()));
    found.paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &tempfile::TempDir, path: &str, text: &str) {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn tables_name_users_and_variables() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |path: &str, text: &str| put(&dir, path, text);
        put(
            "etc/crontab",
            "# x\nPATH = /a:/b\nSECRET=1\n1 2 * * * root docker pull x\n@daily\tbob  cd / && docker ps\nodd\n",
        );
        put("etc/cron.d/x", "*/5 * * * 1-5 eve true % in\n");
        put("var/spool/cron/crontabs/bob", "HOME=\"/h\"\n0 0 * * * docker pull y\n");
        put("etc/cron.daily/pull", "#!/bin/sh\n");
        let mut told: Vec<(String, usize, String, Vec<String>)> = Vec::new();
        let closed = visit(dir.path(), |name| name != "SECRET", &mut |job| {
            let variables = job.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            told.push((job.user.to_owned(), job.line, job.command.to_owned(), variables));
        });
        let daily = dir.path().join("etc/cron.daily/pull").display().to_string();
        let expected = [
            ("root", 4, "docker pull x", &["PATH=/a:/b"][..]),
            ("bob", 5, "cd / && docker ps", &["PATH=/a:/b"]),
            ("eve", 1, "true ", &[]),
            ("root", 0, &daily, &["PATH=/a:/b"]),
            ("bob", 2, "docker pull y", &["HOME=/h"]),
        ];
        let expected = expected.map(|(user, line, command, variables)| {
            let variables = variables.iter().map(|&variable| variable.to_owned()).collect();
            (user.to_owned(), line, command.to_owned(), variables)
        });
        assert_eq!(told, expected);
        assert!(closed.is_empty(), "{closed:?}");
    }

    #[test]
    fn what_is_not_read_is_told_and_a_large_table_costs_little() {
        let dir = tempfile::tempdir().expect("a folder");
        let job = "0 0 * * * docker pull y\n";
        put(&dir, "var/spool/cron/crontabs/bob", &format!("PATH=/{}\n{}", "x".repeat(512 << 10), job.repeat(20_000)));
        put(&dir, "var/spool/cron/crontabs/eve", &"#\n".repeat(SIZE_MAX as usize));
        std::fs::create_dir(dir.path().join("etc")).expect("a folder");
        std::os::unix::fs::symlink("cron.d", dir.path().join("etc/cron.d")).expect("a loop");
        let (mut count, mut longest) = (0, 0);
        let closed = visit(dir.path(), |_| true, &mut |job| {
            count += 1;
            longest = longest.max(job.variables.values().map(String::len).max().unwrap_or_default());
        });
        assert_eq!((count, longest), (JOBS_MAX, 0), "no program would start with such a PATH");
        let told: Vec<String> = closed.iter().map(FileError::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        for (told, name) in told.iter().zip(["cron.d", "bob", "eve"]) {
            assert!(told.contains(name), "{told}");
        }
    }
}

//! cron's jobs as its files tell them (crontab(5)): the machine's table, `/etc/cron.d`, the folders of scripts that run
//! daily and so on, and users' own tables where they may be read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use super::variables::{Variables, assignment, unquoted};

/// The largest table read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The most tables of one folder that are looked at.
const ITEMS_MAX: usize = 4_000;

/// Folders whose scripts run-parts runs for root.
const SCRIPTS: [&str; 4] = ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"];

/// Where users' own tables lie: Debian's, and Red Hat's (cron(8)).
const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

/// One command that cron runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub file: PathBuf,
    /// Counted from 1; 0 for a script that is a job as a whole.
    pub line: usize,
    pub user: String,
    /// What the table sets above it.
    pub variables: Variables,
    pub command: String,
}

/// Every job below this folder, `/` but in tests, and the tables that may not be read. `wanted` says which variables are
/// kept.
pub fn jobs(machine: &Path, wanted: fn(&str) -> bool) -> (Vec<Job>, Vec<PathBuf>) {
    let below = |path: &str| machine.join(path.trim_start_matches('/'));
    let (mut jobs, mut closed) = (Vec::new(), Vec::new());
    let mut read = |file: &Path, user: Option<&str>| match table(file, user, wanted) {
        Ok((found, variables)) => {
            jobs.extend(found);
            variables
        }
        Err(error) => {
            if error == ErrorKind::PermissionDenied {
                closed.push(file.to_owned());
            }
            Variables::new()
        }
    };
    let of_machine = read(&below("/etc/crontab"), None);
    for file in items(&below("/etc/cron.d")).unwrap_or_default() {
        read(&file, None);
    }
    let mut shut = Vec::new();
    for spool in SPOOLS.map(below) {
        match items(&spool) {
            Err(ErrorKind::PermissionDenied) => shut.push(spool),
            Err(_) => {}
            Ok(files) => {
                for file in files {
                    let user = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    read(&file, Some(&user));
                }
            }
        }
    }
    for file in SCRIPTS.iter().flat_map(|folder| items(&below(folder)).unwrap_or_default()) {
        let command = file.to_string_lossy().into_owned();
        jobs.push(Job { file, line: 0, user: "root".to_owned(), variables: of_machine.clone(), command });
    }
    closed.extend(shut);
    (jobs, closed)
}

/// The jobs of one table; where `user` is None, a line names its own.
fn table(file: &Path, user: Option<&str>, wanted: fn(&str) -> bool) -> Result<(Vec<Job>, Variables), ErrorKind> {
    let bytes = files::read_bounded(file, SIZE_MAX).map_err(|error| error.kind())?;
    let (mut jobs, mut variables) = (Vec::new(), Variables::new());
    for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_time = |first: char| first.is_ascii_digit() || "*@".contains(first);
        if !line.starts_with(is_time) {
            let set = line.split_once('=').map(|(name, value)| format!("{}={}", name.trim(), value.trim()));
            if let Some((name, value)) = set.as_deref().and_then(assignment).filter(|(name, _)| wanted(name)) {
                variables.insert(name.to_owned(), unquoted(value).to_owned());
            }
            continue;
        }
        let times = if line.starts_with('@') { 1 } else { 5 };
        let Some((own, command)) = after(line, times, user.is_none()) else { continue };
        let Some(user) = user.or(own) else { continue };
        let (file, user) = (file.to_owned(), user.to_owned());
        jobs.push(Job { file, line: index + 1, user, variables: variables.clone(), command: command.to_owned() });
    }
    Ok((jobs, variables))
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

fn items(folder: &Path) -> Result<Vec<PathBuf>, ErrorKind> {
    let items = std::fs::read_dir(folder).map_err(|error| error.kind())?;
    let paths = items.filter_map(|item| Some(item.ok()?.path())).take(ITEMS_MAX);
    let mut found: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_users_and_variables() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        };
        put(
            "etc/crontab",
            "# x\nPATH = /a:/b\nSECRET=1\n1 2 * * * root docker pull x\n@daily\tbob  cd / && docker ps\nodd\n",
        );
        put("etc/cron.d/x", "*/5 * * * 1-5 eve true % in\n");
        put("var/spool/cron/crontabs/bob", "HOME=\"/h\"\n0 0 * * * docker pull y\n");
        put("etc/cron.daily/pull", "#!/bin/sh\n");
        let (jobs, closed) = jobs(dir.path(), |name| name != "SECRET");
        let told: Vec<(&str, usize, &str)> =
            jobs.iter().map(|job| (job.user.as_str(), job.line, job.command.as_str())).collect();
        let daily = dir.path().join("etc/cron.daily/pull");
        let expected = [
            ("root", 4, "docker pull x"),
            ("bob", 5, "cd / && docker ps"),
            ("eve", 1, "true "),
            ("bob", 2, "docker pull y"),
            ("root", 0, daily.to_str().expect("text")),
        ];
        assert_eq!(told, expected);
        assert_eq!(jobs[0].variables, Variables::from([("PATH".to_owned(), "/a:/b".to_owned())]));
        assert_eq!(jobs[3].variables, Variables::from([("HOME".to_owned(), "/h".to_owned())]));
        assert_eq!((jobs[2].variables.len(), jobs[4].variables.len(), closed.len()), (0, 1, 0));
    }
}

//! regpass's own ignore file: where it is, and one more finding accepted in it. How an ignore file is read, and what it
//! does, is `accepted.rs`.

use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::accepted::{self, Accepted, Ignored};
use crate::model::{Problem, text};
use crate::ops::read_only;
use crate::system::System;
use crate::system::env::Env;
use crate::system::files;

/// How long another regpass may take over the same file.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The longest reason, in bytes.
const REASON_MAX: usize = 1_000;

const BEGINNING: &str = "\
# What regpass audit leaves out, why and until when (docs/checks.md). What has expired is told again.
";

/// A finding that a person accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    pub id: &'static str,
    pub fingerprint: String,
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD` in UTC.
    pub expires: String,
}

/// Where it is, whether or not it is there; None on a machine without a home.
pub fn path(env: &Env) -> Option<PathBuf> {
    env.config_dir().map(|folder| folder.join("regpass/audit-ignore.toml"))
}

/// What it accepts: nothing where there is none.
pub fn read(env: &Env) -> Result<Accepted, Problem> {
    match path(env).filter(|file| file.symlink_metadata().is_ok()) {
        Some(file) => Accepted::default()
            .ignoring(&file)
            .map_err(|problem| problem.hint("mend it, or leave it out: regpass audit --no-ignore")),
        None => Ok(Accepted::default()),
    }
}

/// Adds one entry at its end; all else in it stays as it is. Answers the file.
pub fn add(system: &System, one: &Acceptance) -> Result<PathBuf, Problem> {
    let file = path(&system.env).ok_or_else(|| {
        Problem::failed("there is no home for an ignore file")
            .hint("set HOME, or write one by hand: regpass audit --help")
    })?;
    read_only::check(system, &file)?;
    check(system, one)?;
    let failed = |error: &dyn std::fmt::Display| {
        Problem::failed(format!("the ignore file {} cannot be written", text::quoted_path(&file))).because(error)
    };
    let folder = file.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(&error))?;
    let _held = files::lock_folder(folder, LOCK_WAIT).map_err(|error| failed(&error))?;
    let is_there = file.symlink_metadata().is_ok();
    let mut content = if is_there { accepted::content(&file)? } else { BEGINNING.to_owned() };
    accepted::entries(&file, &content)?;
    if !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
    content.push_str(&entry(system, one));
    accepted::entries(&file, &content)?;
    // What a link leads to is changed, and stays where it is.
    let real = if is_there { std::fs::canonicalize(&file).map_err(|error| failed(&error))? } else { file.clone() };
    files::replace(&real, content.as_bytes(), 0o600).map_err(|error| failed(&error))?;
    Ok(file)
}

/// Takes one entry out of it: what it was about is told again. All else in it stays as it is. Answers the file.
pub fn remove(system: &System, one: &Ignored) -> Result<PathBuf, Problem> {
    let gone = || Problem::not_found("there is no such entry in the ignore file any more").hint("run the audit again");
    let file = path(&system.env).filter(|file| file.symlink_metadata().is_ok()).ok_or_else(gone)?;
    read_only::check(system, &file)?;
    let failed = |error: &dyn std::fmt::Display| {
        Problem::failed(format!("the ignore file {} cannot be written", text::quoted_path(&file))).because(error)
    };
    let _held =
        files::lock_folder(file.parent().unwrap_or(Path::new("/")), LOCK_WAIT).map_err(|error| failed(&error))?;
    let content = accepted::content(&file)?;
    let mut entries = accepted::entries(&file, &content)?;
    let index = entries.iter().position(|other| other == one).ok_or_else(gone)?;
    entries.remove(index);
    // Written in another way than ours, one cannot be told from its neighbours.
    let new = without(&content, index).filter(|new| accepted::entries(&file, new).is_ok_and(|left| left == entries));
    let new = new.ok_or_else(|| failed(&"the entry is written in a way that only a person can change"))?;
    let real = std::fs::canonicalize(&file).map_err(|error| failed(&error))?;
    files::replace(&real, new.as_bytes(), 0o600).map_err(|error| failed(&error))?;
    Ok(file)
}

/// The text without the lines of one entry; comments behind it stay.
fn without(content: &str, index: usize) -> Option<String> {
    let lines: Vec<&str> = content.split_inclusive('\n').collect();
    let heads = lines.iter().enumerate().filter(|(_, line)| line.trim() == "[[ignore]]").map(|(at, _)| at);
    let heads: Vec<usize> = heads.collect();
    let start = *heads.get(index)?;
    let end = heads.get(index + 1).copied().unwrap_or(lines.len());
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let last = lines[start..end].iter().rposition(says)?;
    // The blank line that stands before it goes with it.
    let front = if start > 0 && lines[start - 1].trim().is_empty() { start - 1 } else { start };
    Some(lines[..front].iter().chain(&lines[start + last + 1..]).copied().collect())
}

fn check(system: &System, one: &Acceptance) -> Result<(), Problem> {
    let reason = one.reason.trim();
    if reason.is_empty() || reason.len() > REASON_MAX || reason.chars().any(char::is_control) {
        return Err(Problem::usage("a finding is ignored for a reason, in one line")
            .hint("say why: whoever reads it later has to know whether it still holds"));
    }
    if !accepted::is_day(&one.expires) {
        return Err(Problem::usage(format!("{} is no day, written YYYY-MM-DD", text::quoted(&one.expires))));
    }
    if one.expires < accepted::day(system.env.now()) {
        return Err(Problem::usage(format!("{} is over: name a day to come", text::quoted(&one.expires))));
    }
    Ok(())
}

/// As TOML. A JSON string without control characters is a TOML string.
fn entry(system: &System, one: &Acceptance) -> String {
    let mut entry = String::from("\n[[ignore]]\n");
    let by = system.env.user_name().filter(|name| !name.chars().any(char::is_control));
    let rows = [
        ("id", Some(one.id)),
        ("fingerprint", Some(&*one.fingerprint)),
        ("reason", Some(one.reason.trim())),
        ("expires", Some(&*one.expires)),
        ("by", by.as_deref()),
    ];
    for (key, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(entry, "{key} = {}", serde_json::Value::from(value));
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::accepted::Standing;
    use super::super::{Finding, Severity};
    use super::*;
    use crate::model::ProblemKind;
    use crate::system::options::{Options, Typed};

    fn system(home: &Path, typed: &Typed) -> System {
        let env = Env::made_of([("HOME", home.to_str().expect("a path")), ("USER", "ann")]);
        let options = Options::resolve(typed, &env).expect("options");
        System::new(env, options)
    }

    fn finding() -> Finding {
        Finding::new("INL01", Severity::High, "x", "y")
    }

    fn acceptance() -> Acceptance {
        Acceptance {
            id: "INL01",
            fingerprint: finding().fingerprint(),
            reason: "a \"test\" machine \\ é".to_owned(),
            expires: "2999-01-31".to_owned(),
        }
    }

    #[test]
    fn what_is_added_is_understood_and_what_was_there_stays() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path(), &Typed::default());
        let now = system.env.now();
        assert_eq!(read(&system.env).expect("none").standing(&finding(), now), Standing::Told);
        let file = add(&system, &acceptance()).expect("added");
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let of_people = "# mine, kept\n";
        std::fs::write(&file, std::fs::read_to_string(&file).expect("read") + of_people.trim_end()).expect("written");
        add(&system, &Acceptance { id: "CFG07", ..acceptance() }).expect("added");
        let content = std::fs::read_to_string(&file).expect("read");
        assert!(content.starts_with(BEGINNING) && content.contains(of_people), "{content}");
        let accepted = read(&system.env).expect("understood");
        let Standing::Ignored(ignored) = accepted.standing(&finding(), now) else { panic!("{content}") };
        assert_eq!((&*ignored.reason, ignored.by.as_deref()), (&*acceptance().reason, Some("ann")));
    }

    #[test]
    fn what_a_link_leads_to_is_changed() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path(), &Typed::default());
        let file = path(&system.env).expect("a place");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        let real = home.path().join("dotfiles.toml");
        std::fs::write(&real, "").expect("written");
        std::os::unix::fs::symlink(&real, &file).expect("a link");
        add(&system, &acceptance()).expect("added");
        assert!(file.is_symlink() && std::fs::read_to_string(&real).expect("read").contains("INL01"));
    }

    #[test]
    fn what_is_not_understood_is_neither_written_nor_written_over() {
        let home = tempfile::tempdir().expect("a home");
        let ours = system(home.path(), &Typed::default());
        let wrong = [
            Acceptance { reason: " ".to_owned(), ..acceptance() },
            Acceptance { reason: "two\nlines".to_owned(), ..acceptance() },
            Acceptance { expires: "soon".to_owned(), ..acceptance() },
            Acceptance { expires: "2020-01-01".to_owned(), ..acceptance() },
        ];
        for one in &wrong {
            assert!(add(&ours, one).is_err(), "{one:?}");
        }
        let typed = Typed { read_only: true, ..Typed::default() };
        assert!(add(&system(home.path(), &typed), &acceptance()).is_err(), "read-only");
        let file = path(&ours.env).expect("a place");
        assert!(!file.exists());
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        for content in ["ignore = 3", "ignore = []", "x"] {
            std::fs::write(&file, content).expect("written");
            assert!(add(&ours, &acceptance()).is_err(), "{content}");
            assert_eq!(std::fs::read_to_string(&file).expect("read"), content);
        }
    }

    #[test]
    fn one_entry_is_taken_back_and_all_else_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let system = system(home.path(), &Typed::default());
        let file = path(&system.env).expect("a place");
        let entry = |id: &str| format!("[[ignore]]\nid = \"{id}\"\nreason = \"x\"\nexpires = \"2999-01-01\"\n");
        let [one, two] = ["CFG03", "CFG07"].map(entry);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        let text = format!("# ours\n\n{one}# of May\n\n{two}");
        std::fs::write(&file, &text).expect("a file");
        let known = accepted::entries(&file, &text).expect("read");
        remove(&system, &known[0]).expect("removed");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), format!("# ours\n# of May\n\n{two}"));
        assert_eq!(remove(&system, &known[0]).expect_err("gone").kind, ProblemKind::NotFound);
        remove(&system, &known[1]).expect("removed");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "# ours\n# of May\n");
        let odd = "ignore = [{id=\"CFG03\",reason=\"x\",expires=\"2999-01-01\"}]\n";
        std::fs::write(&file, odd).expect("a file");
        remove(&system, &known[0]).expect_err("a person's");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), odd);
        let read_only = Typed { read_only: true, ..Typed::default() };
        remove(&self::system(home.path(), &read_only), &known[0]).expect_err("read-only");
    }
}

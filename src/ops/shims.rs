//! The links under which other programs start regpass: made, looked at, removed. A link is what makes `docker login` use
//! regpass, so a file that is not ours is never replaced without being told to, and status says who would be found first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::read_only;
use crate::model::{Problem, text};
use crate::system::env::{self, Env};
use crate::system::links::{self, Found};
use crate::system::sudoers::{self, SudoersError};
use crate::system::{System, login_shell};

/// The names Docker and its relatives look for: `docker-credential-` and the word in `credsStore`.
pub const NAMES: [&str; 2] = ["docker-credential-pass", "docker-credential-regpass"];

/// What Docker puts before the word in `credsStore`.
pub const PREFIX: &str = "docker-credential-";

/// True for a word in `credsStore` or `credHelpers` that leads to regpass where its links are.
pub fn is_ours(helper: &str) -> bool {
    NAMES.iter().any(|known| known.strip_prefix(PREFIX) == Some(helper))
}

/// What a replaced foreign file is called from then on: its name and this.
const KEPT: &str = ".before-regpass";

/// One name in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    pub path: PathBuf,
    pub found: Found,
}

/// What a command did to one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: PathBuf,
    /// What was there before.
    pub before: Found,
    /// False when it was left as it was.
    pub changed: bool,
    /// Where the foreign file that was replaced is now.
    pub kept: Option<PathBuf>,
}

/// Whose search path is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searcher {
    /// `$PATH` of this process.
    Here,
    /// `$PATH` as the login shell sets it up: terminals and sessions opened from now on.
    LoginShell,
    /// `secure_path` of sudo.
    Sudo,
}

/// Who would be started as `docker-credential-pass`.
#[derive(Clone, Debug)]
pub struct View {
    pub searcher: Searcher,
    /// The first file that would be found, None for none; or why that is not known.
    pub first: Result<Option<Shim>, String>,
}

#[derive(Clone, Debug)]
pub struct Status {
    pub dir: PathBuf,
    pub shims: Vec<Shim>,
    pub views: Vec<View>,
}

/// The folder that is used when none is given: `/usr/local/bin` for root, else `~/.local/bin`.
pub fn default_dir(env: &Env) -> Result<PathBuf, Problem> {
    match env.home() {
        _ if env.uid() == 0 => Ok(PathBuf::from("/usr/local/bin")),
        Some(home) => Ok(home.join(".local/bin")),
        None => Err(Problem::usage("there is no home to make the links in").option("name a folder with --dir")),
    }
}

/// Why that one, in words.
pub fn why_default_dir(env: &Env) -> &'static str {
    match env.uid() {
        0 => "root's links are for everybody, whatever HOME says",
        _ => "your own folder for programs",
    }
}

/// Makes the links in `dir`, and the folder when it is missing. With `force` a link to another regpass is replaced, and a
/// file that is no link to a regpass binary is set aside; else nothing at all is changed. A link to a regpass that is gone
/// is nobody's.
pub fn install(system: &System, dir: Option<&Path>, force: bool) -> Result<Vec<Change>, Problem> {
    let program = program(&system.env)?;
    let dir = chosen_dir(&system.env, dir)?;
    read_only::check(system, &dir)?;
    let shims = look(&dir, &program);
    for shim in &shims {
        match shim.found {
            Found::Foreign | Found::OfficialHelper | Found::RegpassCopy if !force => return Err(refusal(shim)),
            Found::OtherRegpass(ref target) if !force && shim.path.exists() => {
                return Err(other_regpass(&shim.path, target, &program));
            }
            Found::Foreign if shim.path.is_dir() => {
                return Err(Problem::failed(format!("{} is a folder", text::quoted_path(&shim.path))));
            }
            _ => {}
        }
    }
    std::fs::create_dir_all(&dir).map_err(|error| cannot("make the folder", &dir, error))?;
    shims.into_iter().map(|shim| link(shim, &program)).collect()
}

/// What is in `dir`, and what is found first by whom.
pub fn status(system: &System, dir: Option<&Path>) -> Result<Status, Problem> {
    let program = program(&system.env)?;
    let dir = chosen_dir(&system.env, dir)?;
    let first_in = |path: &OsStr| first(path, &program);
    let here = Ok(first_in(system.env.var("PATH").unwrap_or_default()));
    let login = login_shell::path(&system.env).map(|path| first_in(&path)).map_err(|error| error.to_string());
    let sudo = match sudoers::secure_path(Path::new(sudoers::FILE)) {
        Ok(Some(path)) => Ok(first_in(OsStr::new(&path))),
        // Without the setting sudo keeps the caller's PATH (sudoers(5), "Command environment").
        Ok(None) => here.clone(),
        Err(error @ SudoersError::Closed(_)) => Err(format!("{error}; see sudo grep -r secure_path /etc/sudoers*")),
        Err(error) => Err(error.to_string()),
    };
    let views = [(Searcher::Here, here), (Searcher::LoginShell, login), (Searcher::Sudo, sudo)];
    let views = views.map(|(searcher, first)| View { searcher, first }).into();
    Ok(Status { shims: look(&dir, &program), dir, views })
}

/// What Docker would start from here for a helper of this name (`credsStore`'s word).
pub fn found_first(system: &System, helper: &str) -> Result<Option<Shim>, Problem> {
    let program = program(&system.env)?;
    Ok(named_first(system.env.var("PATH").unwrap_or_default(), &format!("{PREFIX}{helper}"), &program))
}

/// Removes the links to regpass binaries from `dir`; everything else stays.
pub fn remove(system: &System, dir: Option<&Path>) -> Result<Vec<Change>, Problem> {
    let program = program(&system.env)?;
    let dir = chosen_dir(&system.env, dir)?;
    read_only::check(system, &dir)?;
    let mut changes = Vec::new();
    for shim in look(&dir, &program) {
        let ours = matches!(shim.found, Found::Ours | Found::OtherRegpass(_)) && shim.path.is_symlink();
        if ours {
            links::remove(&shim.path).map_err(|error| Problem::failed(error.to_string()))?;
        }
        changes.push(Change { path: shim.path, before: shim.found, changed: ours, kept: None });
    }
    Ok(changes)
}

fn link(shim: Shim, program: &Path) -> Result<Change, Problem> {
    let fault = |error: crate::system::files::FileError| Problem::failed(error.to_string());
    let mut change = Change { path: shim.path, before: shim.found, changed: true, kept: None };
    match change.before {
        Found::Ours => {
            change.changed = false;
            return Ok(change);
        }
        Found::Nothing | Found::OtherRegpass(_) => {}
        Found::Foreign | Found::OfficialHelper | Found::RegpassCopy => {
            let mut kept = change.path.clone().into_os_string();
            kept.push(KEPT);
            let kept = PathBuf::from(kept);
            links::set_aside(&change.path, &kept).map_err(fault)?;
            change.kept = Some(kept);
        }
    }
    links::put(&change.path, program).map_err(fault)?;
    Ok(change)
}

fn refusal(shim: &Shim) -> Problem {
    let path = text::quoted_path(&shim.path);
    let what = match shim.found {
        Found::OfficialHelper => "the official helper",
        Found::RegpassCopy => "a copy of regpass",
        _ => "not a link to regpass",
    };
    Problem::failed(format!("{path} is {what} and stays as it is"))
        .option(format!("to link it all the same, keeping the file as *{KEPT}, add: --force; elsewhere: --dir"))
}

fn other_regpass(link: &Path, target: &Path, program: &Path) -> Problem {
    let (link, target) = (text::quoted_path(link), text::quoted_path(target));
    Problem::failed(format!("{link} leads to another regpass, {target}, and stays as it is"))
        .option(format!("to have it lead to {}, add: --force; elsewhere: --dir", text::quoted_path(program)))
}

fn look(dir: &Path, program: &Path) -> Vec<Shim> {
    let shim = |name| {
        let path = dir.join(name);
        Shim { found: links::look(&path, program), path }
    };
    NAMES.into_iter().map(shim).collect()
}

/// The first program of the helper's name in a search path. Relative folders are passed over, as Docker does.
fn first(path: &OsStr, program: &Path) -> Option<Shim> {
    named_first(path, NAMES[0], program)
}

fn named_first(path: &OsStr, name: &str, program: &Path) -> Option<Shim> {
    let dirs = env::split_paths(path).into_iter().filter(|dir| dir.is_absolute());
    let path = dirs.map(|dir| dir.join(name)).find(|file| env::is_program(file))?;
    Some(Shim { found: links::look(&path, program), path })
}

fn chosen_dir(env: &Env, dir: Option<&Path>) -> Result<PathBuf, Problem> {
    dir.map_or_else(|| default_dir(env), |dir| Ok(env.absolute(dir)))
}

fn program(env: &Env) -> Result<PathBuf, Problem> {
    env.program().ok_or_else(|| {
        Problem::failed("regpass cannot find its own file")
            .because("it was replaced while it ran, or /proc is not mounted")
    })
}

fn cannot(what: &str, path: &Path, error: std::io::Error) -> Problem {
    Problem::failed(format!("cannot {what} {}", text::quoted_path(path)))
        .because(error)
        .option("name a folder that you may write to with --dir")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::options::{Options, Typed};

    fn system(home: &Path) -> System {
        let env = Env::made_of([("HOME", home.as_os_str()), ("PATH", home.join("bin").as_os_str())]);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        System::new(env, options)
    }

    fn changed(changes: &[Change]) -> Vec<bool> {
        changes.iter().map(|change| change.changed).collect()
    }

    #[test]
    fn links_come_and_go() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path());
        let bin = home.path().join("bin");
        assert_eq!(changed(&install(&system, Some(&bin), false).expect("installs")), [true, true]);
        assert_eq!(changed(&install(&system, Some(&bin), false).expect("installs")), [false, false]);
        let status = status(&system, Some(&bin)).expect("looks");
        assert!(status.shims.iter().all(|shim| shim.found == Found::Ours));
        let here = status.views.iter().find(|view| view.searcher == Searcher::Here).expect("a view");
        assert_eq!(here.first, Ok(Some(Shim { path: bin.join(NAMES[0]), found: Found::Ours })));
        assert_eq!(changed(&remove(&system, Some(&bin)).expect("removes")), [true, true]);
        assert_eq!(changed(&remove(&system, Some(&bin)).expect("removes")), [false, false]);
        assert_eq!(std::fs::read_dir(&bin).expect("lists").count(), 0);
    }

    #[test]
    fn another_regpass_is_not_put_out_of_the_way_unasked() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path());
        let bin = home.path().join("bin");
        std::fs::create_dir_all(home.path().join("old")).expect("a folder");
        std::fs::create_dir(&bin).expect("a folder");
        let old = home.path().join("old/regpass");
        std::fs::write(&old, "\x7fELF docker-credential-pass (regpass) v0").expect("a program");
        let link = bin.join(NAMES[0]);
        std::os::unix::fs::symlink(&old, &link).expect("a link");
        let problem = install(&system, Some(&bin), false).expect_err("refuses");
        assert!(problem.message.contains("leads to another regpass"), "{problem}");
        assert_eq!((link.read_link().expect("a link"), bin.join(NAMES[1]).exists()), (old.clone(), false));
        let changes = install(&system, Some(&bin), true).expect("installs");
        assert_eq!(changes[0].before, Found::OtherRegpass(old.clone()));
        links::put(&link, &old).expect("a link");
        std::fs::remove_file(&old).expect("gone");
        assert_eq!(changed(&install(&system, Some(&bin), false).expect("installs")), [true, false]);
    }

    #[test]
    fn a_foreign_file_stays_unless_forced_and_is_kept_then() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path());
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        let foreign = bin.join(NAMES[1]);
        std::fs::write(&foreign, "#!/bin/sh\n").expect("writes");
        let problem = install(&system, Some(&bin), false).expect_err("refuses");
        assert!(problem.message.contains("not a link to regpass"), "{problem}");
        assert!(!bin.join(NAMES[0]).exists(), "nothing is done by halves");
        let changes = install(&system, Some(&bin), true).expect("installs");
        let kept = changes[1].kept.as_deref().expect("kept");
        assert_eq!(std::fs::read(kept).expect("reads"), b"#!/bin/sh\n");
        assert_eq!(look(&bin, &system.env.program().expect("it"))[1].found, Found::Ours);
        std::fs::remove_file(&foreign).expect("removes");
        std::fs::write(&foreign, "second").expect("writes");
        assert!(install(&system, Some(&bin), true).is_err(), "the kept file is not overwritten");
        assert_eq!(changed(&remove(&system, Some(&bin)).expect("removes")), [true, false]);
        assert!(foreign.exists());
    }
}

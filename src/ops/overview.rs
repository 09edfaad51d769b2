//! Who and where: the places that are used, whether the parts that a login needs are in place, and for what is not, the
//! command that mends it. Looks only; runs nothing and asks no agent (`readers::own_key` does).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::deadline::{self, AllSeen};
use super::journal::Journal;
use super::mending::{Mend, USUAL};
use super::progress::Cancel;
use super::readers::{self, Lock, Reader};
use super::recipients::{self, Astray};
use super::registries::Registries;
use super::shims::{self, Shim};
use super::{journal, registries};
use crate::model::{EntryPath, Problem, ProblemKind, misplaced, text};
use crate::system::System;
use crate::system::docker::config::{self, DockerConfig};
use crate::system::docker::creds_store::Placed;
use crate::system::links::Found;

/// How many of the last helper calls are told.
pub const CALLS: usize = 5;

/// What a person needs to know before anything else.
#[derive(Debug)]
pub struct Overview {
    pub user: Option<String>,
    pub uid: u32,
    pub home: Option<PathBuf>,
    pub docker: Result<DockerConfig, Problem>,
    /// `config.json`, whether or not it can be read.
    pub docker_file: PathBuf,
    /// What Docker would start for the helper that its configuration names, else for the usual one.
    pub helper: Helper,
    /// The root store first.
    pub stores: Vec<StoreSeen>,
    pub gnupg_home: PathBuf,
    /// The key file that is used instead of GnuPG.
    pub key_file: Option<PathBuf>,
    /// The key that the store is written for, where that is one.
    pub key: Option<Reader>,
    /// None: the store cannot be listed, and `next` says why.
    pub registries: Option<usize>,
    /// The last calls of the helper, or why nobody can tell; then `next` has what helps.
    pub journal: Result<Journal, Problem>,
    pub journal_on: bool,
    /// Deployment windows of the root store.
    pub windows: AllSeen,
    /// The store is the demo's: nothing in it is real.
    pub is_demo: bool,
    /// What to do, most pressing first.
    pub next: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSeen {
    /// Empty for the root store.
    pub mount: String,
    pub root: PathBuf,
    pub exists: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// `docker-credential-` and this.
    pub name: String,
    pub found: Option<Shim>,
}

impl Helper {
    /// The file name that Docker looks for.
    pub fn program(&self) -> String {
        format!("{}{}", shims::PREFIX, self.name)
    }

    /// True when Docker would start a regpass, this one or another.
    pub fn is_regpass(&self) -> bool {
        let found = self.found.as_ref().map(|shim| &shim.found);
        matches!(found, Some(Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy))
    }

    /// In words, escaped: what would be started, and whose it is.
    pub fn words(&self) -> String {
        let program = text::escaped(self.program().as_bytes()).into_owned();
        let Some(shim) = &self.found else { return format!("{program}: not found on PATH") };
        let whose = match &shim.found {
            Found::Ours => "regpass",
            Found::OtherRegpass(_) | Found::RegpassCopy => "another regpass",
            Found::OfficialHelper => "the official helper",
            Found::Foreign | Found::Nothing => "not regpass",
        };
        format!("{}: {whose}", text::escaped(shim.path.as_os_str().as_encoded_bytes()))
    }
}

impl Overview {
    /// What Docker's configuration says of logins, in words, escaped.
    pub fn docker_words(&self) -> String {
        let docker = match &self.docker {
            Ok(docker) if docker.exists => docker,
            Ok(_) => return "not there".to_owned(),
            Err(_) => return "cannot be read".to_owned(),
        };
        let mut words = match &docker.helper {
            Some(name) => {
                format!("asks {}", text::escaped(format!("{}{name}", shims::PREFIX).as_bytes()))
            }
            None => "names no helper".to_owned(),
        };
        if !docker.helpers.is_empty() {
            words.push_str(&format!(", {} registries have one of their own", docker.helpers.len()));
        }
        if !docker.inline.is_empty() {
            words.push_str(&format!(", {} in clear", docker.inline.len()));
        }
        words
    }
}

/// One thing to do: a sentence, and the command that does it where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: String,
    pub command: Option<String>,
    /// What regpass can put in place itself.
    pub mend: Option<Mend>,
}

impl Step {
    fn new(what: impl Into<String>, command: impl Into<String>) -> Step {
        Step { what: what.into(), command: Some(command.into()), mend: None }
    }

    /// Without a command.
    fn told(what: impl Into<String>) -> Step {
        Step { what: what.into(), command: None, mend: None }
    }

    fn mended_by(self, mend: Option<Mend>) -> Step {
        Step { mend, ..self }
    }

    /// A problem as a step; its first hint is the command.
    fn of(problem: &Problem) -> Step {
        Step { what: problem.one_line(), command: problem.all_hints().next().cloned(), mend: None }
    }
}

/// Everything but what the agent knows. What cannot be looked at is a step, never a failure of the whole.
pub fn look(system: &System) -> Overview {
    look_for(system, CALLS).0
}

/// The same with so many of the helper's last calls, and the logins themselves.
pub(super) fn look_for(system: &System, calls: usize) -> (Overview, Result<Registries, Problem>) {
    let mut next = Vec::new();
    let options = &system.options;
    if system.env.home().is_none_or(|home| !home.is_dir()) {
        next.push(Step::told("your HOME is not a folder: Docker and pass look there"));
    }
    let (stores, key) = look_at_stores(system, &mut next);
    let listed = registries::list(system);
    let docker_file = options.docker_config.join(config::FILE);
    let docker = match listed.as_ref().ok().and_then(|listed| listed.docker.clone()) {
        Some(docker) => Ok(docker),
        None => config::read(&options.docker_config).map_err(Problem::from),
    };
    let helper = look_at_helper(system, docker.as_ref().ok(), &mut next);
    match &docker {
        Ok(docker) => look_at_docker(docker, &mut next),
        Err(problem) => next.push(Step::of(problem)),
    }
    let journal = journal::read(system, calls).inspect_err(|problem| next.push(Step::of(problem)));
    let registries = listed.as_ref().ok().map(count_registries);
    let is_demo =
        options.demo.as_ref().is_some_and(|demo| stores.first().is_some_and(|root| root.root.starts_with(demo)));
    let windows = deadline::all(system);
    if next.is_empty() && registries == Some(0) {
        next.push(Step::new("no registry has a login yet", "docker login REGISTRY"));
    }
    let seen = Overview {
        user: system.env.shown_user_name(),
        uid: system.env.uid(),
        home: system.env.home().map(Path::to_owned),
        docker,
        docker_file,
        helper,
        stores,
        gnupg_home: options.gnupg_home.clone(),
        key_file: options.key_file.clone(),
        key,
        registries,
        journal,
        journal_on: options.journal,
        windows,
        is_demo,
        next,
    };
    (seen, listed)
}

/// What windows that are over left.
pub fn step_for_windows(windows: &AllSeen, now: SystemTime) -> Option<Step> {
    let lines = windows.lines(now);
    let mut over = lines.into_iter().filter(|(is_open, _)| !is_open).map(|(_, line)| line);
    let first = over.next()?;
    let more = match over.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Some(Step::new(format!("{first}{more}; its login is not handed out"), "regpass window close --over"))
}

/// How many entries all stores have. None: they cannot be listed, and the `next` of `look` says why.
///
/// Apart from `look`, which never goes through whole stores: what a person waits for is not to wait for a sum.
pub fn count_entries(system: &System) -> Option<usize> {
    let stores = system.stores().ok().filter(|stores| stores.root().exists())?;
    Some(stores.list().entries.len())
}

/// The most entries whose readers are looked at unasked: each is read.
pub const LOOKED_AT_MAX: usize = 10_000;

/// Which entries in and below a folder others can read than are listed, or not all who are, and of what nobody can tell;
/// None where there are too many `entries` to look at unasked, or it was called off.
pub fn astray(system: &System, folder: &EntryPath, entries: usize, cancel: &Cancel) -> Option<Astray> {
    let looked_at = (entries <= LOOKED_AT_MAX).then(|| recipients::astray(system, folder, cancel))?;
    match looked_at {
        Ok(found) => Some(found),
        Err(problem) if problem.kind == ProblemKind::Cancelled => None,
        Err(problem) => Some(Astray { untold: entries, why: Some(problem), ..Astray::default() }),
    }
}

/// What such entries ask for.
pub fn steps_for_astray(found: &Astray) -> Vec<Step> {
    let what = match found.entries {
        0 => None,
        1 => Some("1 entry is not encrypted to just those".to_owned()),
        many => Some(format!("{many} entries are not encrypted to just those")),
    };
    let why = "who was taken out can still read, or who came cannot yet";
    let due = what.map(|what| Step::new(format!("{what} whom .gpg-id names: {why}"), "regpass reencrypt"));
    let untold = found.untold().map(|(what, why)| {
        let told = Step::of(why);
        Step { what: format!("of {what} it cannot be told who can read: {}", told.what), ..told }
    });
    due.into_iter().chain(untold).collect()
}

/// What the agent's word asks for.
pub fn step_for(lock: Lock) -> Option<Step> {
    match lock {
        Lock::NoAgent => Some(Step::new(
            "gpg-agent does not run: the first pull starts it, and a locked key asks then",
            "gpg-connect-agent /bye",
        )),
        Lock::Silent => Some(Step::new("gpg-agent runs and does not answer", "gpgconf --kill gpg-agent")),
        Lock::Absent => Some(Step::new(
            "no secret key of the store's readers is here: nothing can be opened",
            "gpg --import YOUR-SECRET-KEY.asc",
        )),
        Lock::Locked | Lock::KeyFile | Lock::Unlocked | Lock::Card | Lock::Untold => None,
    }
}

fn count_registries(found: &Registries) -> usize {
    let seen = found.logins.iter().filter(|login| login.mount.is_root() && !login.server.is_hub_token());
    let mut names: Vec<&str> = seen.map(|login| &*login.canonical).collect();
    names.dedup();
    names.len()
}

fn look_at_stores(system: &System, next: &mut Vec<Step>) -> (Vec<StoreSeen>, Option<Reader>) {
    let stores = match system.stores() {
        Ok(stores) => stores,
        Err(error) => {
            next.push(Step::of(&Problem::from(error)));
            return (Vec::new(), None);
        }
    };
    let root = stores.root();
    if let Err(error) = root.check_place() {
        next.push(Step::of(&Problem::from(error)));
    }
    let place = text::shell_word(root.root());
    let readers = root.recipients_for(&EntryPath::root(), &system.options);
    let wanting = !root.exists() || readers.is_err();
    if wanting && system.options.key_file.is_none() && !has_secret_key(&system.options.gnupg_home) {
        let home = text::quoted_path(&system.options.gnupg_home);
        next.push(Step::new(
            format!("there is no secret key in {home}: a store is written for one"),
            "gpg --quick-generate-key 'Your Name <you@example.org>'",
        ));
    }
    match readers {
        _ if !root.exists() => next.push(Step::new(
            format!("there is no password store at {}", text::quoted_path(root.root())),
            format!("mkdir -p -m 700 {place} && regpass --store {place} recipients set YOUR-KEY"),
        )),
        Err(_) if root.governing_file(&EntryPath::root()).is_none() => next.push(Step::new(
            format!("nobody can read {} yet: it has no .gpg-id", text::quoted_path(root.root())),
            format!("regpass --store {place} recipients set YOUR-KEY"),
        )),
        Err(error) => next.push(Step::of(&Problem::from(error))),
        Ok(_) => {}
    }
    let seen = stores.all().iter().map(|store| StoreSeen {
        mount: String::from_utf8_lossy(store.mount.as_bytes()).into_owned(),
        root: store.root().to_owned(),
        exists: store.exists(),
    });
    (seen.collect(), readers::whereabouts(system).ok().and_then(|found| found.key))
}

/// GnuPG 2.1 and later keep every secret key in a file of its own; one on a card leaves a stub there.
pub(super) fn has_secret_key(gnupg_home: &Path) -> bool {
    let files = std::fs::read_dir(gnupg_home.join("private-keys-v1.d"));
    files.is_ok_and(|files| files.flatten().any(|file| file.path().extension().is_some_and(|end| end == "key")))
}

fn look_at_helper(system: &System, docker: Option<&DockerConfig>, next: &mut Vec<Step>) -> Helper {
    let name = docker.and_then(|docker| docker.helper.clone()).unwrap_or_else(|| USUAL.to_owned());
    // The name comes from a file of Docker's, and a path in it would lead anywhere.
    let plain = !name.contains(['/', '\0']);
    let found = if plain { shims::found_first(system, &name).ok().flatten() } else { None };
    if shims::is_ours(&name) {
        let program = text::quoted(format!("{}{name}", shims::PREFIX));
        match &found {
            None => {
                let links = shims::default_dir(&system.env).ok().map(Mend::Links);
                let what = format!("Docker finds no {program} on your PATH");
                next.push(Step::new(what, "regpass shims install").mended_by(links));
            }
            Some(Shim { path, found: Found::Foreign | Found::OfficialHelper }) => next.push(Step::new(
                format!(
                    "Docker finds {} first, which is not regpass; the links' folder has to come first in PATH",
                    text::quoted_path(path)
                ),
                "regpass shims install",
            )),
            Some(_) => {}
        }
    }
    Helper { name, found }
}

fn look_at_docker(docker: &DockerConfig, next: &mut Vec<Step>) {
    let file = text::quoted_path(&docker.file);
    let ours = |name: &String| shims::is_ours(name);
    match &docker.helper {
        _ if !docker.exists => {
            let folder = docker.file.parent().unwrap_or(&docker.file);
            let step = Step::new(
                format!("Docker has no {file}: it asks nobody for logins"),
                format!(
                    "mkdir -p {} && echo '{{\"credsStore\": \"{USUAL}\"}}' > {}",
                    text::shell_word(folder),
                    text::shell_word(&docker.file)
                ),
            );
            next.push(step.mended_by(Some(Mend::DockerConfig(docker.file.clone()))));
        }
        // Named over them, the helper would be asked for logins that it does not have.
        None if !docker.inline.is_empty() => {}
        None if !docker.helpers.values().any(ours) => {
            let mend = (docker.placed == Placed::Nowhere).then(|| Mend::CredsStore(docker.file.clone()));
            let what = format!("Docker keeps its logins in {file} in clear: add \"credsStore\": \"{USUAL}\" there");
            next.push(Step::told(what).mended_by(mend));
        }
        Some(name) if !ours(name) => next.push(Step::told(format!(
            "Docker asks {} and not regpass: set \"credsStore\": \"{USUAL}\" in {file}",
            text::quoted(format!("{}{name}", shims::PREFIX))
        ))),
        _ => {}
    }
    if let Some(first) = docker.inline.first() {
        let more = match docker.inline.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown = misplaced::server(first.server.as_bytes());
        let what = format!("{file} holds the login for {}{more} in clear", text::quoted(&shown));
        next.push(match &docker.helper {
            Some(name) if !ours(name) => {
                let server = text::shell_word(Path::new(&shown));
                Step::new(what, format!("docker logout {server} && docker login {server}"))
            }
            _ => Step::new(what, "regpass fix --apply INL01"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;
    use crate::system::env::Env;
    use crate::system::options::{Options, Typed};

    fn system(home: &Path) -> System {
        let env = Env::made_of([("HOME", home.as_os_str()), ("PATH", home.join("bin").as_os_str())]);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        System::new(env, options)
    }

    #[test]
    fn a_bare_machine_is_told_what_to_do_in_order() {
        let home = tempfile::tempdir().expect("a home");
        let system = system(home.path());
        let found = look(&system);
        let commands: Vec<&str> = found.next.iter().filter_map(|step| step.command.as_deref()).collect();
        assert_eq!(commands.len(), 4, "{:?}", found.next);
        assert!(commands[0].starts_with("gpg --quick-generate-key"));
        assert!(commands[1].contains("recipients set YOUR-KEY"));
        assert_eq!(commands[2], "regpass shims install");
        assert!(commands[3].contains("credsStore"));
        assert_eq!((count_entries(&system), found.registries), (None, Some(0)));
    }

    #[test]
    fn what_is_in_place_is_not_told_again() {
        let bench = Bench::new();
        let home = tempfile::tempdir().expect("a home");
        let folder =
            crate::system::store::layout::registry_folder(&crate::model::RegistryKey::new("a.test")).expect("one");
        bench.put(&format!("{}/ann.gpg", folder.display()), "x");
        bench.put(&format!("{}/bob.gpg", folder.display()), "x");
        let found = look(&bench.system);
        assert!(found.next.iter().all(|step| !step.what.contains("password store")), "{:?}", found.next);
        assert_eq!((count_entries(&bench.system), found.registries), (Some(2), Some(1)));
        let system = system(home.path());
        let bin = home.path().join("bin");
        shims::install(&system, Some(&bin), false).expect("installs");
        std::fs::create_dir(home.path().join(".docker")).expect("a folder");
        let config = home.path().join(".docker/config.json");
        std::fs::write(&config, r#"{"credsStore":"regpass"}"#).expect("writes");
        let steps = |system: &System| look(system).next.into_iter().map(|step| step.what).collect::<Vec<_>>();
        assert!(steps(&system).iter().all(|step| !step.contains("Docker")), "{:?}", steps(&system));
        std::fs::write(&config, r#"{"auths":{"b.test":{}}}"#).expect("w");
        let step = look(&system).next.into_iter().find(|step| step.mend.is_some()).expect("one that can be mended");
        assert_eq!(step.mend, Some(Mend::CredsStore(config.clone())));
        // Somebody wants it so.
        std::fs::write(&config, r#"{"credsStore":""}"#).expect("w");
        assert!(look(&system).next.iter().all(|step| step.mend.is_none()), "{:?}", look(&system).next);
        std::fs::write(&config, r#"{"auths":{"b.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#).expect("w");
        let found = look(&system).next;
        assert!(found.iter().all(|step| step.mend.is_none() && !step.what.contains("credsStore")), "{found:?}");
        let step = found.iter().find(|step| step.what.contains("\"b.test\" in clear")).expect("told");
        assert_eq!(step.command.as_deref(), Some("regpass fix --apply INL01"));
        std::fs::write(&config, r#"{"credsStore":"desktop","auths":{"b.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#)
            .expect("w");
        let told = steps(&system).join("\n");
        assert!(told.contains("\"docker-credential-desktop\"") && told.contains("\"b.test\" in clear"), "{told}");
        assert!(!told.contains("hunter2"));
    }

    #[test]
    fn a_change_of_recipients_that_was_killed_is_told_until_it_is_done() {
        let bench = Bench::new();
        bench.put(".gpg-id", "alice\n");
        bench.put("done.gpg", "for alice\nx");
        let look = |entries| astray(&bench.system, &EntryPath::root(), entries, &Cancel::default());
        let found = look(2).expect("looked at");
        assert!(found.count() == Some(0) && steps_for_astray(&found).is_empty(), "{found:?}");
        bench.put("left.gpg", "for alice bob\nx");
        let found = look(2).expect("looked at");
        assert_eq!(found.count(), Some(1));
        let steps = steps_for_astray(&found);
        assert!(steps[0].what.starts_with("1 entry is not") && steps.len() == 1, "{steps:?}");
        assert_eq!(steps[0].command.as_deref(), Some("regpass reencrypt"));
        assert!(look(LOOKED_AT_MAX + 1).is_none());
    }

    #[test]
    fn where_nobody_can_tell_who_reads_nothing_is_said_to_be_in_place() {
        let bench = Bench::new();
        bench.put(".gpg-id", "alice\n");
        bench.put("done.gpg", "for alice\nx");
        bench.put("team/.gpg-id", "missing\n");
        bench.put("team/x.gpg", "for bob\nx");
        let look = || astray(&bench.system, &EntryPath::root(), 2, &Cancel::default()).expect("looked at");
        let found = look();
        assert_eq!((found.count(), found.entries, found.untold, found.closed), (None, 0, 1, 0));
        let steps = steps_for_astray(&found);
        assert!(steps.len() == 1 && steps[0].what.starts_with("of 1 entry it cannot be told"), "{steps:?}");
        assert!(steps[0].what.contains("\"missing\""), "{steps:?}");
        bench.put("left.gpg", "for alice bob\nx");
        assert_eq!((look().count(), steps_for_astray(&look()).len()), (Some(1), 2));
        let shut = Astray { closed: 1, why: Some(Problem::failed("cannot look into \"a\"")), ..Astray::default() };
        assert_eq!((shut.count(), steps_for_astray(&shut).len()), (None, 1));
    }

    #[test]
    fn the_agent_s_word_becomes_a_step_only_where_something_is_to_be_done() {
        assert!(step_for(Lock::NoAgent).is_some_and(|step| step.what.contains("the first pull starts it")));
        assert!(step_for(Lock::Absent).is_some());
        assert!(step_for(Lock::Unlocked).is_none() && step_for(Lock::KeyFile).is_none());
    }
}

//! Does a `docker pull` find its login here: each thing it needs, in the order in which Docker comes to it. Decrypts nothing,
//! asks a running gpg-agent and starts none, and asks nobody for a passphrase.

use std::path::Path;

use super::mending::USUAL;
use super::overview::{self, Overview};
use super::readers::{self, Lock, Reader};
use super::registries::Registries;
use super::shims::{self, Shim};
use crate::model::{EntryPath, Problem, UserId, text};
use crate::system::System;
use crate::system::docker::config::DockerConfig;
use crate::system::files;
use crate::system::journal::Call;
use crate::system::keyring::RecipientStanding;
use crate::system::links::Found;
use crate::system::programs;
use crate::system::store::{Store, layout};

/// How many of the last helper calls are looked at.
const CALLS: usize = 50;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Works,
    /// It works, and there is something to know.
    Note,
    /// Docker gets no login, or keeps none, because of it.
    Broken,
    /// It could not be looked at.
    Unknown,
}

/// One thing that is needed.
#[derive(Clone, Debug)]
pub struct Line {
    /// One word.
    pub about: &'static str,
    pub state: State,
    /// A part of a sentence, escaped.
    pub said: String,
    /// The command that mends or tells more.
    pub next: Option<String>,
}

/// All of it, and what it comes to.
#[derive(Debug)]
pub struct Diagnosis {
    pub lines: Vec<Line>,
    /// No helper is named, and config.json has logins in clear, which Docker then uses.
    pub in_clear: bool,
}

impl Diagnosis {
    /// The worst of all.
    pub fn state(&self) -> State {
        let has = |state| self.lines.iter().any(|line| line.state == state);
        [State::Broken, State::Unknown, State::Note].into_iter().find(|state| has(*state)).unwrap_or(State::Works)
    }

    /// The first thing that is to be done, in Docker's order.
    pub fn first(&self) -> Option<&Line> {
        let is = |state: State| self.lines.iter().find(move |line| line.state == state);
        is(State::Broken).or_else(|| is(State::Unknown))
    }

    /// In one sentence.
    pub fn verdict(&self) -> String {
        match self.first() {
            Some(line) if line.state == State::Broken => {
                let finds = if self.in_clear { "only the logins that stand in clear" } else { "no login" };
                format!("docker finds {finds} here: {}: {}", line.about, line.said)
            }
            Some(line) => format!("nobody can say whether docker finds its logins: {}: {}", line.about, line.said),
            None if self.asks() => "docker finds its logins here, once the key is unlocked".to_owned(),
            None => "docker finds its logins here".to_owned(),
        }
    }

    fn asks(&self) -> bool {
        self.lines.iter().any(|line| line.about == UNLOCKING && line.state == State::Note)
    }
}

const UNLOCKING: &str = "unlocking";

/// Looks at all of it.
pub fn look(system: &System) -> Diagnosis {
    let (seen, listed) = overview::look_for(system, CALLS);
    let home = system.env.home();
    let tell = |path: &Path| shown(home, path);
    let in_clear = seen.docker.as_ref().is_ok_and(|docker| docker.helper.is_none() && !docker.inline.is_empty());
    let mut lines = vec![docker(system, &tell)];
    lines.push(config(system, &seen, &tell));
    lines.push(helper(system, &seen));
    lines.push(program(&seen, &tell));
    if names_other(&seen) {
        // What lies behind another helper is not ours to see.
        lines.push(journal_line(&seen));
        return Diagnosis { lines, in_clear };
    }
    lines.extend(store(system, &seen, &listed, &tell));
    lines.extend(windows(system, &seen));
    lines.push(journal_line(&seen));
    Diagnosis { lines, in_clear }
}

/// Registries whose login is there for a while, or is not handed out any more.
fn windows(system: &System, seen: &Overview) -> Vec<Line> {
    let told = seen.windows.lines(system.env.unstopped());
    let one = |(is_open, said): (bool, String)| match is_open {
        true => line("window", State::Works, said),
        false => line("window", State::Note, format!("{said}; its login is not handed out"))
            .then("regpass window close --over"),
    };
    told.into_iter().map(one).collect()
}

/// A helper that keeps its logins somewhere else than in a password store.
fn names_other(seen: &Overview) -> bool {
    seen.docker.as_ref().is_ok_and(|docker| docker.helper.is_some()) && !shims::is_ours(&seen.helper.name)
}

fn line(about: &'static str, state: State, said: impl Into<String>) -> Line {
    Line { about, state, said: said.into(), next: None }
}

impl Line {
    fn then(self, next: impl Into<String>) -> Line {
        Line { next: Some(next.into()), ..self }
    }

    /// A problem, with its first hint.
    fn of(about: &'static str, state: State, problem: &Problem) -> Line {
        Line { about, state, said: problem.one_line(), next: problem.all_hints().next().cloned() }
    }
}

fn docker(system: &System, tell: &dyn Fn(&Path) -> String) -> Line {
    let kin = ["podman", "nerdctl", "skopeo", "crane", "oras", "helm"];
    match system.env.find_program("docker") {
        Some(path) => match programs::fault(&path) {
            None => line("docker", State::Works, tell(&path)),
            Some(_) => line("docker", State::Broken, format!("{} cannot be started", tell(&path))),
        },
        None => match kin.iter().find_map(|name| system.env.find_program(name)) {
            Some(path) => line("docker", State::Note, format!("not on PATH; {} is", tell(&path))),
            None => line("docker", State::Broken, "not on PATH, and nothing of its kind"),
        },
    }
}

fn config(system: &System, seen: &Overview, tell: &dyn Fn(&Path) -> String) -> Line {
    let file = tell(&seen.docker_file);
    let docker = match &seen.docker {
        Ok(docker) if docker.exists => docker,
        Ok(_) if picks_itself(system, seen) => return line("config", State::Note, format!("{file} is not there")),
        Ok(_) => {
            return line("config", State::Broken, format!("{file} is not there")).then(mending(seen, "credsStore"));
        }
        Err(problem) => return Line::of("config", State::Broken, problem),
    };
    if system.env.var("DOCKER_AUTH_CONFIG").is_some() {
        let said = format!("{file}; DOCKER_AUTH_CONFIG is set and comes before every helper");
        return line("config", State::Note, said).then("regpass audit --only HLP12");
    }
    match docker.inline.len() {
        0 => line("config", State::Works, file),
        many => {
            line("config", State::Note, format!("{file}, with {many} in clear")).then("regpass audit --group inline")
        }
    }
}

/// The command that puts it in place, as Home has it.
fn mending(seen: &Overview, word: &str) -> String {
    let mut commands = seen.next.iter().filter_map(|step| step.command.as_ref());
    commands.find(|command| command.contains(word)).cloned().unwrap_or_else(|| "regpass status".to_owned())
}

/// Docker takes pass's helper by itself where both are on PATH, as long as its file names no helper and holds no entry
/// (docker/cli `credentials/default_store.go`).
fn picks_itself(system: &System, seen: &Overview) -> bool {
    let is_blank = seen.docker.as_ref().is_ok_and(|docker| !docker.has_entries && docker.helpers.is_empty());
    is_blank && seen.helper.name == USUAL && seen.helper.found.is_some() && system.env.find_program("pass").is_some()
}

fn helper(system: &System, seen: &Overview) -> Line {
    let Ok(docker) = &seen.docker else { return line("helper", State::Unknown, "the configuration tells") };
    let others = of_their_own(docker);
    match &docker.helper {
        Some(name) => {
            let said = format!("credsStore names {}{others}", text::quoted(name));
            line("helper", if others.is_empty() { State::Works } else { State::Note }, said)
        }
        None if docker.helpers.values().any(|helper| shims::is_ours(helper)) => {
            line("helper", State::Note, format!("credsStore is not set{others}"))
        }
        None if picks_itself(system, seen) => {
            line("helper", State::Note, "none is named; Docker takes pass by itself").then("regpass audit --only CFG10")
        }
        None => {
            let said = "none is named: Docker keeps the next login in clear";
            // Named over them, it would be asked for logins that it does not have.
            let next = match docker.inline.is_empty() {
                true => format!("add \"credsStore\": \"{}\" to config.json", seen.helper.name),
                false => "regpass fix --apply INL01".to_owned(),
            };
            line("helper", State::Broken, said).then(next)
        }
    }
}

fn of_their_own(docker: &DockerConfig) -> String {
    match docker.helpers.len() {
        0 => String::new(),
        1 => ", 1 registry has one of its own".to_owned(),
        many => format!(", {many} registries have one of their own"),
    }
}

fn program(seen: &Overview, tell: &dyn Fn(&Path) -> String) -> Line {
    let name = text::escaped(seen.helper.program().as_bytes()).into_owned();
    let ours = shims::is_ours(&seen.helper.name);
    let Some(Shim { path, found }) = &seen.helper.found else {
        let next = if ours { "regpass shims install" } else { "regpass audit --only HLP01" };
        return line("program", State::Broken, format!("{name} is not on PATH")).then(next);
    };
    if programs::fault(path).is_some() {
        return line("program", State::Broken, format!("{} cannot be started", tell(path)))
            .then("regpass audit --only HLP02");
    }
    let path = tell(path);
    match found {
        Found::Ours => line("program", State::Works, format!("{path} is regpass")),
        Found::OtherRegpass(_) | Found::RegpassCopy => {
            line("program", State::Note, format!("{path} is another regpass")).then("regpass shims status")
        }
        Found::OfficialHelper => {
            line("program", State::Note, format!("{path} is the official helper, which needs pass"))
                .then("regpass audit --only HLP04")
        }
        Found::Foreign | Found::Nothing if ours => {
            line("program", State::Note, format!("{path} is not regpass")).then("regpass audit --only HLP07")
        }
        Found::Foreign | Found::Nothing => {
            line("program", State::Note, format!("{path} keeps the logins, not regpass"))
        }
    }
}

/// The store, who can read it, the key, and whether that asks.
fn store(
    system: &System,
    seen: &Overview,
    listed: &Result<Registries, Problem>,
    tell: &dyn Fn(&Path) -> String,
) -> Vec<Line> {
    let stores = match system.stores() {
        Ok(stores) => stores,
        Err(error) => return vec![Line::of("store", State::Broken, &error.into())],
    };
    let root = stores.root();
    if let Err(error) = root.check_place() {
        return vec![Line::of("store", State::Broken, &error.into())];
    }
    let place = tell(root.root());
    if let Some(error) = files::closed(root.root()) {
        return vec![line("store", State::Unknown, error.to_string())];
    }
    if !root.exists() {
        let said = format!("{place} is not there");
        return vec![line("store", State::Broken, said).then(mending(seen, "recipients set"))];
    }
    let mut lines = vec![logins(listed, &place)];
    lines.push(recipients(system, root));
    let own = readers::own_key(system);
    let (key, lock) = match &own {
        Ok(own) => (own.key.as_ref(), own.lock),
        Err(problem) => {
            lines.push(Line::of("key", State::Unknown, problem));
            return lines;
        }
    };
    // Without an agent only the files tell; a card leaves one too.
    let lock = if lock == Lock::NoAgent && !overview::has_secret_key(&system.options.gnupg_home) {
        Lock::Absent
    } else {
        lock
    };
    let readers_known = root.recipients_for(&EntryPath::root(), &system.options).is_ok();
    match (lock == Lock::Absent).then(|| readers::unseen_keys(system, readers_known)).flatten() {
        // A key is not missing where nobody could look for it.
        Some(why) => lines.push(line("key", State::Unknown, why).then("regpass audit --group gpg")),
        None => lines.extend(key_lines(key, lock)),
    }
    lines
}

fn logins(listed: &Result<Registries, Problem>, place: &str) -> Line {
    match listed {
        Ok(found) => {
            let own = found.logins.iter().filter(|login| login.mount.is_root() && !login.server.is_hub_token()).count();
            match own {
                0 => line("store", State::Note, format!("{place}, with no login yet")).then("docker login REGISTRY"),
                1 => line("store", State::Works, format!("{place}, with 1 login")),
                many => line("store", State::Works, format!("{place}, with {many} logins")),
            }
        }
        Err(problem) => Line::of("store", State::Broken, problem),
    }
}

fn recipients(system: &System, root: &Store) -> Line {
    let folder = layout::helper_folder().unwrap_or_else(|_| EntryPath::root());
    let found = match root.recipients_for(&folder, &system.options) {
        Ok(found) => found.recipients,
        Err(error) => return Line::of("readers", State::Broken, &error.into()),
    };
    let readers = readers::describe(system, &found);
    let is_bad = |reader: &&Reader| !matches!(reader.standing, RecipientStanding::Valid | RecipientStanding::Unknown);
    let counted = match readers.len() {
        1 => "1 key can read it".to_owned(),
        many => format!("{many} keys can read it"),
    };
    match readers.iter().find(is_bad) {
        None => line("readers", State::Works, counted),
        Some(reader) => {
            let said = format!("{counted}; {} {}: no new login can be kept", name_of(reader), why(reader.standing));
            line("readers", State::Broken, said).then("regpass recipients")
        }
    }
}

fn why(standing: RecipientStanding) -> &'static str {
    match standing {
        RecipientStanding::Expired => "has expired",
        RecipientStanding::Revoked => "was revoked",
        RecipientStanding::Disabled => "is disabled",
        RecipientStanding::Untrusted => "is vouched for by nobody",
        RecipientStanding::Unusable => "cannot encrypt",
        RecipientStanding::Missing => "is not here",
        RecipientStanding::Ambiguous => "means more than one key",
        RecipientStanding::Valid | RecipientStanding::Unknown => "is usable",
    }
}

fn name_of(reader: &Reader) -> String {
    let name = reader.name.as_ref().map(UserId::to_string);
    name.unwrap_or_else(|| text::escaped(reader.recipient.as_str().as_bytes()).into_owned())
}

fn key_lines(key: Option<&Reader>, lock: Lock) -> Vec<Line> {
    let name = key.map_or_else(|| "your key".to_owned(), name_of);
    let here = |state, said: &str| vec![line("key", State::Works, name.clone()), line(UNLOCKING, state, said)];
    let step = overview::step_for(lock);
    let told = |about, state| {
        let step = step.clone().map(|step| (step.what, step.command));
        let (what, next) = step.unwrap_or_else(|| ("the agent does not tell".to_owned(), None));
        vec![Line { about, state, said: what, next }]
    };
    match lock {
        Lock::Unlocked => here(State::Works, "opens without asking"),
        Lock::KeyFile => here(State::Works, "from a key file"),
        Lock::Locked => here(State::Note, "asks for its passphrase, which a pull without a terminal cannot"),
        Lock::Card => here(State::Note, "is on a card, which has to be there"),
        Lock::NoAgent => {
            let said = "gpg-agent does not run: the first pull starts it, and a locked key asks then";
            vec![line(UNLOCKING, State::Note, said).then("gpg-connect-agent /bye")]
        }
        Lock::Absent => told("key", State::Broken),
        Lock::Silent => told(UNLOCKING, State::Broken),
        Lock::Untold => told(UNLOCKING, State::Unknown),
    }
}

/// What failed lately; it may be mended by now.
fn journal_line(seen: &Overview) -> Line {
    let journal = match &seen.journal {
        Ok(journal) => journal,
        Err(problem) => return Line::of("calls", State::Note, problem),
    };
    if !journal.on {
        return line("calls", State::Note, "the journal is off");
    }
    let is_failure = |call: &&Call| call.outcome.starts_with("error:");
    let failures = journal.calls.iter().filter(is_failure).count();
    let Some(last) = journal.calls.iter().rev().find(is_failure) else {
        let said = if journal.calls.is_empty() {
            "none yet".to_owned()
        } else {
            format!("none of the last {} failed", journal.calls.len())
        };
        return line("calls", State::Works, said);
    };
    let error = last.error.as_deref().unwrap_or(&last.outcome);
    let of =
        last.server.as_deref().map(|server| format!(" for {}", text::escaped(server.as_bytes()))).unwrap_or_default();
    let said = format!(
        "{failures} of the last {} failed; {}{of}: {}",
        journal.calls.len(),
        text::escaped(last.action.as_bytes()),
        text::escaped(error.as_bytes())
    );
    line("calls", State::Note, said).then("regpass journal")
}

/// A path, the home as `~`, escaped.
fn shown(home: Option<&Path>, path: &Path) -> String {
    let below = home.filter(|home| home.parent().is_some()).and_then(|home| path.strip_prefix(home).ok());
    let path = below.map_or_else(|| path.to_owned(), |rest| Path::new("~").join(rest));
    text::escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    fn state(found: &Diagnosis, about: &str) -> State {
        found.lines.iter().find(|line| line.about == about).unwrap_or_else(|| panic!("no {about}: {found:?}")).state
    }

    #[test]
    fn a_bare_machine_is_told_in_docker_s_order() {
        let bench = Bench::new();
        let found = look(&bench.system);
        let order: Vec<&str> = found.lines.iter().map(|line| line.about).collect();
        assert_eq!(order[..5], ["docker", "config", "helper", "program", "store"]);
        assert_eq!(found.state(), State::Broken);
        assert!(found.verdict().contains("docker: not on PATH"), "{}", found.verdict());
        assert!(found.lines.iter().all(|line| !line.said.is_empty() && !line.said.ends_with('.')));
    }

    #[test]
    fn a_helper_of_another_kind_ends_the_trail() {
        let bench = Bench::new();
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(folder.join("config.json"), r#"{"credsStore":"secretservice"}"#).expect("a file");
        let found = look(&bench.system);
        assert_eq!(state(&found, "program"), State::Broken);
        assert!(found.lines.iter().all(|line| line.about != "store"), "{found:?}");
    }

    #[test]
    fn no_helper_is_advised_over_logins_in_clear() {
        let bench = Bench::new();
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let next = |text: &str| {
            std::fs::write(folder.join("config.json"), text).expect("a file");
            let found = look(&bench.system);
            let line = found.lines.into_iter().find(|line| line.about == "helper").expect("a line");
            line.next.expect("something to do")
        };
        assert_eq!(next(r#"{"auths":{"a.test":{"auth":"Ym9iOnB3"}}}"#), "regpass fix --apply INL01");
        assert!(next(r#"{"auths":{"a.test":{}}}"#).starts_with("add \"credsStore\""));
    }

    #[test]
    fn the_agent_s_word_decides() {
        let states = |lock| key_lines(None, lock).iter().map(|line| line.state).collect::<Vec<_>>();
        assert_eq!(states(Lock::Unlocked), [State::Works, State::Works]);
        assert_eq!(states(Lock::Locked), [State::Works, State::Note]);
        assert_eq!(states(Lock::Absent), [State::Broken]);
        assert_eq!(states(Lock::Untold), [State::Unknown]);
        let asks = Diagnosis { lines: key_lines(None, Lock::Locked), in_clear: false };
        assert!(asks.verdict().contains("once the key is unlocked"));
    }

    #[test]
    fn a_key_is_not_missing_where_nobody_could_look() {
        let bench = Bench::new();
        let home = bench.system.options.gnupg_home.clone();
        std::fs::create_dir_all(&home).expect("a folder");
        let keys = home.join("private-keys-v1.d");
        assert_eq!(state(&look(&bench.system), "key"), State::Broken);
        // Root may look into everything but a link to itself.
        std::os::unix::fs::symlink(&keys, &keys).expect("a link");
        let found = look(&bench.system);
        assert_eq!(state(&found, "key"), State::Unknown);
        let said = &found.lines.iter().find(|line| line.about == "key").expect("a line").said;
        assert!(said.contains("private-keys-v1.d"), "{said}");
        std::fs::remove_file(&keys).expect("removed");
        std::fs::remove_file(bench.root().join(".gpg-id")).expect("removed");
        assert_eq!(state(&look(&bench.system), "key"), State::Unknown, "whose key?");
        std::fs::remove_dir_all(bench.root()).expect("removed");
        std::os::unix::fs::symlink(bench.root(), bench.root()).expect("a link");
        let found = look(&bench.system);
        assert!(found.lines.iter().any(|line| line.about == "store" && line.state != State::Works));
        assert!(found.lines.iter().all(|line| line.about != "key"), "{found:?}");
    }

    #[test]
    fn past_failures_are_a_note_and_foreign_text_is_escaped() {
        let bench = Bench::new();
        assert_eq!(journal_line(&overview::look(&bench.system)).state, State::Works);
        let line = r#"{"time":"2026-11-21T00:00:00.000Z","action":"get","server":"a.test\u001b[2J","outcome":"error:failed","error":"no \u001b]0;key","millis":1,"uid":0}"#;
        let folder = &bench.system.options.state_dir;
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(folder.join("journal.jsonl"), line).expect("a file");
        let told = journal_line(&overview::look(&bench.system));
        assert!(told.state == State::Note && !told.said.contains('\u{1b}'), "{told:?}");
    }
}

//! One registry in one context, step by step as Docker does it (docker/cli, `cli/config`): configuration, helper, its
//! program, the store, the entry, the key.

use std::path::Path;
use std::rc::Rc;

use super::inside::{ConfigSeen, Inside, Program};
use super::seen::{Key, Logins};
use super::{Answer, Cell, Reason, Step, docker_key};
use crate::model::{Login, RegistryKey, misplaced, text};
use crate::ops::answering::active;
use crate::ops::registries::official;
use crate::ops::shims::PREFIX;
use crate::system::System;
use crate::system::accounts::{Deed, May, Who};
use crate::system::docker::auth_file::{Contents, Held};
use crate::system::links::Found;
use crate::system::store::{LoginFile, layout};

/// How it ends.
struct End {
    answer: Answer,
    reason: Reason,
    login: Option<Login>,
    why: String,
    mend: Option<String>,
}

impl End {
    fn new(answer: Answer, reason: Reason, why: impl Into<String>) -> End {
        End { answer, reason, login: None, why: why.into(), mend: None }
    }

    fn mended(self, mend: Option<String>) -> End {
        End { mend, ..self }
    }
}

pub(super) struct Trail<'t> {
    pub(super) inside: &'t Inside<'t>,
    pub(super) registry: &'t str,
    key: RegistryKey,
    steps: Vec<Step>,
}

impl<'t> Trail<'t> {
    pub fn of(inside: &'t Inside<'t>, registry: &'t str) -> Trail<'t> {
        Trail { inside, registry, key: docker_key(registry), steps: Vec::new() }
    }

    pub fn cell(mut self, context: usize) -> Cell {
        let End { answer, reason, login, why, mend } = self.walk();
        self.step("answer", answer == Answer::Found, why.clone(), None);
        Cell { registry: self.registry.to_owned(), context, answer, reason, login, why, mend, steps: self.steps }
    }

    fn step(&mut self, name: &'static str, good: bool, seen: impl Into<String>, place: Option<&Path>) {
        if !self.inside.steps {
            return;
        }
        self.steps.push(Step { name, good, seen: seen.into(), place: place.map(Path::to_owned) });
    }

    fn walk(&mut self) -> End {
        if let Some(end) = self.configuration() {
            return end;
        }
        let key = self.key.to_text().into_owned();
        match self.inside.helper(Some(&key)).filter(|helper| !helper.is_empty()) {
            None => self.file_store(),
            Some(helper) => self.by_helper(&helper),
        }
    }

    fn configuration(&mut self) -> Option<End> {
        let inside = self.inside;
        let config = inside.config.clone();
        match &inside.file {
            ConfigSeen::Absent => self.step("config", true, "there is no config.json", Some(&config)),
            ConfigSeen::Read(_) => self.step("config", true, "config.json is read", Some(&config)),
            ConfigSeen::Useless(why) => {
                let seen = format!("{why}; Docker warns and goes on as without one");
                self.step("config", false, seen, Some(&config));
            }
            ConfigSeen::Unseen(why) => {
                let config = inside.place.unclear.is_none().then_some(config.as_path());
                self.step("config", false, why.clone(), config);
                return Some(self.unseen(why));
            }
        }
        let variable = inside.variable.as_ref()?;
        let held = variable.held.iter().find(|held| held.server == self.key.to_text())?;
        let user = held.user.as_ref().map_or_else(String::new, |user| format!(" of {}", user.quoted()));
        if !inside.reads_variable() {
            self.step(
                "variable",
                true,
                "DOCKER_AUTH_CONFIG holds a login, which only Docker 28.3 and later reads",
                None,
            );
            return None;
        }
        self.step("variable", true, format!("DOCKER_AUTH_CONFIG holds a login{user}"), None);
        let why =
            format!("DOCKER_AUTH_CONFIG holds the login{user}, which Docker 28.3 and later takes before all others");
        Some(End { login: held.user.clone(), ..End::new(Answer::Found, Reason::Variable, why) })
    }

    fn unseen(&self, why: &str) -> End {
        let end = End::new(Answer::Unknown, Reason::Unseen, why);
        let place = self.inside.place;
        let is_root_s = place.unclear.is_none() && place.who.as_ref().is_none_or(|who| !who.is_us);
        end.mended(is_root_s.then(|| "look as root: sudo regpass contexts".to_owned()))
    }

    /// Docker looks into its own file.
    fn file_store(&mut self) -> End {
        let inside = self.inside;
        let config = inside.config.clone();
        let shown = text::quoted_path(&config);
        let held = inside.contents().and_then(|contents| inline(contents, &self.key.to_text()));
        // No fault, where the file has what a helper was not asked for.
        let seen = "no helper is named for it: Docker looks into config.json";
        self.step("helper", held.is_some(), seen, Some(&config));
        if let Some(held) = held {
            if inside.contents().is_some_and(|contents| !contents.odd.is_empty()) {
                return End::new(
                    Answer::Unknown,
                    Reason::Config,
                    format!("an auth in {shown} is none, and Docker may stop there"),
                );
            }
            let user = held.user.as_ref().map_or_else(String::new, |user| format!(" of {}", user.quoted()));
            self.step("entry", true, format!("the login{user} stands in config.json, in clear"), Some(&config));
            let end = End::new(Answer::Found, Reason::Inline, format!("the login{user} stands in {shown}, in clear"));
            return End { login: held.user.clone(), ..end };
        }
        let (reason, why) = match &inside.file {
            ConfigSeen::Absent => (Reason::NoHelper, format!("there is no {shown}, so that no helper is asked")),
            ConfigSeen::Useless(why) => (Reason::Config, why.clone()),
            _ => (Reason::NoHelper, format!("{shown} names no helper and holds no login of it")),
        };
        let answer = if reason == Reason::Config { Answer::Error } else { Answer::NotFound };
        let mend = self.mend_config();
        End::new(answer, reason, why).mended(mend)
    }

    fn by_helper(&mut self, helper: &str) -> End {
        let config = self.inside.config.clone();
        let named = match self.inside.contents() {
            Some(contents) if contents.cred_helpers.iter().any(|(server, _)| *server == self.key.to_text()) => {
                "credHelpers"
            }
            Some(contents) if contents.creds_store.is_some() => "credsStore",
            _ => "",
        };
        let shown = text::quoted(helper);
        let seen = match named {
            "" => format!("none is named: Docker takes {shown} by itself"),
            name => format!("{name} names {shown}"),
        };
        self.step("helper", true, seen, Some(&config));
        let name = format!("{PREFIX}{helper}");
        let shown = text::bounded(&name);
        match self.inside.program(&name) {
            Program::At(path, found) => self.with_program(&shown, &path, &found),
            Program::Missing => {
                self.step("program", false, format!("{shown} is not on its PATH"), None);
                let why = format!("{shown} is not on its PATH ({})", self.shown_path());
                let mend = self.mend_program(&name);
                End::new(Answer::Error, Reason::NoProgram, why).mended(mend)
            }
            Program::Unfit(path) => {
                self.step("program", false, "this account may not run it", Some(&path));
                let why = format!("{} may not be run by this account", text::quoted_path(&path));
                let mend = self.mend_program(&name);
                End::new(Answer::Error, Reason::NoProgram, why).mended(mend)
            }
            Program::Unseen(path) => {
                let why = format!("{} may not be looked at from here", text::quoted_path(&path));
                self.step("program", false, why.clone(), Some(&path));
                self.unseen(&why)
            }
        }
    }

    fn with_program(&mut self, name: &str, path: &Path, found: &Found) -> End {
        let what = match found {
            Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy => "it is regpass",
            Found::OfficialHelper => "it is the official helper",
            Found::Foreign | Found::Nothing => "it is another program",
        };
        self.step("program", true, what, Some(path));
        match found {
            Found::Foreign | Found::Nothing => {
                let why = format!(
                    "{name} is {}, another program, whose answer only running it tells",
                    text::quoted_path(path)
                );
                End::new(Answer::Unknown, Reason::ForeignProgram, why)
            }
            Found::OfficialHelper => self.in_store(true),
            _ => self.in_store(false),
        }
    }

    fn in_store(&mut self, is_official: bool) -> End {
        let inside = self.inside;
        let system = match if is_official { inside.of_official() } else { &inside.system } {
            Ok(system) => system,
            Err(why) => return End::new(Answer::Error, Reason::Config, format!("regpass does not start there: {why}")),
        };
        let root = match system.stores() {
            Ok(stores) => stores.root(),
            Err(error) => return End::new(Answer::Error, Reason::NoStore, error.to_string()),
        };
        let shown = text::quoted_path(root.root());
        if let Err(error) = root.check_place() {
            self.step("store", false, error.to_string(), Some(root.root()));
            return End::new(Answer::Error, Reason::StoreShut, error.to_string());
        }
        let Some(who) = &inside.place.who else { return self.unseen("its account is not known") };
        match inside.may_read_store(who, root.root()) {
            May::Missing => {
                self.step("store", false, "there is no store", Some(root.root()));
                let mend = self.mend_login();
                End::new(Answer::NotFound, Reason::NoStore, format!("there is no store at {shown}")).mended(mend)
            }
            May::No(place) => {
                self.step("store", false, "this account may not read it", Some(root.root()));
                let why = format!("this account may not read {shown}: see {}", text::quoted_path(&place));
                let mend = self.mend_login();
                End::new(Answer::Error, Reason::StoreShut, why).mended(mend)
            }
            May::Unseen => {
                let why = format!("{shown} may not be looked into from here");
                self.step("store", false, why.clone(), Some(root.root()));
                self.unseen(&why)
            }
            May::Yes => {
                self.step("store", true, "the store is there", Some(root.root()));
                self.in_entry(system, who, is_official)
            }
        }
    }

    fn in_entry(&mut self, system: &System, who: &Who, is_official: bool) -> End {
        let logins: Rc<Logins> = self.inside.seen.logins(system);
        let (Ok(store), Ok(stores)) = (logins.as_ref(), system.stores()) else {
            let why = logins.as_ref().as_ref().err().cloned().unwrap_or_default();
            self.step("entry", false, why.clone(), None);
            return End::new(if who.is_us { Answer::Error } else { Answer::Unknown }, Reason::StoreShut, why);
        };
        let root = stores.root();
        let files: &[LoginFile] = store.registries.get(&self.key).map(Vec::as_slice).unwrap_or_default();
        let index = if is_official { official(files) } else { active(root, files) };
        let Some(file) = index.and_then(|index| files.get(index)) else {
            let folder = || layout::registry_folder(&self.key).ok().map(|folder| folder.folder(root.root()));
            let shut = (!store.unreadable.is_empty()).then(folder).flatten();
            let shut = shut.and_then(|folder| store.unreadable.iter().find(|one| one.path == folder));
            return match shut {
                Some(shut) => self.unseen(&shut.why),
                None => self.no_entry(store.spellings.get(self.registry).map(Vec::as_slice).unwrap_or_default()),
            };
        };
        let path = file.entry.file(root.root());
        if let May::No(place) = who.may(Deed::Read, &path) {
            self.step("entry", false, "this account may not read it", Some(&path));
            let why =
                format!("this account may not read {}: see {}", text::quoted_path(&path), text::quoted_path(&place));
            return End::new(Answer::Error, Reason::StoreShut, why);
        }
        self.step("entry", true, format!("the login of {}", file.login.quoted()), Some(&path));
        let end = match is_official && !matches!(self.inside.program("pass"), Program::At(..)) {
            true => {
                self.step("program", false, "the official helper needs pass, which is not on its PATH", None);
                let why = "the official helper needs pass, which is not on its PATH";
                let mend = "let regpass take its place: sudo regpass shims install --dir /usr/local/bin";
                End::new(Answer::Error, Reason::NoProgram, why).mended(Some(mend.to_owned()))
            }
            false => self.with_key(system, who, &path, &file.login),
        };
        End { login: Some(file.login.clone()), ..end }
    }

    fn no_entry(&mut self, spellings: &[RegistryKey]) -> End {
        let twin = spellings.iter().find(|key| **key != self.key);
        self.step("entry", false, "the store has no login of it", None);
        let why = match twin {
            Some(twin) => format!(
                "the store has its login as {}, and Docker asks for {}",
                text::quoted(misplaced::server(twin.as_bytes())),
                text::quoted(misplaced::server(self.key.as_bytes()))
            ),
            None => "the store has no login of it".to_owned(),
        };
        let mend = self.mend_login();
        End::new(Answer::NotFound, Reason::NoEntry, why).mended(mend)
    }

    fn with_key(&mut self, system: &System, who: &Who, path: &Path, login: &Login) -> End {
        let user = login.quoted();
        if !self.inside.keys {
            return End::new(Answer::Found, Reason::Helper, format!("the helper finds the login of {user}"));
        }
        if let Some(file) = &system.options.key_file {
            return self.with_key_file(who, file, &user);
        }
        let home = system.options.gnupg_home.clone();
        let found =
            |how: &str| End::new(Answer::Found, Reason::Helper, format!("the helper finds the login of {user}{how}"));
        let unattended = self.inside.place.unattended;
        match self.inside.seen.key(system, who, path) {
            Key::Plain => {
                self.step("key", true, "its secret key is there", Some(&home));
                found("")
            }
            Key::Protected { .. } if !unattended => {
                self.step("key", true, "its secret key is there, under a passphrase", Some(&home));
                found(", once its passphrase is typed")
            }
            Key::Protected { agent } => {
                self.step("key", false, "its secret key wants a passphrase, and nobody is there", Some(&home));
                let (answer, why) = match agent {
                    true => {
                        (Answer::Unknown, "its key wants a passphrase: it is found only while an agent there holds it")
                    }
                    false => (Answer::Error, "its key wants a passphrase, and nobody is there to type it"),
                };
                End::new(answer, Reason::KeyLocked, why).mended(Some(
                    "give it a key without a passphrase, or a key file in REGPASS_KEY_FILE and REGPASS_KEY_PASSPHRASE_FILE".to_owned(),
                ))
            }
            Key::Card => {
                self.step("key", !unattended, "its secret key is on a smartcard", Some(&home));
                match unattended {
                    true => {
                        End::new(Answer::Unknown, Reason::KeyLocked, "its key is on a smartcard, which has to be there")
                    }
                    false => found(", with its smartcard"),
                }
            }
            Key::Absent(keys) => {
                self.step("key", false, "no secret key there opens it", Some(&home));
                let why = format!(
                    "{} has no secret key that opens the login of {user} (it is for {})",
                    text::quoted_path(&home),
                    if keys.is_empty() { "nobody".to_owned() } else { keys.join(", ") }
                );
                let mend = self.mend_key(&home);
                End::new(Answer::Error, Reason::NoKey, why).mended(mend)
            }
            Key::Unseen(why) => {
                self.step("key", false, why.clone(), Some(&home));
                self.unseen(&why)
            }
        }
    }

    fn with_key_file(&mut self, who: &Who, file: &Path, user: &str) -> End {
        match who.may(Deed::Read, file) {
            May::Yes => {
                self.step("key", true, "the key comes from a key file", Some(file));
                End::new(
                    Answer::Found,
                    Reason::Helper,
                    format!("the helper finds the login of {user}, by its key file"),
                )
            }
            May::Unseen => self.unseen(&format!("{} may not be looked at from here", text::quoted_path(file))),
            May::No(_) | May::Missing => {
                self.step("key", false, "the key file cannot be read there", Some(file));
                let why = format!("the key file {} cannot be read there", text::quoted_path(file));
                End::new(Answer::Error, Reason::NoKey, why)
            }
        }
    }
}

/// What Docker's own store answers (docker/cli `cli/config/credentials/file_store.go`): the entry of that name, else the
/// first whose name means that host.
fn inline<'c>(contents: &'c Contents, key: &str) -> Option<&'c Held> {
    let exact = contents.held.iter().find(|held| held.server == key);
    if exact.is_some() || contents.marks.iter().any(|mark| mark == key) {
        return exact;
    }
    contents.held.iter().find(|held| host_of(&held.server) == key)
}

/// docker/cli `credentials.ConvertToHostname`.
fn host_of(server: &str) -> &str {
    let bare = server.strip_prefix("http://").or_else(|| server.strip_prefix("https://")).unwrap_or(server);
    bare.split('/').next().unwrap_or(bare)
}

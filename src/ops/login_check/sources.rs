//! Where Docker would find each registry's login, and the login itself read from there: the store, another helper, or
//! Docker's own file. One after the other, and asking for a passphrase until somebody was asked in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Credential, EntryPath, Login, Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::history;
use crate::ops::keeper::{self, Keeper};
use crate::ops::last_checks;
use crate::ops::opening::unreadable;
use crate::ops::progress::Cancel;
use crate::ops::registries::{self, Elsewhere, Place, Registry, RegistryKind, RegistryLogin};
use crate::ops::shims;
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::docker::auth_file::Layout;
use crate::system::docker::config::{self, DockerConfig, SIZE_MAX};
use crate::system::docker::edit;
use crate::system::docker::helper_program::{HelperError, HelperProgram};
use crate::system::files;
use crate::system::registry::checked::{Expiry, ExpirySource};
use crate::system::registry::outcome::LoginOutcome;
use crate::system::store::not_in_store;

/// Where a login is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Store(EntryPath),
    /// Without `docker-credential-`.
    Helper(String),
    /// In clear in Docker's `config.json`.
    Inline,
    Nowhere,
}

impl Source {
    /// As results are remembered by; None where there is none.
    pub(super) fn word(&self) -> Option<String> {
        match self {
            Source::Store(_) => Some("store".to_owned()),
            Source::Helper(helper) => Some(last_checks::of_helper(helper)),
            Source::Inline => Some("inline".to_owned()),
            Source::Nowhere => None,
        }
    }
}

/// Why a login could not be read: the class, and the words.
type Unread = (LoginOutcome, Box<Problem>);

/// A registry and its login, or why there is none.
pub(super) struct FoundLogin {
    pub(super) name: String,
    pub(super) kind: RegistryKind,
    pub(super) server: RegistryKey,
    pub(super) source: Source,
    pub(super) user: Option<Login>,
    pub(super) credential: Result<Credential, Unread>,
    pub(super) expires: Option<Expiry>,
    pub(super) notes: Vec<String>,
}

/// Those that are named, in any spelling, or all that have a login: in the store, in the file, or with a helper that is named
/// for it or beside a mark.
pub(super) fn find(system: &System, named: &[RegistryKey], cancel: &Cancel) -> Result<Vec<FoundLogin>, Problem> {
    let listed = registries::list(system)?;
    let mut folded: BTreeMap<String, Registry> =
        registries::fold(&listed).into_iter().map(|one| (one.name.clone(), one)).collect();
    let docker = listed.docker.unwrap_or_default();
    let mut reader = Reader { system, docker: &docker, asking: Asking::Allowed, cancel, stuck: Vec::new() };
    if named.is_empty() {
        let marks = docker.marks.iter().filter(|server| !server.is_hub_token()).map(registries::name_of);
        let marked: BTreeSet<String> = marks.filter(|name| !folded.contains_key(name)).collect();
        let mut found: Vec<FoundLogin> = folded.into_values().filter_map(|one| reader.login(&one)).collect();
        let of_marks = marked.into_iter().filter_map(|name| reader.login(&bare(name)));
        // A mark alone is no login.
        found.extend(of_marks.filter(|one| !matches!(one.credential, Err((LoginOutcome::NoCredentials, _)))));
        return Ok(found);
    }
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for key in named {
        let name = registries::name_of(key);
        if seen.contains(&name) {
            continue;
        }
        let one = folded.remove(&name).unwrap_or_else(|| bare(name.clone()));
        found.push(reader.login(&one).unwrap_or_else(|| nowhere(key, &name)));
        seen.push(name);
    }
    Ok(found)
}

/// A registry of which nothing is known here.
fn bare(name: String) -> Registry {
    Registry { kind: RegistryKind::of(&name), name, logins: Vec::new(), elsewhere: Vec::new(), asked: None }
}

fn log_in(name: &str) -> String {
    format!("log in first: regpass login {}", text::shell_word(Path::new(&misplaced::server(name))))
}

fn nowhere(key: &RegistryKey, name: &str) -> FoundLogin {
    let problem = Problem::not_found("no login is stored for it").hint(log_in(name));
    FoundLogin {
        name: name.to_owned(),
        kind: RegistryKind::of(name),
        server: key.clone(),
        source: Source::Nowhere,
        user: None,
        credential: Err((LoginOutcome::NoCredentials, Box::new(problem))),
        expires: None,
        notes: Vec::new(),
    }
}

struct Reader<'a> {
    system: &'a System,
    docker: &'a DockerConfig,
    asking: Asking,
    cancel: &'a Cancel,
    /// Helpers that did not answer: each is waited for once.
    stuck: Vec<String>,
}

impl Reader<'_> {
    /// None where the registry has no login that is one.
    fn login(&mut self, one: &Registry) -> Option<FoundLogin> {
        let counts = |login: &&RegistryLogin| login.active && login.mount.is_root() && !login.server.is_hub_token();
        let stored = one.logins.iter().find(counts);
        let is_inline = |place: &&Elsewhere| matches!(place.place, Place::Inline(_)) && !place.server.is_hub_token();
        let inline = one.elsewhere.iter().find(is_inline);
        match (keeper::asked(self.system, self.docker, &docker_key(&one.name)), stored, inline) {
            (Some(Keeper::Program(program)), stored, _) => Some(self.of_helper(one, &program, stored)),
            (Some(Keeper::Missing(helper)), ..) => {
                let shown = text::quoted(format!("{}{}", shims::PREFIX, misplaced::helper(&helper)));
                let problem = Problem::failed(format!("the helper {shown} is not on PATH"));
                let unread = Err((LoginOutcome::HelperFailed, Box::new(problem)));
                Some(found(one, Source::Helper(helper), None, unread, None))
            }
            (None, _, Some(place)) => Some(self.of_file(one, place, None)),
            (Some(Keeper::Store), None, Some(place)) => {
                Some(self.of_file(one, place, Some("Docker asks its helper and does not find this login")))
            }
            (None, Some(login), None) => {
                Some(self.of_store(one, login, Some("Docker asks no helper and does not find this login")))
            }
            (Some(Keeper::Store), Some(login), _) => {
                let astray = login.server.as_bytes() != docker_key(&one.name).as_bytes();
                Some(self.of_store(
                    one,
                    login,
                    astray.then_some("it is kept under a spelling that Docker does not ask for"),
                ))
            }
            (Some(Keeper::Store) | None, None, None) => None,
        }
    }

    fn of_store(&mut self, one: &Registry, login: &RegistryLogin, note: Option<&str>) -> FoundLogin {
        let credential = self.open(&login.entry).map(|secret| Credential::new(login.login.clone(), secret));
        FoundLogin {
            expires: self.guess(one.kind, login),
            ..found(one, Source::Store(login.entry.clone()), Some(login.login.clone()), credential, note)
        }
    }

    fn open(&mut self, entry: &EntryPath) -> Result<Secret, Unread> {
        if self.cancel.is_called_off() {
            return Err((LoginOutcome::CalledOff, Box::new(Problem::cancelled("called off before it was read"))));
        }
        let failed = |problem: Problem| (LoginOutcome::HelperFailed, Box::new(problem));
        let stores = self.system.stores().map_err(|error| failed(error.into()))?;
        let (store, inner) = stores.locate(entry);
        let ciphertext = store.read(&inner).map_err(|error| failed(error.into()))?;
        let ciphertext = ciphertext.ok_or_else(|| failed(not_in_store(entry)))?;
        let cipher = self.system.cipher().map_err(|error| failed(error.into()))?;
        match cipher.decrypt(&ciphertext, self.asking) {
            Ok(mut secret) => {
                // Both helpers leave the line ends out.
                secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
                Ok(secret)
            }
            Err(error) => {
                let is_locked = error.is_locked() || error.is_asked_in_vain() || error.is_cancelled();
                if error.is_asked_in_vain() || error.is_cancelled() || error.is_stuck() {
                    // Asking for the next one would only ask again.
                    self.asking = Asking::Never;
                }
                let outcome = if is_locked { LoginOutcome::StoreLocked } else { LoginOutcome::HelperFailed };
                Err((outcome, Box::new(unreadable(entry, error.into()))))
            }
        }
    }

    /// When a token of this kind is dead at the latest, by the entry's last commit, else by its file.
    fn guess(&self, kind: RegistryKind, login: &RegistryLogin) -> Option<Expiry> {
        let lifetime = kind.lifetime(login.login.as_str())?;
        let commits = history::commits(self.system, &login.entry, 1).ok().flatten();
        if let Some(commit) = commits.and_then(|commits| commits.into_iter().next()) {
            return Some(Expiry { at: commit.time.checked_add(lifetime)?, source: ExpirySource::Commit });
        }
        Some(Expiry { at: login.modified.checked_add(lifetime)?, source: ExpirySource::File })
    }

    fn of_file(&self, one: &Registry, place: &Elsewhere, note: Option<&str>) -> FoundLogin {
        let user = match &place.place {
            Place::Inline(user) => user.clone(),
            Place::Helper(_) | Place::Ours(_) => None,
        };
        let file = self.system.options.docker_config.join(config::FILE);
        let failed = |problem: Problem| (LoginOutcome::HelperFailed, Box::new(problem));
        let credential = files::read_bounded(&file, SIZE_MAX)
            .map_err(|error| failed(Problem::failed(error.to_string())))
            .and_then(|text| {
                edit::credential(&Secret::new(text), Layout::Nested, &place.server.to_text())
                    .map_err(|error| failed(Problem::failed(format!("its login in Docker's config.json: {error}"))))
            });
        let mut found = found(one, Source::Inline, user, credential, note);
        found.notes.push("its secret stands in Docker's config.json, in clear".to_owned());
        found
    }

    fn of_helper(&mut self, one: &Registry, program: &HelperProgram, stored: Option<&RegistryLogin>) -> FoundLogin {
        let credential = self.ask(program, &docker_key(&one.name), &one.name);
        // The official helper, on the same store.
        if shims::is_ours(&program.name)
            && let (Ok(answer), Some(login)) = (&credential, stored)
            && answer.login == login.login
            && self.open(&login.entry).is_ok_and(|secret| secret.same_as(&answer.secret))
        {
            let source = Source::Store(login.entry.clone());
            let user = Some(login.login.clone());
            return FoundLogin { expires: self.guess(one.kind, login), ..found(one, source, user, credential, None) };
        }
        let note = stored.map(|_| "the store has a login for it too, for which Docker does not ask");
        let user = credential.as_ref().ok().map(|credential| credential.login.clone());
        found(one, Source::Helper(program.name.clone()), user, credential, note)
    }

    fn ask(&mut self, program: &HelperProgram, key: &RegistryKey, name: &str) -> Result<Credential, Unread> {
        if self.cancel.is_called_off() {
            return Err((LoginOutcome::CalledOff, Box::new(Problem::cancelled("called off before it was read"))));
        }
        let failed = |problem: Problem| (LoginOutcome::HelperFailed, Box::new(problem));
        if self.stuck.contains(&program.name) {
            let told = format!("{} did not answer before, and was not asked again", program.shown());
            return Err(failed(Problem::failed(told)));
        }
        match program.get(&self.system.env, key) {
            Ok(Some(credential)) => Ok(credential),
            Ok(None) => {
                let told = format!("{} has no login for it", program.shown());
                Err((LoginOutcome::NoCredentials, Box::new(Problem::not_found(told).hint(log_in(name)))))
            }
            Err(error) => {
                if matches!(error, HelperError::Process(_)) {
                    self.stuck.push(program.name.clone());
                }
                Err(failed(error.into()))
            }
        }
    }
}

fn found(
    one: &Registry,
    source: Source,
    user: Option<Login>,
    credential: Result<Credential, Unread>,
    note: Option<&str>,
) -> FoundLogin {
    FoundLogin {
        name: one.name.clone(),
        kind: one.kind,
        server: RegistryKey::new(one.name.as_str()),
        source,
        user,
        credential,
        expires: None,
        notes: note.map(str::to_owned).into_iter().collect(),
    }
}

/// What Docker looks a registry up by.
fn docker_key(name: &str) -> RegistryKey {
    RegistryKey::new(if name == HUB_NAME { HUB_KEY } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    #[test]
    fn a_password_in_a_name_stands_in_no_remedy() {
        let key = RegistryKey::new("https://u:hunter2@a.test");
        let (_, problem) = nowhere(&key, &registries::name_of(&key)).credential.expect_err("none");
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
        let (_, problem) = nowhere(&key, "ghp_0aB1cD2eF3").credential.expect_err("none");
        assert_eq!(problem.all_hints().next().map(String::as_str), Some("log in first: regpass login '***'"));
    }

    #[test]
    fn a_locked_key_is_told_from_a_damaged_entry() {
        let bench = Bench::new();
        bench.put("a.gpg", "for locked\npw");
        bench.put("b.gpg", "garbage");
        let cancel = Cancel::default();
        let open = |asking, name: &str| {
            let docker = DockerConfig::default();
            let mut reader =
                Reader { system: &bench.system, docker: &docker, asking, cancel: &cancel, stuck: Vec::new() };
            let opened = reader.open(&EntryPath::parse(name).expect("a name"));
            opened.map(|secret| secret.len()).map_err(|(outcome, _)| outcome)
        };
        assert_eq!(open(Asking::Never, "a"), Err(LoginOutcome::StoreLocked));
        assert_eq!(open(Asking::Allowed, "a"), Ok(2));
        assert_eq!(open(Asking::Allowed, "b"), Err(LoginOutcome::HelperFailed));
        assert_eq!(open(Asking::Allowed, "c"), Err(LoginOutcome::HelperFailed));
        cancel.call_off();
        assert_eq!(open(Asking::Allowed, "a"), Err(LoginOutcome::CalledOff));
    }
}

//! What group HLP judges: which helpers are named where, and what would be started for them. Starts a helper only as
//! `probe` says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::AuthSeen;
use super::tls::Conf;
use crate::model::{Secret, text};
use crate::ops::audit::places::{AuthRole, Scope};
use crate::ops::shims::{self, Shim};
use crate::system::System;
use crate::system::docker::auth_config::{self, AuthConfig};
use crate::system::docker::auth_file::pointer;
use crate::system::docker::protocol::NOT_FOUND;
use crate::system::files;
use crate::system::links::Found;
use crate::system::others::Others;
use crate::system::process::{self, Finished, Limits};
use crate::system::programs::{self, Fault};

/// How long a helper may take to answer a probe.
const PROBE: Limits = Limits { time: Duration::from_secs(3), stdout: 4 << 20 };

/// A registry that no helper knows, for names that never are (RFC 2606).
const UNKNOWN: &[u8] = b"regpass-audit.invalid";

/// The most of a script that is looked at, in bytes.
const SCRIPT_MAX: u64 = 1 << 20;

#[derive(Debug, Default)]
pub struct HelpersSeen {
    /// A setting each.
    pub named: Vec<Named>,
    /// Every helper that is named, by its name.
    pub programs: BTreeMap<String, Program>,
    /// The `pass` that the official helper would start; None where it is not what answers.
    pub pass: Option<PassSeen>,
    /// `DOCKER_AUTH_CONFIG`.
    pub auth_config: AuthConfig,
    /// Files that name helpers and could not be understood, escaped.
    pub missed: Vec<String>,
}

/// A setting that names a helper.
#[derive(Clone, Debug)]
pub struct Named {
    pub role: AuthRole,
    pub file: PathBuf,
    /// RFC 6901; empty in files that are not JSON.
    pub pointer: String,
    /// None: for all registries that have no helper of their own.
    pub server: Option<String>,
    /// Without `docker-credential-`.
    pub helper: String,
}

/// What would be started for a helper.
#[derive(Debug, Default)]
pub struct Program {
    /// The first on PATH that may be started.
    pub found: Option<Shim>,
    /// Why it could not be started all the same; without a `found`, what is there instead.
    pub fault: Option<(PathBuf, Fault)>,
    /// Where others could put a program of theirs in its place, or before it.
    pub way_in: Option<PathBuf>,
    pub probed: Probed,
}

/// What a helper says to questions that need no login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Probed {
    /// It is regpass, or there is nothing to start.
    #[default]
    NotNeeded,
    /// It might ask a network or a person.
    NotAsked,
    /// What is wrong with its answers, escaped.
    Answered(Vec<String>),
}

/// What the official helper finds under the name `pass`.
#[derive(Debug)]
pub struct PassSeen {
    pub path: Option<PathBuf>,
    pub kind: PassKind,
    pub fault: Option<(PathBuf, Fault)>,
    /// Where the helper looks for the store.
    pub store: Option<PathBuf>,
    /// The store that regpass works on.
    pub own_store: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassKind {
    PasswordStore,
    Gopass,
    Unknown,
}

pub(super) fn gather(system: &System, scope: &Scope, auth: &[AuthSeen], confs: &[Conf]) -> HelpersSeen {
    let mut seen = HelpersSeen { named: named(auth), ..HelpersSeen::default() };
    for (file, conf) in confs {
        match conf {
            Ok(conf) => seen.named.extend(conf.helpers.iter().map(|helper| Named {
                role: AuthRole::Containers,
                file: file.clone(),
                pointer: String::new(),
                server: None,
                helper: helper.clone(),
            })),
            Err(why) => seen.missed.push(why.clone()),
        }
    }
    let others = Others::than(system.env.uid(), &scope.machine);
    for one in &seen.named {
        if !seen.programs.contains_key(&one.helper) {
            seen.programs.insert(one.helper.clone(), program(system, scope, &others, &one.helper));
        }
    }
    let official = seen.programs.values().any(|program| finds(program, &Found::OfficialHelper));
    seen.pass = official.then(|| pass(system));
    let value = system.env.var("DOCKER_AUTH_CONFIG").map(|value| Secret::new(value.as_encoded_bytes().to_vec()));
    seen.auth_config = value.map_or(AuthConfig::Unset, |value| auth_config::judge(&value));
    seen
}

/// What the files that programs read now say; an old copy names nothing.
fn named(auth: &[AuthSeen]) -> Vec<Named> {
    let mut named = Vec::new();
    for seen in auth.iter().filter(|seen| matches!(seen.role, AuthRole::Docker | AuthRole::Containers | AuthRole::Helm))
    {
        let Some(contents) = seen.contents() else { continue };
        let key = |name: &str| {
            let written = contents.keys.iter().find(|key| key.eq_ignore_ascii_case(name));
            pointer("", written.map_or(name, String::as_str))
        };
        let one = |pointer: String, server: Option<String>, helper: &str| Named {
            role: seen.role,
            file: seen.file.path.clone(),
            pointer,
            server,
            helper: helper.to_owned(),
        };
        // podman and its kin do not read it (containers/image `pkg/docker/config`).
        let store = contents.creds_store.as_deref().filter(|_| seen.role != AuthRole::Containers);
        named.extend(store.map(|helper| one(key("credsStore"), None, helper)));
        let own = contents.cred_helpers.iter().filter(|(_, helper)| !helper.is_empty());
        named.extend(
            own.map(|(server, helper)| one(pointer(&key("credHelpers"), server), Some(server.clone()), helper)),
        );
    }
    named
}

fn program(system: &System, scope: &Scope, others: &Others, helper: &str) -> Program {
    // A path in the name would lead anywhere.
    if helper.contains(['/', '\0']) {
        return Program::default();
    }
    let found = shims::found_first(system, helper).ok().flatten();
    let name = format!("{}{helper}", shims::PREFIX);
    let folders: Vec<PathBuf> = system.env.path_dirs().into_iter().filter(|folder| folder.is_absolute()).collect();
    let fault = match &found {
        Some(shim) => programs::fault(&shim.path).map(|fault| (shim.path.clone(), fault)),
        None => folders
            .iter()
            .map(|folder| folder.join(&name))
            .find(|file| file.symlink_metadata().is_ok())
            .and_then(|file| programs::fault(&file).map(|fault| (file, fault))),
    };
    let way_in = found.as_ref().and_then(|shim| {
        let before = folders.iter().take_while(|folder| shim.path.parent() != Some(*folder));
        let upto = before.map(PathBuf::as_path).chain(shim.path.parent());
        upto.filter_map(|folder| others.way_into(folder)).next().or_else(|| others.way_in(&shim.path))
    });
    let probed = match &found {
        Some(shim) if fault.is_none() => probe(system, scope, helper, shim),
        _ => Probed::NotNeeded,
    };
    Program { found, fault, way_in, probed }
}

fn finds(program: &Program, what: &Found) -> bool {
    program.found.as_ref().is_some_and(|shim| shim.found == *what)
}

/// Starts a helper that only reads a password store; others (a desktop's, a cloud's) may use a network or ask a person, and
/// are started where that was asked for.
fn probe(system: &System, scope: &Scope, helper: &str, shim: &Shim) -> Probed {
    if matches!(shim.found, Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy | Found::Nothing) {
        return Probed::NotNeeded;
    }
    if !scope.live && helper != "pass" {
        return Probed::NotAsked;
    }
    let ask = |action: &str, input: &[u8], is_right: fn(&Finished) -> bool, meant: &str| {
        let mut command = process::command(&system.env, &shim.path.to_string_lossy());
        // Nobody is to be asked for a passphrase.
        ["GPG_TTY", "DISPLAY", "WAYLAND_DISPLAY"].iter().for_each(|name| {
            command.env_remove(name);
        });
        command.arg(action);
        match process::run(&mut command, input, PROBE) {
            Ok(finished) if is_right(&finished) => None,
            Ok(finished) => Some(format!("{action}: {} instead of {meant}", ending(&finished))),
            Err(error) => Some(format!("{action}: {error}")),
        }
    };
    // One wrong answer is enough: a helper that hangs is waited for once.
    let wrong = ask("list", b"unused", lists, "one JSON object")
        .or_else(|| ask("get", UNKNOWN, misses, "the words for an unknown registry"));
    Probed::Answered(wrong.into_iter().collect())
}

fn lists(finished: &Finished) -> bool {
    let object = serde_json::from_slice::<BTreeMap<String, String>>(finished.stdout.expose());
    finished.status.success() && object.is_ok()
}

/// Docker takes these words and nothing else for "no login" (docker-credential-helpers `credentials/error.go`).
fn misses(finished: &Finished) -> bool {
    !finished.status.success() && finished.stdout.expose().trim_ascii() == NOT_FOUND.as_bytes()
}

/// How it ended, without a word of what it said: that may be a login.
fn ending(finished: &Finished) -> String {
    let how = finished.status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    format!("{how} and {} bytes", finished.stdout.len())
}

fn pass(system: &System) -> PassSeen {
    let folders: Vec<PathBuf> = system.env.path_dirs().into_iter().filter(|folder| folder.is_absolute()).collect();
    let path = system.env.find_program("pass");
    let there = || folders.iter().map(|folder| folder.join("pass")).find(|file| file.symlink_metadata().is_ok());
    let fault = path.clone().or_else(there).and_then(|file| programs::fault(&file).map(|fault| (file, fault)));
    let named = system.env.var("PASSWORD_STORE_DIR").map(PathBuf::from);
    PassSeen {
        kind: path.as_deref().map_or(PassKind::Unknown, kind_of_pass),
        path,
        fault,
        store: named.or_else(|| system.env.home().map(|home| home.join(".password-store"))),
        own_store: system.stores().ok().map(|stores| stores.root().root().to_owned()),
    }
}

/// By what the script says of itself; gopass is a program, known by its file's name.
fn kind_of_pass(path: &Path) -> PassKind {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real.file_name().is_some_and(|name| name == "gopass") {
        return PassKind::Gopass;
    }
    let script = files::read_bounded(&real, SCRIPT_MAX).unwrap_or_default();
    let marks: [&[u8]; 2] = [b"password-store", b"PASSWORD_STORE"];
    let holds = |mark: &[u8]| script.windows(mark.len()).any(|window| window == mark);
    if script.starts_with(b"#!") && marks.into_iter().any(holds) { PassKind::PasswordStore } else { PassKind::Unknown }
}

impl Named {
    /// The program's file name, escaped and in quotes.
    pub fn program(&self) -> String {
        text::quoted(format!("{}{}", shims::PREFIX, self.helper))
    }
}

//! The facts that checks judge, gathered once and from files only: nothing is decrypted, nobody is asked over a network,
//! and no secret is in them. Gathering decides nothing.

mod closed;
pub mod contexts;
mod gnupg;
pub mod helpers;
mod keyholders;
mod logins;
mod modes;
mod stores;
mod texts;
pub mod tls;
pub mod window;

pub use closed::Source;
pub use gnupg::{GnupgSeen, PinentrySeen, WaySeen};
pub use keyholders::{AgentSeen, OwnKey, ReaderSeen};
pub use logins::{OpenedLogin, OpenedSeen};
pub use modes::{Foreign, Loose};
pub use stores::{Addressed, GitSeen, ReadersSeen, StoreSeen, StoresSeen};
pub use texts::TextSeen;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::{Problem, RegistryKey, Secret, text};
use crate::ops::audit::literals::{self, Kind, Literal};
use crate::ops::audit::parts::{Part, Parts};
use crate::ops::audit::places::{self, AuthRole, Scope};
use crate::ops::registries;
use crate::ops::shims;
use crate::system::System;
use crate::system::docker::auth_file::{self, AuthFile, Held};
use crate::system::files;
use crate::system::git::{self, Tracking};
use crate::system::links::Found;
use keyholders::Keyholders;

/// The most variables or words of one process that are read, in bytes: more than execve(2) takes.
const PROCESS_MAX: u64 = 8 << 20;

/// Everything that checks know. A field is one question, answered once.
#[derive(Debug, Default)]
pub struct Evidence {
    pub uid: u32,
    pub home: Option<PathBuf>,
    /// Whose the home is.
    pub home_uid: Option<u32>,
    /// Docker's own first.
    pub auth: Vec<AuthSeen>,
    pub docker_folder: FolderSeen,
    pub texts: Vec<TextSeen>,
    /// Folders with projects were named.
    pub has_roots: bool,
    /// The length of this process's own `DOCKER_AUTH_CONFIG`, where that is not empty.
    pub auth_config: Option<usize>,
    pub processes: Vec<ProcessSeen>,
    /// How many processes keep their variables, and how many their command lines, from this user.
    pub closed: Closed,
    /// Addresses with a secret in `daemon.json`.
    pub daemon: Option<(PathBuf, Vec<Held>)>,
    /// The store's logins, by the names of files; None: it cannot be listed.
    pub stored: Option<Vec<RegistryKey>>,
    /// The helper that works here, without `docker-credential-`; regpass's own first.
    pub helper: Option<String>,
    pub contexts: contexts::ContextsSeen,
    pub helpers: helpers::HelpersSeen,
    pub tls: tls::TlsSeen,
    pub window: window::WindowSeen,
    pub stores: StoresSeen,
    pub gnupg: GnupgSeen,
    /// The store's logins opened; None: that was not asked for.
    pub opened: Option<OpenedSeen>,
    /// What is there and could not be looked into, and why, escaped.
    pub shut: Vec<(Source, String)>,
}

/// A file with logins.
#[derive(Debug)]
pub struct AuthSeen {
    pub role: AuthRole,
    pub file: AuthFile,
    /// On a file system that is in memory.
    pub in_memory: bool,
    /// Whether git has it, and the top of that work tree; asked only of files that hold something.
    pub tracking: Option<(PathBuf, Tracking)>,
    /// A folder around it that an image may be built from, with nothing that leaves this file out.
    pub build_context: Option<PathBuf>,
}

#[derive(Debug, Default)]
pub struct FolderSeen {
    pub path: PathBuf,
    pub exists: bool,
    /// Permission bits.
    pub mode: u32,
    pub uid: u32,
    /// Whether a file could be made in it, by the system's word.
    pub is_writable: bool,
    /// Why what lies in it cannot be listed, escaped.
    pub closed: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub variables: usize,
    pub command_lines: usize,
}

/// A process with a secret in its variables or its command line.
#[derive(Debug)]
pub struct ProcessSeen {
    pub pid: u32,
    pub file: PathBuf,
    pub literal: Literal,
}

/// Gathers everything.
pub fn gather(system: &System, scope: &Scope) -> Evidence {
    gathered(system, scope, &Parts::of(&[]))
}

/// Gathers what these checks need; everything for none. Err when it was called off.
pub fn gather_for(system: &System, scope: &Scope, ids: &[String]) -> Result<Evidence, Problem> {
    let found = gathered(system, scope, &Parts::of(ids));
    if scope.cancel.is_called_off() { Err(Problem::cancelled("called off")) } else { Ok(found) }
}

/// Looks at nothing more once it is called off: what is found then is for nobody.
fn gathered(system: &System, scope: &Scope, parts: &Parts) -> Evidence {
    let env = &system.env;
    let wanted = |part: Part| parts.has(part) && !scope.cancel.is_called_off();
    let goes_on = || !scope.cancel.is_called_off();
    let auth = places::auth_files(system, scope).into_iter().take_while(|_| goes_on());
    let auth: Vec<AuthSeen> =
        auth.map(|(role, layout, path)| seen(system, role, auth_file::read(&path, layout))).collect();
    let listed = registries::list(system).ok();
    let window = only(wanted(Part::Window), || window::gather(system, &auth, listed.as_ref()));
    let (processes, closed) = only(wanted(Part::Processes), || processes(scope, env.uid()));
    let (helper, is_ours) = working_helper(system).unzip();
    let (stores, gnupg) = only(wanted(Part::Stores), || {
        let mut keyholders = Keyholders::default();
        let stores = stores::gather(system, &scope.cancel, listed.as_ref(), is_ours == Some(true), &mut keyholders);
        let gnupg = gnupg::gather(system, scope, stores.is_used(), keyholders);
        (stores, gnupg)
    });
    let wants_texts = wanted(Part::Texts) || wanted(Part::Contexts);
    let texts = only(wants_texts, || places::texts(system, scope));
    let wants_confs = wanted(Part::Helpers) || wanted(Part::Tls);
    let confs = only(wants_confs, || tls::registries_confs(system, scope));
    let contexts = only(wanted(Part::Contexts), || contexts::gather(system, scope, listed.as_ref(), &texts.files));
    let texts = only(wanted(Part::Texts), || texts::look_at(texts, &scope.cancel));
    let seen = closed::Gathered {
        auth: &auth,
        texts: &texts,
        listed: listed.as_ref(),
        stores: &stores,
        gnupg: &gnupg,
        matrix: &contexts.matrix,
    };
    let shut = closed::gather(system, scope, &seen);
    Evidence {
        uid: env.uid(),
        home: env.home().map(Path::to_owned),
        home_uid: env.home().and_then(|home| home.metadata().ok()).map(|meta| meta.uid()),
        contexts,
        helpers: only(wanted(Part::Helpers), || helpers::gather(system, scope, &auth, &confs)),
        auth,
        docker_folder: folder(&system.options.docker_config),
        texts,
        has_roots: !scope.roots.is_empty(),
        auth_config: env.var("DOCKER_AUTH_CONFIG").map(|value| value.len()),
        processes,
        closed,
        daemon: daemon(scope),
        tls: only(wanted(Part::Tls), || tls::gather(system, scope, &confs)),
        window,
        stored: listed.map(|found| found.logins.into_iter().map(|login| login.server).collect()),
        helper,
        stores,
        gnupg,
        opened: None,
        shut,
    }
}

fn only<T: Default>(is_wanted: bool, look: impl FnOnce() -> T) -> T {
    if is_wanted { look() } else { T::default() }
}

fn daemon(scope: &Scope) -> Option<(PathBuf, Vec<Held>)> {
    let file = scope.machine.join("etc/docker/daemon.json");
    auth_file::addresses(&file, &["proxies", "registry-mirrors"]).ok().map(|held| (file, held))
}

impl Evidence {
    /// The file that Docker reads.
    pub fn docker(&self) -> Option<&AuthSeen> {
        self.auth.iter().find(|seen| seen.role == AuthRole::Docker)
    }

    /// Registries with a login here, wherever it is kept, by their canonical names.
    pub fn registries(&self) -> BTreeSet<String> {
        let contents = self.auth.iter().filter_map(AuthSeen::contents);
        let of_files = contents.flat_map(|contents| {
            let held = contents.held.iter().map(|held| &held.server);
            held.chain(&contents.marks).map(|server| RegistryKey::new(server.as_str()).canonical())
        });
        let stored = self.stored.iter().flatten().filter(|key| !key.is_hub_token()).map(RegistryKey::canonical);
        of_files.chain(stored).collect()
    }

    /// Why this source could not be looked into, or not everywhere.
    pub fn shut(&self, source: Source) -> impl Iterator<Item = &String> {
        self.shut.iter().filter(move |(one, _)| *one == source).map(|(_, why)| why)
    }

    /// The files of one kind.
    pub fn auth_of(&self, role: AuthRole) -> impl Iterator<Item = &AuthSeen> {
        self.auth.iter().filter(move |seen| seen.role == role)
    }
}

impl AuthSeen {
    /// Of a file that was read.
    pub fn contents(&self) -> Option<&auth_file::Contents> {
        match &self.file.state {
            auth_file::State::Read(contents) => Some(contents),
            _ => None,
        }
    }

    pub fn holds_secrets(&self) -> bool {
        match &self.file.state {
            auth_file::State::Read(contents) => !contents.held.is_empty(),
            auth_file::State::Broken { lines, .. } => !lines.is_empty(),
            auth_file::State::Absent | auth_file::State::Closed(_) => false,
        }
    }
}

fn seen(system: &System, role: AuthRole, file: AuthFile) -> AuthSeen {
    let in_memory = file.path.starts_with("/run") || file.path.starts_with("/dev/shm");
    let mut seen = AuthSeen { role, file, in_memory, tracking: None, build_context: None };
    if seen.holds_secrets() {
        let real = git::real_path(&seen.file.path);
        let top = real.ancestors().skip(1).find(|folder| folder.join(".git").exists());
        seen.tracking = top.map(|top| (top.to_owned(), git::tracking(&system.env, top, &real)));
        seen.build_context = build_context(&real, system.env.home());
    }
    seen
}

/// The nearest folder around a file that images are built from, unless a `.dockerignore` in it names the file or a folder
/// on the way to it. The home itself and what is above it is nobody's context.
fn build_context(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let is_context = |folder: &&Path| {
        ["Dockerfile", "Containerfile", "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
            .iter()
            .any(|name| folder.join(name).is_file())
    };
    let outside = |folder: &&Path| home.is_none_or(|home| !home.starts_with(folder));
    let context = path.ancestors().skip(1).take_while(outside).find(is_context)?;
    let within = path.strip_prefix(context).ok()?;
    let ignored = files::read_bounded(&context.join(".dockerignore"), 1 << 20).unwrap_or_default();
    let ignored = String::from_utf8_lossy(&ignored).into_owned();
    let names = |line: &str| {
        let everything = ["*", "**", "**/*", "/*"].contains(&line.trim());
        let line = line.trim().trim_start_matches("**/").trim_start_matches('/').trim_end_matches(['/', '*']);
        if everything {
            return true;
        }
        !line.is_empty()
            && !line.starts_with('!')
            && within.ancestors().any(|part| part == Path::new(line) || part.ends_with(line))
    };
    (!ignored.lines().any(names)).then(|| context.to_owned())
}

fn folder(path: &Path) -> FolderSeen {
    let Ok(meta) = path.metadata() else { return FolderSeen { path: path.to_owned(), ..FolderSeen::default() } };
    FolderSeen {
        path: path.to_owned(),
        exists: true,
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        is_writable: rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok(),
        closed: std::fs::read_dir(path)
            .err()
            .map(|error| format!("{}: {}", shown(path), text::escaped(error.to_string().as_bytes()))),
    }
}

/// Processes of this user (of everybody, for root), and how many could not be looked at.
fn processes(scope: &Scope, uid: u32) -> (Vec<ProcessSeen>, Closed) {
    let (mut found, mut closed) = (Vec::new(), Closed::default());
    let Ok(items) = std::fs::read_dir(scope.machine.join("proc")) else { return (found, closed) };
    for item in items.flatten().take_while(|_| !scope.cancel.is_called_off()) {
        let Some(pid) = item.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if uid != 0 && item.metadata().map(|meta| meta.uid()).ok() != Some(uid) {
            continue;
        }
        let mut look = |name: &str, recognise: fn(&[u8]) -> Option<Literal>, closed: &mut usize| {
            let file = item.path().join(name);
            match files::read_bounded(&file, PROCESS_MAX).map(Secret::new) {
                Ok(bytes) => found.extend(recognise(bytes.expose()).map(|literal| ProcessSeen { pid, file, literal })),
                Err(error) => *closed += usize::from(error.kind() == ErrorKind::PermissionDenied),
            }
        };
        look("environ", environ, &mut closed.variables);
        look("cmdline", cmdline, &mut closed.command_lines);
    }
    found.sort_by_key(|seen| seen.pid);
    (found, closed)
}

fn environ(bytes: &[u8]) -> Option<Literal> {
    let mut variables = bytes.split(|byte| *byte == 0).filter_map(literals::in_assignment);
    variables.find(|literal| !matches!(literal.kind, Kind::Proxy(_)))
}

/// The words are put into quotes, so that none is taken for several.
fn cmdline(bytes: &[u8]) -> Option<Literal> {
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let quoted = words
        .map(|word| [b"'", &word.iter().copied().filter(|byte| *byte != b'\'').collect::<Vec<_>>()[..], b"'"].concat());
    literals::in_command(Secret::new(quoted.collect::<Vec<_>>().join(&b' ')).expose())
}

/// The helper that `credsStore` could name and that would work, and whether it is regpass: ours, else whatever is found
/// under the usual name.
fn working_helper(system: &System) -> Option<(String, bool)> {
    let ours = |found: &Found| matches!(found, Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy);
    let of = |name: &str| shims::found_first(system, name).ok().flatten().map(|shim| shim.found);
    if let Some(name) = ["pass", "regpass"].into_iter().find(|name| of(name).as_ref().is_some_and(ours)) {
        return Some((name.to_owned(), true));
    }
    of("pass").filter(|found| *found != Found::Nothing).map(|_| ("pass".to_owned(), false))
}

/// A path in words.
pub(in crate::ops::audit) fn shown(path: &Path) -> String {
    text::quoted_path(path)
}

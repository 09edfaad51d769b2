//! The protocol cases of `tests/helper/` against the helper in memory, the real binary, and the official helper.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use regpass::frontend::helper::{self, Verbs};
use regpass::frontend::streams::Streams;
use regpass::model::{Credential, Login, Problem, RegistryKey, Secret};
use regpass::ops::credentials::{CredentialListing, Written};

use crate::support::{Answer, Sandbox, official_helper, peer, run, set_mode};

/// One case, its given things and its calls in order.
#[derive(Debug, Default)]
struct Case {
    id: String,
    given: Vec<Given>,
    calls: Vec<Call>,
    after: Vec<After>,
    disk: bool,
}

#[derive(Debug)]
enum Given {
    Login { server: Vec<u8>, user: Vec<u8>, secret: Vec<u8> },
    Entry { path: String, text: Vec<u8> },
    File { path: String, bytes: Vec<u8> },
    Dir { path: String },
    Link { path: String, target: String },
    Fifo { path: String },
    NoStore,
    NoGpgId,
    Variable { name: String, value: Option<String> },
}

#[derive(Debug, Default)]
struct Call {
    args: Vec<Vec<u8>>,
    input: Vec<u8>,
    out: Out,
    notes: Vec<Vec<u8>>,
    exit: i32,
}

#[derive(Debug, Default)]
enum Out {
    #[default]
    Nothing,
    Exactly(Vec<u8>),
    LineWith(Vec<u8>),
}

#[derive(Debug)]
enum After {
    Holds { path: String, text: Vec<u8> },
    Gone { path: String },
    There { path: String },
}

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/helper")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(cases_dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    let cases: Vec<Case> = files.iter().flat_map(|file| parse(file)).collect();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), cases.len(), "an id is used twice");
    cases
}

fn parse(file: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in std::fs::read_to_string(file).unwrap().lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let bytes = |index: usize| unescaped(rest.split(' ').nth(index).expect("enough arguments"));
        let text = |index: usize| String::from_utf8(bytes(index)).unwrap();
        if word == "case" {
            cases.push(Case { id: text(0), ..Case::default() });
            continue;
        }
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        let case = cases.last_mut().expect("a case before its lines");
        let place = || format!("{}:{}", file.display(), number + 1);
        match word {
            "login" => case.given.push(Given::Login { server: bytes(0), user: bytes(1), secret: bytes(2) }),
            "entry" => case.given.push(Given::Entry { path: path(&text(0)), text: bytes(1) }),
            "file" => case.given.push(Given::File { path: path(&text(0)), bytes: bytes(1) }),
            "dir" => case.given.push(Given::Dir { path: path(&text(0)) }),
            "link" => case.given.push(Given::Link { path: path(&text(0)), target: path(&text(1)) }),
            "fifo" => case.given.push(Given::Fifo { path: path(&text(0)) }),
            "no-store" => case.given.push(Given::NoStore),
            "no-gpg-id" => case.given.push(Given::NoGpgId),
            "env" => case.given.push(Given::Variable { name: text(0), value: Some(text(1)) }),
            "unset" => case.given.push(Given::Variable { name: text(0), value: None }),
            "disk" => case.disk = true,
            "call" => {
                let args = if rest.is_empty() { Vec::new() } else { rest.split(' ').map(unescaped).collect() };
                case.calls.push(Call { args, ..Call::default() });
            }
            "holds" => case.after.push(After::Holds { path: path(&text(0)), text: bytes(1) }),
            "gone" => case.after.push(After::Gone { path: path(&text(0)) }),
            "there" => case.after.push(After::There { path: path(&text(0)) }),
            _ => {
                let call = case.calls.last_mut().unwrap_or_else(|| panic!("{}: no call before it", place()));
                match word {
                    "in" => call.input = unescaped(rest),
                    "out" => call.out = Out::Exactly(unescaped(rest)),
                    "out-has" => call.out = Out::LineWith(unescaped(rest)),
                    "err" => call.notes.push(unescaped(rest)),
                    "exit" => call.exit = rest.parse().unwrap(),
                    _ => panic!("{}: {word:?} is no word of a case", place()),
                }
            }
        }
    }
    cases
}

/// Undoes the escapes of a case file (`tests/helper/README.md`).
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.chars().next().expect("a character after the backslash");
        rest = &after[code.len_utf8()..];
        let braced = |rest: &str| {
            let (head, tail) = rest.split_once('{').expect("a brace");
            let (inner, tail) = tail.split_once('}').expect("a closing brace");
            (head.to_owned(), inner.to_owned(), tail.len())
        };
        match code {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            's' => bytes.push(b' '),
            'e' => {}
            '\\' => bytes.push(b'\\'),
            'x' => {
                bytes.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            }
            'u' => {
                let (_, hex, left) = braced(rest);
                let character = char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap();
                bytes.extend_from_slice(character.to_string().as_bytes());
                rest = &rest[rest.len() - left..];
            }
            '*' => {
                let (count, inner, left) = braced(rest);
                bytes.extend(unescaped(&inner).repeat(count.parse().unwrap()));
                rest = &rest[rest.len() - left..];
            }
            other => panic!("\\{other} is no escape"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// `{SERVER}` to the folder of that server.
fn path(text: &str) -> String {
    match text.split_once('{').and_then(|(front, rest)| Some((front, rest.split_once('}')?))) {
        Some((front, (server, back))) => format!("{front}{}{back}", folder(server.as_bytes())),
        None => text.to_owned(),
    }
}

fn folder(server: &[u8]) -> String {
    format!("docker-credential-helpers/{}", base64::engine::general_purpose::URL_SAFE.encode(server))
}

/// What is wrong with an answer; None when it is as the case wants it. `stderr` is only looked at when `notes` says so.
fn fault(call: &Call, answer: &Answer, notes: bool) -> Option<String> {
    let out_fits = match &call.out {
        Out::Nothing => answer.stdout.is_empty(),
        Out::Exactly(want) => answer.stdout == *want,
        Out::LineWith(want) => {
            let lines = answer.stdout.iter().filter(|byte| **byte == b'\n').count();
            lines == 1 && answer.stdout.ends_with(b"\n") && holds(&answer.stdout, want)
        }
    };
    let notes_fit = !notes
        || match call.notes.as_slice() {
            [] => answer.stderr.is_empty(),
            notes => notes.iter().all(|note| holds(&answer.stderr, note)),
        };
    if out_fits && notes_fit && answer.code == call.exit {
        return None;
    }
    let args: Vec<_> = call.args.iter().map(|arg| String::from_utf8_lossy(arg)).collect();
    let want = match &call.out {
        Out::Nothing => String::new(),
        Out::Exactly(want) | Out::LineWith(want) => shown(want),
    };
    Some(format!(
        "{args:?}: wanted {want:?} and {}, got {:?} and {}, stderr {:?}",
        call.exit,
        shown(&answer.stdout),
        answer.code,
        shown(&answer.stderr)
    ))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn os(args: &[Vec<u8>]) -> Vec<OsString> {
    args.iter().cloned().map(OsString::from_vec).collect()
}

/// The store as the protocol sees it, without files: one login a server, the last one wins, line ends trimmed on read.
#[derive(Default)]
struct MemoryStore(RefCell<BTreeMap<RegistryKey, (Login, Vec<u8>)>>);

impl Verbs for MemoryStore {
    fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        Ok(self.0.borrow().get(key).map(|(login, secret)| {
            let mut secret = Secret::new(secret.clone());
            secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
            Credential::new(login.clone(), secret)
        }))
    }

    fn store(&self, key: &RegistryKey, credential: Credential) -> Result<Written, Problem> {
        let login = (credential.login, credential.secret.expose().to_vec());
        self.0.borrow_mut().insert(key.clone(), login);
        Ok(Written { changed: true, warnings: Vec::new() })
    }

    fn erase(&self, key: &RegistryKey) -> Result<Written, Problem> {
        Ok(Written { changed: self.0.borrow_mut().remove(key).is_some(), warnings: Vec::new() })
    }

    fn list(&self) -> Result<CredentialListing, Problem> {
        let logins = self.0.borrow().iter().map(|(key, (login, _))| (key.clone(), login.clone())).collect();
        Ok(CredentialListing { logins, ..CredentialListing::default() })
    }
}

#[test]
fn in_memory() {
    let mut faults = Vec::new();
    let mut tried = 0;
    for case in cases() {
        let logins_only = case.given.iter().all(|given| matches!(given, Given::Login { .. }));
        if case.disk || !logins_only || !case.after.is_empty() {
            continue;
        }
        tried += 1;
        let store = MemoryStore::default();
        for given in &case.given {
            let Given::Login { server, user, secret } = given else { continue };
            let login = Login::new(String::from_utf8(user.clone()).unwrap());
            let credential = Credential::new(login, Secret::new(secret.clone()));
            store.store(&RegistryKey::new(server.clone()), credential).unwrap();
        }
        for call in &case.calls {
            let (mut answers, mut notes) = (Vec::new(), Vec::new());
            let input = &mut call.input.as_slice();
            let mut streams = Streams { input, typed: false, answers: &mut answers, notes: &mut notes };
            let served = helper::serve(&os(&call.args), &mut streams, || Ok(&store));
            let answer = Answer { code: i32::from(!served.success), stdout: answers, stderr: notes };
            faults.extend(fault(call, &answer, true).map(|fault| format!("{}: {fault}", case.id)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tried > 60, "only {tried} cases can be tried in memory");
}

/// A machine for all cases; each has its own store.
struct Rig {
    sandbox: Sandbox,
    fingerprint: String,
}

impl Rig {
    fn new() -> Rig {
        let (sandbox, fingerprint) = Sandbox::with_store();
        Rig { sandbox, fingerprint }
    }

    /// Prepares the case's store, makes its calls with this program, and says what is wrong.
    fn faults(&self, case: &Case, program: &Path, official: bool) -> Vec<String> {
        let store = self.sandbox.path().join(if official { "official" } else { "ours" }).join(&case.id);
        self.prepare(case, &store);
        let mut faults = Vec::new();
        for call in &case.calls {
            let mut command = self.sandbox.command(program);
            command.env("PASSWORD_STORE_DIR", &store).args(os(&call.args));
            for given in &case.given {
                match given {
                    Given::Variable { name, value: Some(value) } => {
                        command.env(name, value);
                    }
                    Given::Variable { name, value: None } => {
                        command.env_remove(name);
                    }
                    _ => {}
                }
            }
            let mut answer = run(&mut command, &call.input);
            if official {
                named(&mut answer.stdout);
            }
            faults.extend(fault(call, &answer, !official));
        }
        faults.extend(case.after.iter().filter_map(|after| self.after_fault(after, &store)));
        faults
    }

    fn prepare(&self, case: &Case, store: &Path) {
        if case.given.iter().any(|given| matches!(given, Given::NoStore)) {
            return;
        }
        std::fs::create_dir_all(store).unwrap();
        set_mode(store, 0o700);
        if !case.given.iter().any(|given| matches!(given, Given::NoGpgId)) {
            std::fs::write(store.join(".gpg-id"), format!("{}\n", self.fingerprint)).unwrap();
        }
        for given in &case.given {
            let place = |path: &str| {
                let place = store.join(path);
                std::fs::create_dir_all(place.parent().unwrap()).unwrap();
                place
            };
            match given {
                Given::Login { server, user, secret } => {
                    let user = std::str::from_utf8(user).unwrap();
                    self.encrypt(&place(&format!("{}/{user}.gpg", folder(server))), secret);
                }
                Given::Entry { path, text } => self.encrypt(&place(&format!("{path}.gpg")), text),
                Given::File { path, bytes } => std::fs::write(place(path), bytes).unwrap(),
                Given::Dir { path } => std::fs::create_dir_all(place(path)).unwrap(),
                Given::Link { path, target } => std::os::unix::fs::symlink(target, place(path)).unwrap(),
                Given::Fifo { path } => {
                    self.sandbox.command("mkfifo").arg(place(path)).status().unwrap();
                }
                Given::NoStore | Given::NoGpgId | Given::Variable { .. } => {}
            }
        }
    }

    fn encrypt(&self, file: &Path, secret: &[u8]) {
        let file = file.to_str().unwrap();
        let args = ["--batch", "--quiet", "-e", "-r", &self.fingerprint, "-o", file];
        self.sandbox.run("gpg", &args, secret).ok();
    }

    fn after_fault(&self, after: &After, store: &Path) -> Option<String> {
        match after {
            After::Holds { path, text } => {
                let file = store.join(format!("{path}.gpg"));
                let answer = self.sandbox.run("gpg", &["--batch", "--quiet", "-d", file.to_str().unwrap()], b"");
                (answer.stdout != *text).then(|| format!("{path} holds {:?}", shown(&answer.stdout)))
            }
            After::Gone { path } => {
                let there = store.join(path).symlink_metadata().is_ok();
                there.then(|| format!("{path} is there"))
            }
            After::There { path } => {
                let there = store.join(path).symlink_metadata().is_ok();
                (!there).then(|| format!("{path} is gone"))
            }
        }
    }
}

/// An official helper built without its makefile does not know its own name; its answers with it.
fn named(answer: &mut Vec<u8>) {
    for (bare, full) in [
        ("Usage:  <", "Usage: docker-credential-pass <"),
        (": unknown action", "docker-credential-pass: unknown action"),
    ] {
        if answer.starts_with(bare.as_bytes()) {
            answer.splice(..bare.len(), full.bytes());
        }
    }
}

fn binary_faults(rig: &Rig) -> Vec<String> {
    let program = rig.sandbox.helper_link();
    let faults = |case: &Case| -> Vec<String> {
        let found = rig.faults(case, &program, false);
        found.into_iter().map(|fault| format!("{}: {fault}", case.id)).collect()
    };
    cases().iter().flat_map(faults).collect()
}

#[test]
fn the_real_binary() {
    let faults = binary_faults(&Rig::new());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_real_binary_with_a_key_file() {
    let mut rig = Rig::new();
    rig.sandbox.use_key_file(&rig.fingerprint);
    let faults = binary_faults(&rig);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_official_helper_differs_only_where_that_is_known() {
    let (Some(program), Some(_)) = (official_helper(), peer("pass")) else { return };
    let known = known_differences();
    let cases = cases();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let unknown: Vec<_> = known.keys().filter(|id| !ids.contains(id.as_str())).collect();
    assert!(unknown.is_empty(), "differences of cases that do not exist: {unknown:?}");
    let rig = Rig::new();
    let mut surprises = Vec::new();
    for case in &cases {
        let faults = rig.faults(case, &program, true);
        match (faults.is_empty(), known.contains_key(&case.id)) {
            (true, true) => surprises.push(format!("{}: listed as a difference, but it answers the same", case.id)),
            (false, false) => surprises.push(format!("{}: {}", case.id, faults.join("; "))),
            _ => {}
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Case id → why regpass answers otherwise.
fn known_differences() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(cases_dir().join("known-differences")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (id, why) = line.split_once(": ").unwrap_or_else(|| panic!("no reason in {line:?}"));
            (id.to_owned(), why.to_owned())
        })
        .collect()
}

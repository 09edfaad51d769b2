//! What is timed: each scene prepares its machine once and then hands out one command after the other for either side.
//! The peer is the current official helper with pass and GnuPG, or ourselves on a smaller machine.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use crate::measure::Side;
use crate::support::{Sandbox, official_helper, peer};

/// One line of the table.
pub struct Scene {
    pub name: &'static str,
    pub peer: &'static str,
    pub wall_limit: Option<f64>,
    pub cpu_limit: Option<f64>,
    /// Counted runs of each side.
    pub runs: usize,
    pub prepare: fn() -> Option<Sides>,
}

pub struct Sides {
    pub ours: Box<Side>,
    pub peer: Box<Side>,
    /// Looks, after all runs, whether both did what they were timed for, and panics when not. For what can end well with
    /// nothing done; the others' answers are compared by the tests.
    pub proof: Option<Box<dyn Fn()>>,
}

impl Sides {
    fn new(ours: Box<Side>, peer: Box<Side>) -> Sides {
        Sides { ours, peer, proof: None }
    }
}

pub const SCENES: &[Scene] = &[
    scene("get, Curve25519", "official", Some(0.10), Some(0.08), || get_hit("future-default")),
    scene("get, RSA-3072", "official", Some(0.35), Some(0.08), || get_hit("rsa3072")),
    scene("get, not there", "official", Some(1.3), None, || against_official(10, "get", b"nowhere.test".to_vec())),
    scene("version", "official", Some(1.3), None, || against_official(10, "version", Vec::new())),
    scene("list of 10", "official", Some(1.3), None, || against_official(10, "list", Vec::new())),
    scene("list of 10,000", "official", Some(0.5), None, || against_official(10_000, "list", Vec::new())),
    scene("store", "official", Some(0.3), None, store),
    scene("erase", "official", Some(0.3), None, erase),
    scene("get, agent down", "official", Some(0.4), None, agent_down),
    scene("get, 100,000 entries", "ours with 10", Some(1.1), None, many_entries),
    scene("get, ring of 500 certificates", "ours with one", Some(1.3), None, large_ring),
    scene("audit, 1,000 entries", "ours with 10", None, None, || audit(1_000)),
    scene("audit, 10,000 entries", "ours with 10", None, None, || audit(10_000)),
    // A peer that takes most of a minute is not asked thirty times.
    Scene { runs: 3, ..scene("reencrypt, 1,000 entries", "pass init", Some(0.2), None, reencrypt) },
    Scene { runs: 3, ..scene("grep, 1,000 entries", "pass grep", Some(0.33), None, grep) },
];

const fn scene(
    name: &'static str,
    peer: &'static str,
    wall_limit: Option<f64>,
    cpu_limit: Option<f64>,
    prepare: fn() -> Option<Sides>,
) -> Scene {
    Scene { name, peer, wall_limit, cpu_limit, runs: 30, prepare }
}

/// The server whose credential is asked for.
const SERVER: &str = "registry.example.test:5000";

/// A machine with a key of this kind and one credential, agent warm. None when the official helper or pass is missing.
fn machine(algorithm: &str) -> Option<(Rc<Sandbox>, PathBuf)> {
    let official = official_helper()?;
    peer("pass")?;
    let sandbox = Sandbox::new();
    let key = sandbox.make_key("Bench <bench@example.test>", algorithm);
    if algorithm != "future-default" {
        // gpg gives a key of a named algorithm no subkey to encrypt to.
        let silent = ["--pinentry-mode", "loopback", "--passphrase", ""];
        sandbox.gpg(&[&silent[..], &["--quick-add-key", &key, algorithm, "encr", "never"]].concat()).ok();
    }
    sandbox.init_store(&key);
    sandbox.helper("store", payload(SERVER, "hunter2")).ok();
    sandbox.helper("get", SERVER).ok();
    Some((Rc::new(sandbox), official))
}

/// Our helper as `make install` and `regpass shims install` leave it: a copy, and a link to it. What the linker wrote lies in
/// the page cache in other pieces than what was copied there, and costs a quarter more to start; the official helper too
/// is measured as it was installed.
fn installed(sandbox: &Sandbox) -> PathBuf {
    let (folder, built) = (sandbox.home().join("installed"), sandbox.helper_link());
    let link = folder.join("docker-credential-pass");
    if !folder.exists() {
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::copy(built, folder.join("regpass")).expect("a copy");
        std::os::unix::fs::symlink("regpass", &link).expect("a link");
    }
    link
}

fn payload(server: &str, secret: &str) -> String {
    format!("{{\"ServerURL\":\"{server}\",\"Username\":\"alice\",\"Secret\":\"{secret}\"}}")
}

/// A side that runs the same action with the same input each time.
fn same(sandbox: &Rc<Sandbox>, program: &Path, action: &'static str, input: Vec<u8>) -> Box<Side> {
    let (sandbox, program) = (Rc::clone(sandbox), OsString::from(program));
    Box::new(move || (called(&sandbox, &program, action), input.clone()))
}

fn called(sandbox: &Sandbox, program: impl AsRef<Path>, action: &str) -> Command {
    let mut command = sandbox.command(program.as_ref());
    command.arg(action);
    command
}

fn get_hit(algorithm: &str) -> Option<Sides> {
    let (sandbox, official) = machine(algorithm)?;
    let input = SERVER.as_bytes().to_vec();
    Some(Sides::new(
        same(&sandbox, &installed(&sandbox), "get", input.clone()),
        same(&sandbox, &official, "get", input),
    ))
}

/// Both helpers on a store with that many registries.
fn against_official(registries: usize, action: &'static str, input: Vec<u8>) -> Option<Sides> {
    let (sandbox, official) = machine("future-default")?;
    add_registries(&sandbox, registries);
    Some(Sides::new(
        same(&sandbox, &installed(&sandbox), action, input.clone()),
        same(&sandbox, &official, action, input),
    ))
}

/// Copies the one credential's file under that many servers' names.
fn add_registries(sandbox: &Sandbox, count: usize) {
    use base64::Engine;
    let folder = sandbox.store().join("docker-credential-helpers");
    let name = |server: &str| base64::engine::general_purpose::URL_SAFE.encode(server);
    let message = std::fs::read(folder.join(name(SERVER)).join("alice.gpg")).expect("the credential");
    for number in 1..count {
        let dir = folder.join(name(&format!("registry-{number}.example.test")));
        std::fs::create_dir(&dir).expect("a folder");
        std::fs::write(dir.join("alice.gpg"), &message).expect("an entry");
    }
}

/// A new secret each time, so that nobody can skip the write.
fn store() -> Option<Sides> {
    let (sandbox, official) = machine("future-default")?;
    let side = |program: PathBuf, sandbox: Rc<Sandbox>| -> Box<Side> {
        let mut number = 0;
        Box::new(move || {
            number += 1;
            let input = payload("other.example.test", &format!("{number}-{}", program.display()));
            (called(&sandbox, &program, "store"), input.into_bytes())
        })
    };
    Some(Sides::new(side(installed(&sandbox), Rc::clone(&sandbox)), side(official, sandbox)))
}

/// The credential is put back, untimed, before each erase.
fn erase() -> Option<Sides> {
    let (sandbox, official) = machine("future-default")?;
    let side = |program: PathBuf, sandbox: Rc<Sandbox>| -> Box<Side> {
        Box::new(move || {
            sandbox.helper("store", payload("gone.example.test", "x")).ok();
            (called(&sandbox, &program, "erase"), b"gone.example.test".to_vec())
        })
    };
    Some(Sides::new(side(installed(&sandbox), Rc::clone(&sandbox)), side(official, sandbox)))
}

/// The agent is ended, untimed, before each get.
fn agent_down() -> Option<Sides> {
    let (sandbox, official) = machine("future-default")?;
    let side = |program: PathBuf, sandbox: Rc<Sandbox>| -> Box<Side> {
        Box::new(move || {
            sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
            (called(&sandbox, &program, "get"), SERVER.as_bytes().to_vec())
        })
    };
    Some(Sides::new(side(installed(&sandbox), Rc::clone(&sandbox)), side(official, sandbox)))
}

/// Half of the entries are registries, half are ordinary ones in 500 folders.
fn many_entries() -> Option<Sides> {
    let (small, _) = machine("future-default")?;
    add_registries(&small, 10);
    let (large, _) = machine("future-default")?;
    add_registries(&large, 50_000);
    for number in 0..50_000 {
        let dir = large.store().join(format!("folder-{}", number % 500));
        std::fs::create_dir_all(&dir).expect("a folder");
        std::fs::write(dir.join(format!("entry-{number}.gpg")), b"x").expect("an entry");
    }
    let input = SERVER.as_bytes().to_vec();
    Some(Sides::new(
        same(&large, &installed(&large), "get", input.clone()),
        same(&small, &installed(&small), "get", input),
    ))
}

/// The whole static audit: half of the entries are registries, half are ordinary ones in 500 folders.
fn audit(entries: usize) -> Option<Sides> {
    let side = |entries: usize| -> Option<Box<Side>> {
        let (sandbox, _) = machine("future-default")?;
        add_registries(&sandbox, entries / 2);
        let message = sandbox.store().join(layout_of(SERVER)).join("alice.gpg");
        let message = std::fs::read(message).expect("the credential");
        for number in entries / 2..entries {
            let dir = sandbox.store().join(format!("folder-{}", number % 500));
            std::fs::create_dir_all(&dir).expect("a folder");
            std::fs::write(dir.join(format!("entry-{number}.gpg")), &message).expect("an entry");
        }
        let program = crate::support::regpass_binary();
        Some(Box::new(move || {
            let mut command = sandbox.command(&program);
            command.arg("audit");
            (command, Vec::new())
        }))
    };
    Some(Sides::new(side(entries)?, side(10)?))
}

/// The folder of a server's logins, in a store.
fn layout_of(server: &str) -> PathBuf {
    use base64::Engine;
    let name = base64::engine::general_purpose::URL_SAFE.encode(server);
    Path::new("docker-credential-helpers").join(name)
}

/// Entries of each of the stores that are worked through as a whole.
const ENTRIES: usize = 1000;

fn entry_file(store: &Path, number: usize) -> PathBuf {
    store.join(format!("folder-{}/entry-{number}.gpg", number % 100))
}

/// A thousand entries in a hundred folders, twice: a store for either side, in git, and the keys of two people.
fn shared_stores() -> Option<(Rc<Sandbox>, [PathBuf; 2], [String; 2])> {
    peer("pass")?;
    let sandbox = Sandbox::new();
    let keys =
        ["Bench", "Peer"].map(|name| sandbox.make_key(&format!("{name} <{name}@example.test>"), "future-default"));
    sandbox.init_store(&keys[0]);
    sandbox.regpass(&["insert", "-m", "one"], b"hunter2\nuser: alice\nurl: https://example.test\n").ok();
    let message = std::fs::read(sandbox.store().join("one.gpg")).expect("an entry");
    let stores = ["ours", "theirs"].map(|name| sandbox.home().join(name));
    for store in &stores {
        for number in 0..ENTRIES {
            let file = entry_file(store, number);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, &message).expect("an entry");
        }
        std::fs::write(store.join(".gpg-id"), format!("{}\n", keys[0])).expect("recipients");
        let store = store.to_str().expect("a path");
        for args in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "start"]] {
            sandbox.run("git", &[&["-C", store], args].concat(), b"").ok();
        }
    }
    Some((Rc::new(sandbox), stores, keys))
}

/// One person joins, then leaves, and so on: every run encrypts every entry anew, and commits.
fn reencrypt() -> Option<Sides> {
    let (sandbox, [ours, theirs], keys) = shared_stores()?;
    let original = std::fs::read(ours.join("folder-0/entry-0.gpg")).expect("an entry");
    let stores = [ours.clone(), theirs.clone()];
    let runs = Rc::new(Cell::new(0));
    let (home, all, number) = (Rc::clone(&sandbox), keys.clone(), Rc::clone(&runs));
    let ours = Box::new(move || {
        number.set(number.get() + 1);
        std::fs::write(ours.join(".gpg-id"), all[..readers(number.get())].join("\n") + "\n").expect("recipients");
        let mut command = home.command(crate::support::regpass_binary());
        command.env("PASSWORD_STORE_DIR", &ours).arg("reencrypt");
        (command, Vec::new())
    });
    let (home, number) = (Rc::clone(&sandbox), Rc::clone(&runs));
    let peer = Box::new(move || {
        let mut command = home.command("pass");
        command.env("PASSWORD_STORE_DIR", &theirs).arg("init").args(&keys[..readers(number.get())]);
        (command, Vec::new())
    });
    let proof = move || {
        for store in &stores {
            for number in 0..ENTRIES {
                let message = std::fs::read(entry_file(store, number)).expect("an entry");
                assert_eq!(recipients_of(&message), readers(runs.get()), "entry {number} of {}", store.display());
                assert_ne!(message, original, "entry {number} of {}", store.display());
            }
            let store = store.to_str().expect("a path");
            let commits = sandbox.run("git", &["-C", store, "rev-list", "--count", "HEAD"], b"").ok().out();
            assert!(commits.trim().parse::<usize>().expect("a number") > runs.get(), "{commits} commits in {store}");
        }
    };
    Some(Sides { proof: Some(Box::new(proof)), ..Sides::new(ours, peer) })
}

/// How many people read the store after that many runs.
fn readers(runs: usize) -> usize {
    1 + runs % 2
}

fn recipients_of(message: &[u8]) -> usize {
    use sequoia_openpgp::parse::Parse;
    use sequoia_openpgp::{PacketPile, packet::Tag};
    let pile = PacketPile::from_bytes(message).expect("packets");
    pile.children().filter(|packet| packet.tag() == Tag::PKESK).count()
}

fn grep() -> Option<Sides> {
    let (sandbox, [store, _], _) = shared_stores()?;
    let programs = [crate::support::regpass_binary(), PathBuf::from("pass")];
    let command = move |program: &Path| {
        let mut command = sandbox.command(program);
        command.env("PASSWORD_STORE_DIR", &store).args(["grep", "^user: "]);
        command
    };
    let command = Rc::new(command);
    let [ours, peer] = programs.clone().map(|program| -> Box<Side> {
        let command = Rc::clone(&command);
        Box::new(move || (command(&program), Vec::new()))
    });
    let proof = move || {
        for program in &programs {
            let found = crate::support::run(&mut command(program), b"").ok().out();
            assert_eq!(found.matches("alice").count(), ENTRIES, "{}", program.display());
        }
    };
    Some(Sides { proof: Some(Box::new(proof)), ..Sides::new(ours, peer) })
}

/// The key that reads the entry comes last in the ring.
fn large_ring() -> Option<Sides> {
    use openpgp::serialize::Serialize;
    use sequoia_openpgp as openpgp;
    let (small, _) = machine("future-default")?;
    official_helper()?;
    let large = Sandbox::new();
    let mut ring = Vec::new();
    for number in 0..500 {
        let builder =
            openpgp::cert::CertBuilder::general_purpose(Some(format!("Peer {number} <p{number}@example.test>")));
        let (cert, _) = builder.set_profile(openpgp::Profile::RFC4880).expect("a profile").generate().expect("a key");
        cert.serialize(&mut ring).expect("its bytes");
    }
    let file = large.path().join("ring.pgp");
    std::fs::write(&file, ring).expect("a ring");
    large.gpg(&["--import", file.to_str().expect("a path")]).ok();
    let key = large.make_key("Bench <bench@example.test>", "future-default");
    large.init_store(&key);
    large.helper("store", payload(SERVER, "hunter2")).ok();
    let large = Rc::new(large);
    let input = SERVER.as_bytes().to_vec();
    Some(Sides::new(
        same(&large, &installed(&large), "get", input.clone()),
        same(&small, &installed(&small), "get", input),
    ))
}

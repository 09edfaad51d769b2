//! Checks on evidence made by hand: each finds what it is for, and none cries wolf on a sound machine.

use super::super::evidence::{AuthSeen, Evidence, FolderSeen, ProcessSeen, TextSeen};
use super::super::literals::{Kind, Literal};
use super::super::places::{AuthRole, TextRole};
use super::super::{Verdict, all};
use super::answer;
use crate::model::{Login, RegistryKey};
use crate::system::docker::auth_file::{AuthFile, Broken, Contents, Held, Meta, State};
use crate::system::git::Tracking;

fn held(server: &str) -> Held {
    Held {
        pointer: format!("/auths/{server}/auth"),
        server: server.to_owned(),
        user: Some(Login::new("bob")),
        what: "auth".to_owned(),
        length: 9,
    }
}

fn seen(role: AuthRole, state: State) -> AuthSeen {
    let meta = Some(Meta { uid: 1000, mode: 0o600, exposed: false });
    let file = AuthFile { path: "/home/bob/.docker/config.json".into(), meta, link: None, state };
    AuthSeen { role, file, in_memory: false, tracking: None, build_context: None }
}

fn holding(role: AuthRole, server: &str) -> Evidence {
    let contents = Contents { held: vec![held(server)], odd: vec![held(server)], ..Contents::default() };
    Evidence { auth: vec![seen(role, State::Read(contents))], stored: Some(vec![RegistryKey::new("a.test")]), ..mine() }
}

fn read(contents: Contents) -> Evidence {
    Evidence { auth: vec![seen(AuthRole::Docker, State::Read(contents))], ..mine() }
}

/// Of a user whose machine is sound.
fn mine() -> Evidence {
    let folder =
        FolderSeen { path: "/home/bob/.docker".into(), exists: true, mode: 0o700, uid: 1000, is_writable: true };
    Evidence {
        uid: 1000,
        home: Some("/home/bob".into()),
        home_uid: Some(1000),
        docker_folder: folder,
        stored: Some(Vec::new()),
        helper: Some("pass".to_owned()),
        ..Evidence::default()
    }
}

fn line(role: TextRole, kind: Kind) -> Evidence {
    let literal = Literal { kind, registry: None, account: None, length: 9 };
    let text = TextSeen { role, path: "/home/bob/x".into(), exposed: false, literals: Ok(vec![(7, literal)]) };
    Evidence { texts: vec![text], has_roots: true, ..mine() }
}

fn running(kind: Kind) -> Evidence {
    let literal = Literal { kind, registry: None, account: None, length: 9 };
    Evidence { processes: vec![ProcessSeen { pid: 7, file: "/proc/7/x".into(), literal }], ..mine() }
}

fn login() -> Kind {
    Kind::Login("docker".to_owned())
}

fn variable() -> Kind {
    Kind::Variable("REGISTRY_PASSWORD".to_owned())
}

fn folder(change: fn(&mut FolderSeen)) -> Evidence {
    let mut evidence = mine();
    change(&mut evidence.docker_folder);
    evidence
}

/// A check, and what it finds something in.
pub(super) type ByHand = (&'static str, fn() -> Evidence);

pub(super) const BY_HAND: &[ByHand] = &[
    ("INL01", || holding(AuthRole::Docker, "a.test")),
    ("INL02", || holding(AuthRole::Docker, "a.test")),
    ("INL03", || holding(AuthRole::DockerOfHome, "https://b.test/v2/")),
    ("INL04", || holding(AuthRole::Legacy, "a.test")),
    ("INL05", || holding(AuthRole::Containers, "a.test")),
    ("INL06", || holding(AuthRole::Helm, "a.test")),
    ("INL09", || line(TextRole::Runner, Kind::AuthConfig)),
    ("INL10", || running(variable())),
    ("INL11", || running(login())),
    ("INL12", || line(TextRole::History, login())),
    ("INL13", || line(TextRole::Pipeline, login())),
    ("INL14", || line(TextRole::Project, variable())),
    ("INL15", || line(TextRole::BootScript, login())),
    ("INL17", || read(Contents { headers: vec![held("Authorization")], ..Contents::default() })),
    ("INL18", || line(TextRole::Startup, Kind::Proxy("HTTP_PROXY".to_owned()))),
    ("INL19", || holding(AuthRole::Leftover, "a.test")),
    ("INL20", || {
        let mut evidence = holding(AuthRole::Docker, "a.test");
        evidence.auth[0].tracking = Some(("/home/bob".into(), Tracking::Tracked));
        evidence
    }),
    ("CFG01", || {
        let at = Broken { line: 2, column: 3 };
        Evidence { auth: vec![seen(AuthRole::Docker, State::Broken { at, lines: Vec::new() })], ..mine() }
    }),
    ("CFG02", || holding(AuthRole::Docker, "a.test")),
    ("CFG03", || folder(|folder| folder.mode = 0o775)),
    ("CFG04", || folder(|folder| folder.uid = 0)),
    ("CFG05", || {
        let mut evidence = read(Contents::default());
        evidence.auth[0].file.link = Some("/home/eve/config.json".into());
        evidence.auth[0].file.meta = Some(Meta { uid: 1001, mode: 0o644, exposed: true });
        evidence
    }),
    ("CFG06", || folder(|folder| folder.is_writable = false)),
    ("CFG07", || read(Contents { keys: vec!["credHelper".to_owned()], ..Contents::default() })),
    ("CFG08", || read(Contents { repeated: vec!["/auths/a".to_owned()], ..Contents::default() })),
    ("CFG09", || read(Contents { marks: vec!["a.test".to_owned()], ..Contents::default() })),
    ("CFG10", || read(Contents::default())),
];

#[test]
fn on_evidence_made_by_hand() {
    for (id, evidence) in BY_HAND {
        assert_eq!(answer(&evidence(), id).verdict(), Verdict::Found, "{id}");
    }
    let sound = read(Contents {
        creds_store: Some("pass".to_owned()),
        marks: vec!["a.test".to_owned()],
        ..Contents::default()
    });
    for (_, check) in all() {
        assert!(matches!((check.look)(&sound).verdict(), Verdict::Clean | Verdict::Skipped), "{} cries wolf", check.id);
    }
}

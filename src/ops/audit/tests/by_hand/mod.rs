//! Checks on evidence made by hand: each finds what it is for, and none cries wolf on a sound machine.

mod config;
mod contexts;
mod credentials;
mod gpg;
mod helpers;
mod inline;
mod store;
mod tls;
mod window;

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
        traits: None,
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
    let folder = FolderSeen {
        path: "/home/bob/.docker".into(),
        exists: true,
        mode: 0o700,
        uid: 1000,
        is_writable: true,
        closed: None,
    };
    Evidence {
        uid: 1000,
        home: Some("/home/bob".into()),
        home_uid: Some(1000),
        docker_folder: folder,
        stored: Some(Vec::new()),
        helper: Some("pass".to_owned()),
        stores: store::sound(),
        gnupg: gpg::sound(),
        ..Evidence::default()
    }
}

/// A check, and what it finds something in.
pub(super) type ByHand = (&'static str, fn() -> Evidence);

/// A table a group.
pub(super) const BY_HAND: &[&[ByHand]] = &[
    inline::ROWS,
    config::ROWS,
    contexts::ROWS,
    helpers::ROWS,
    tls::ROWS,
    window::ROWS,
    store::ROWS,
    gpg::ROWS,
    credentials::ROWS,
];

#[test]
fn on_evidence_made_by_hand() {
    for (id, evidence) in BY_HAND.iter().copied().flatten() {
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

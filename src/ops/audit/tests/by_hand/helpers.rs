//! Credential helpers.

use super::*;
use crate::ops::audit::evidence::helpers::{HelpersSeen, Named, PassKind, PassSeen, Probed, Program};
use crate::ops::shims::Shim;
use crate::system::docker::auth_config::AuthConfig;
use crate::system::links::Found;
use crate::system::programs::Fault;

/// A setting of Docker's file, and what would be started for it.
fn named(helper: &str, server: Option<&str>, program: Program) -> Evidence {
    let named = Named {
        role: AuthRole::Docker,
        file: "/home/bob/.docker/config.json".into(),
        pointer: "/credsStore".to_owned(),
        server: server.map(str::to_owned),
        helper: helper.to_owned(),
    };
    let helpers = HelpersSeen {
        named: vec![named],
        programs: [(helper.to_owned(), program)].into_iter().collect(),
        ..HelpersSeen::default()
    };
    Evidence { helpers, ..mine() }
}

fn found(found: Found) -> Program {
    Program { found: Some(Shim { path: "/usr/bin/docker-credential-pass".into(), found }), ..Program::default() }
}

pub(super) const ROWS: &[ByHand] = &[
    ("HLP01", || named("ecr-login", None, Program::default())),
    ("HLP02", || {
        let fault = Some(("/usr/bin/docker-credential-pass".into(), Fault::CarriageReturn));
        named("pass", None, Program { fault, ..found(Found::Foreign) })
    }),
    ("HLP05", || {
        let mut evidence = named("pass", None, found(Found::Ours));
        let docker = evidence.helpers.named[0].clone();
        evidence.helpers.named.push(Named { role: AuthRole::Helm, helper: "ecr-login".to_owned(), ..docker });
        evidence
    }),
    ("HLP04", || {
        let mut evidence = named("pass", None, found(Found::OfficialHelper));
        let pass = PassSeen { path: None, kind: PassKind::Unknown, fault: None, store: None, own_store: None };
        evidence.helpers.pass = Some(pass);
        evidence
    }),
    ("HLP04", || {
        let mut evidence = named("pass", None, found(Found::OfficialHelper));
        evidence.helpers.pass = Some(PassSeen {
            path: Some("/usr/bin/pass".into()),
            kind: PassKind::Gopass,
            fault: None,
            store: Some("/home/bob/.password-store".into()),
            own_store: Some("/home/bob/.local/share/gopass/stores/root".into()),
        });
        evidence
    }),
    ("HLP06", || named("pass", Some("docker.io"), found(Found::Ours))),
    ("HLP07", || {
        let probed = Probed::Answered(vec!["list: exit code 0 and 0 bytes".to_owned()]);
        named("pass", None, Program { probed, ..found(Found::Foreign) })
    }),
    ("HLP09", || named("pass", None, Program { way_in: Some("/usr/bin".into()), ..found(Found::Ours) })),
    ("HLP10", || named("dev-containers-7a", None, Program::default())),
    ("HLP12", || {
        let mut evidence = named("pass", None, found(Found::Ours));
        evidence.helpers.auth_config = AuthConfig::Answers(vec!["a.test".to_owned()]);
        evidence
    }),
];

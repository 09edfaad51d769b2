//! Secrets in clear.

use super::*;

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

pub(super) const ROWS: &[ByHand] = &[
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
];

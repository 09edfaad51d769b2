//! The logins themselves.

use std::time::{Duration, SystemTime};

use super::store::login;
use super::*;
use crate::ops::audit::evidence::{OpenedLogin, OpenedSeen};
use crate::ops::registries::RegistryLogin;
use crate::system::docker::traits::Traits;

fn opened(logins: Vec<(RegistryLogin, Traits, usize)>) -> Evidence {
    let mut evidence = mine();
    evidence.stores.logins = Some(logins.iter().map(|(login, ..)| login.clone()).collect());
    let logins = logins.into_iter().map(|(login, traits, group)| OpenedLogin { login, traits, group }).collect();
    evidence.opened = Some(OpenedSeen { logins, ..OpenedSeen::default() });
    evidence
}

fn one(server: &str, user: &str, traits: Traits) -> Evidence {
    opened(vec![(login(server, user), traits, 0)])
}

fn strong() -> Traits {
    Traits { length: 20, ..Traits::default() }
}

fn dead() -> Traits {
    Traits { expires: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)), ..strong() }
}

pub(super) const ROWS: &[ByHand] = &[
    ("CRD01", || one("1.dkr.ecr.eu-west-1.amazonaws.com", "AWS", dead())),
    ("CRD02", || one("a.azurecr.io", "00000000-0000-0000-0000-000000000000", dead())),
    ("CRD02", || one("a.test", "bob", Traits { is_google_token: true, ..strong() })),
    ("CRD03", || one("a.test", "bob", Traits::default())),
    ("CRD03", || one("a.test", "bob", Traits { is_user: true, ..strong() })),
    ("CRD03", || one("a.test", "bob", Traits { is_default: true, ..strong() })),
    ("CRD04", || opened(vec![(login("a.test", "bob"), strong(), 0), (login("b.test", "bob"), strong(), 0)])),
    ("CRD06", || one("gcr.io", "_json_key", strong())),
    ("CRD06", || one("gcr.io", "bob", Traits { is_cloud_key: true, ..strong() })),
    ("CRD09", || one("a.test", "bob", Traits { ends_blank: true, ..strong() })),
    ("CRD09", || one("a.test", "bob", Traits { lines: 2, ..strong() })),
    ("CRD09", || one("a.test", "bob", Traits { starts_empty: true, ..strong() })),
];

#[test]
fn a_key_of_several_lines_and_an_exact_end_are_no_findings() {
    let key = Traits { is_cloud_key: true, lines: 12, ..strong() };
    assert_eq!(answer(&one("gcr.io", "_json_key", key), "CRD09").verdict(), Verdict::Clean);
    // Docker makes a new one with it.
    let token = one("https://index.docker.io/v1/access-token", "bob", dead());
    assert_eq!(answer(&token, "CRD02").verdict(), Verdict::Clean);
    let alive = Traits { expires: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000)), ..strong() };
    let old =
        RegistryLogin { expires: Some(SystemTime::UNIX_EPOCH), ..login("1.dkr.ecr.eu-west-1.amazonaws.com", "AWS") };
    assert_eq!(answer(&opened(vec![(old, alive, 0)]), "CRD01").verdict(), Verdict::Clean);
}

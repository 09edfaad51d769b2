//! The password store.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;
use crate::model::{EntryPath, Recipient};
use crate::ops::audit::evidence::{
    Addressed, AgentSeen, Foreign, GitSeen, ReaderSeen, ReadersSeen, StoreSeen, StoresSeen,
};
use crate::ops::registries::{RegistryKind, RegistryLogin};
use crate::system::cipher::front::Front;
use crate::system::cipher::{Addressees, Reach, Stranger};
use crate::system::git::Operation;
use crate::system::keyring::RecipientStanding;

const FINGERPRINT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn root() -> PathBuf {
    "/home/bob/.password-store".into()
}

fn reader() -> ReaderSeen {
    ReaderSeen {
        recipient: Recipient::new(FINGERPRINT).expect("a recipient"),
        standing: RecipientStanding::Valid,
        fingerprint: Some(FINGERPRINT.to_owned()),
        name: None,
        expires: None,
        own: Some(true),
        vouched: Some(true),
    }
}

fn addressed() -> Addressed {
    Addressed {
        readers: Some(0),
        front: Front { keys: vec!["BBBBBBBBBBBBBBBB".to_owned()], ..Front::default() },
        first: vec![EntryPath::parse("web/x").expect("a name")],
        count: 1,
        compared: Some(Ok(Addressees { wanted: vec![Reach::Reached], ..Addressees::default() })),
        opens: Some(true),
    }
}

pub(super) fn login(server: &str, user: &str) -> RegistryLogin {
    let server = RegistryKey::new(server);
    RegistryLogin {
        canonical: server.canonical(),
        kind: RegistryKind::Other,
        login: Login::new(user),
        entry: crate::system::store::layout::login_entry(&server, &Login::new(user)).expect("an entry"),
        mount: EntryPath::root(),
        file: root().join("docker-credential-helpers/x").join(user),
        modified: SystemTime::UNIX_EPOCH,
        active: true,
        official: true,
        expires: None,
        twins: Vec::new(),
        server,
    }
}

/// A store that is as it should be.
pub(super) fn sound() -> StoresSeen {
    let readers = ReadersSeen { file: Some(root().join(".gpg-id")), readers: vec![reader()], ..ReadersSeen::default() };
    let store = StoreSeen {
        root: root(),
        exists: true,
        readers: vec![readers],
        of_logins: Some(0),
        addressed: vec![addressed()],
        git: Some(Ok(GitSeen::default())),
        ..StoreSeen::default()
    };
    StoresSeen {
        stores: vec![store],
        logins: Some(vec![login("a.test", "bob")]),
        is_named: true,
        now: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)),
        ..StoresSeen::default()
    }
}

fn but(change: fn(&mut StoreSeen)) -> Evidence {
    let mut evidence = mine();
    change(&mut evidence.stores.stores[0]);
    evidence
}

pub(super) fn with_reader(change: fn(&mut ReaderSeen)) -> Evidence {
    let mut evidence = mine();
    change(&mut evidence.stores.stores[0].readers[0].readers[0]);
    evidence
}

fn with_logins(logins: Vec<RegistryLogin>) -> Evidence {
    let mut evidence = mine();
    evidence.stores.logins = Some(logins);
    evidence
}

pub(super) const ROWS: &[ByHand] = &[
    ("STO01", || but(|store| store.of_logins = None)),
    ("STO01", || but(|store| store.exists = false)),
    ("STO01", || but(|store| store.readers[0].fault = Some("it names no recipient".to_owned()))),
    ("STO02", || with_reader(|seen| seen.standing = RecipientStanding::Missing)),
    ("STO03", || with_reader(|seen| seen.standing = RecipientStanding::Expired)),
    ("STO03", || with_reader(|seen| seen.standing = RecipientStanding::Revoked)),
    ("STO03", || with_reader(|seen| seen.standing = RecipientStanding::Disabled)),
    ("STO03", || with_reader(|seen| seen.standing = RecipientStanding::Unusable)),
    ("STO04", || with_reader(|seen| seen.vouched = Some(false))),
    ("STO05", || with_reader(|seen| seen.standing = RecipientStanding::Ambiguous)),
    ("STO05", || with_reader(|seen| seen.recipient = Recipient::new("bob").expect("a recipient"))),
    ("STO05", || with_reader(|seen| seen.recipient = Recipient::new("0xAAAAAAAA").expect("a recipient"))),
    ("STO06", || with_reader(|seen| seen.own = Some(false))),
    ("STO07", || but(|store| store.addressed[0].opens = Some(false))),
    ("STO07", || but(|store| store.damaged = vec![root().join("x.gpg")])),
    ("STO08", || {
        but(|store| {
            let left_out = Addressees { wanted: vec![Reach::Missed], ..Addressees::default() };
            store.addressed[0].compared = Some(Ok(left_out));
        })
    }),
    ("STO08", || {
        but(|store| {
            let stranger = Stranger { key: "C".repeat(16), fingerprint: Some("C".repeat(40)), name: None };
            let wanted = vec![Reach::Reached];
            let addressees = Addressees { wanted, others: vec![stranger], ..Addressees::default() };
            store.addressed[0].compared = Some(Ok(addressees));
        })
    }),
    ("STO09", || {
        let mut evidence = but(|store| {
            store.git = Some(Ok(GitSeen { has_remote: true, ..GitSeen::default() }));
        });
        evidence.stores.local_only = true;
        evidence
    }),
    ("STO10", || {
        but(|store| {
            let mut seen = GitSeen::default();
            seen.status.operation = Some(Operation::Merge);
            store.git = Some(Ok(seen));
        })
    }),
    ("STO10", || {
        but(|store| {
            let mut seen = GitSeen::default();
            seen.status.ahead_behind = Some((2, 1));
            store.git = Some(Ok(seen));
        })
    }),
    ("STO11", || {
        but(|store| {
            store.loose.readable = 3;
            store.loose.first = Some(root().join("x.gpg"));
        })
    }),
    ("STO11", || {
        but(|store| {
            store.foreign.count = 1;
            store.foreign.first = Some((root().join("x.gpg"), 0));
        })
    }),
    ("STO12", || but(|store| store.readers[0].writable = true)),
    ("STO12", || {
        but(|store| {
            store.readers[0].is_signed = true;
            store.readers[0].fault = Some("no signature".to_owned());
        })
    }),
    ("STO13", || but(|store| store.strays = vec![root().join("docker-credential-helpers/YS50ZXN0/.DS_Store")])),
    ("STO14", || {
        let ann = RegistryLogin { active: false, ..login("a.test", "ann") };
        with_logins(vec![RegistryLogin { official: false, ..login("a.test", "bob") }, ann])
    }),
    ("STO15", || but(|store| store.misnamed = vec![root().join("docker-credential-helpers/email")])),
    ("STO17", || with_logins(vec![login("a.test", "bob"), login("https://a.test", "bob")])),
    ("STO18", || {
        let marks = vec!["b.test".to_owned()];
        let auth = vec![seen(AuthRole::Docker, State::Read(Contents { marks, ..Contents::default() }))];
        Evidence { auth, ..mine() }
    }),
];

fn fix(evidence: &Evidence, id: &str) -> String {
    answer(evidence, id).findings.iter().map(|finding| finding.fix.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn no_remedy_shuts_others_out_or_takes_what_is_theirs() {
    let broken = but(|store| store.readers[0].fault = Some("it is not understood".to_owned()));
    assert!(!fix(&broken, "STO01").contains("pass init"), "{}", fix(&broken, "STO01"));
    let foreign =
        but(|store| store.foreign = Foreign { owner: 1000, count: 1, first: Some((root().join("x.gpg"), 0)) });
    assert!(fix(&foreign, "STO11").contains("chown -R 1000 "), "{}", fix(&foreign, "STO11"));
    let stray = |name: &'static str| {
        let mut evidence = mine();
        evidence.stores.stores[0].strays = vec![root().join("docker-credential-helpers/YS50ZXN0").join(name)];
        fix(&evidence, "STO13")
    };
    assert!(stray(".gitignore").contains("mv -n "), "{}", stray(".gitignore"));
    assert!(!stray(".gpg-id").contains("mv "), "{}", stray(".gpg-id"));
    let misnamed = but(|store| store.misnamed = vec![root().join("docker-credential-helpers/email")]);
    assert!(fix(&misnamed, "STO15").contains("mv -n "), "{}", fix(&misnamed, "STO15"));
}

#[test]
fn remedies_name_what_they_are_about() {
    let own = |own| {
        let mut evidence = with_reader(|seen| seen.vouched = Some(false));
        evidence.stores.stores[0].readers[0].readers[0].own = own;
        fix(&evidence, "STO04")
    };
    assert!(
        own(Some(true)).contains(&format!("echo {FINGERPRINT}:6: | gpg --import-ownertrust")),
        "gpg signs no own key"
    );
    assert!(own(Some(false)).contains("gpg --lsign-key ") && own(None).contains("gpg --lsign-key "));
    let differing = |mount: &str, folder: &str| {
        let mut evidence = mine();
        let store = &mut evidence.stores.stores[0];
        store.mount = EntryPath::parse(mount).unwrap_or_default();
        store.readers[0].folder = EntryPath::parse(folder).unwrap_or_default();
        let left_out = Addressees { wanted: vec![Reach::Missed], ..Addressees::default() };
        store.addressed[0].compared = Some(Ok(left_out));
        fix(&evidence, "STO08")
    };
    assert_eq!(differing("work", "team"), "regpass reencrypt work/team");
    assert_eq!(differing("work", ""), "regpass reencrypt work");
    assert_eq!(differing("", "team"), "regpass reencrypt team");
    assert!(differing("", "").starts_with("regpass reencrypt ("));
}

#[test]
fn an_agent_that_does_not_tell_is_no_key_that_is_missing() {
    let mut evidence = with_reader(|seen| seen.own = None);
    evidence.stores.stores[0].addressed[0].opens = None;
    evidence.gnupg.agent = AgentSeen::Restricted;
    for id in ["STO06", "STO07"] {
        let told = answer(&evidence, id);
        assert_eq!(told.verdict(), Verdict::Failed, "{id}");
        assert!(told.missed.iter().any(|why| why.contains("forwarded")), "{id}: {:?}", told.missed);
    }
    assert_eq!(answer(&evidence, "GPG02").verdict(), Verdict::Clean);
    // Who hides whom a message is for wants that nobody can tell.
    evidence.stores.stores[0].addressed[0].front.hidden = 1;
    assert_eq!(answer(&evidence, "STO07").verdict(), Verdict::Clean);
}

//! GnuPG as it is set up.

use std::path::PathBuf;
use std::time::Duration;

use super::store::with_reader;
use super::*;
use crate::ops::audit::evidence::{AgentSeen, GnupgSeen, OwnKey, PinentrySeen, WaySeen};
use crate::system::agent::KeyState;
use crate::system::agent::key_files::OnDisk;

/// One that works, with a key that a passphrase guards.
pub(super) fn sound() -> GnupgSeen {
    let folder = |path: &str| FolderSeen {
        path: path.into(),
        exists: true,
        mode: 0o700,
        uid: 1000,
        is_writable: true,
        closed: None,
    };
    let own = OwnKey {
        fingerprint: "A".repeat(40),
        name: None,
        guard: Some(OnDisk::Protected),
        state: Some(KeyState::Locked),
    };
    let way = WaySeen {
        gpg_tty: Some(("/dev/pts/1".into(), true)),
        terminal: Some("/dev/pts/1".into()),
        ..WaySeen::default()
    };
    GnupgSeen {
        is_used: true,
        gpg: Some(Ok("2.2.40".to_owned())),
        has_agent_program: true,
        home: folder("/home/bob/.gnupg"),
        secret_keys: folder("/home/bob/.gnupg/private-keys-v1.d"),
        socket: "/run/user/1000/gnupg/S.gpg-agent".into(),
        agent: AgentSeen::Answers,
        own: vec![own],
        pinentry: PinentrySeen { chosen: None, program: Some("/usr/bin/pinentry-curses".into()) },
        way,
        conf: Some("/home/bob/.gnupg/gpg-agent.conf".into()),
        ..GnupgSeen::default()
    }
}

fn but(change: fn(&mut GnupgSeen)) -> Evidence {
    let mut evidence = mine();
    change(&mut evidence.gnupg);
    evidence
}

pub(super) const ROWS: &[ByHand] = &[
    ("GPG01", || but(|seen| seen.gpg = None)),
    ("GPG01", || but(|seen| seen.gpg = Some(Ok("2.0.30".to_owned())))),
    ("GPG02", || but(|seen| seen.agent = AgentSeen::Silent("gpg-agent does not answer".to_owned()))),
    ("GPG03", || but(|seen| seen.pinentry.program = None)),
    ("GPG03", || but(|seen| seen.pinentry.program = Some("/usr/bin/pinentry-gnome3".into()))),
    ("GPG04", || but(|seen| seen.way = WaySeen::default())),
    ("GPG04", || but(|seen| seen.way.gpg_tty = None)),
    ("GPG05", || but(|seen| seen.stale = vec![(4711, "/dev/pts/9".into())])),
    ("GPG06", || but(|seen| seen.home.mode = 0o755)),
    ("GPG06", || but(|seen| seen.secret_keys.uid = 0)),
    ("GPG07", || but(|seen| seen.socket = PathBuf::from(format!("/{}/S.gpg-agent", "x".repeat(120))))),
    ("GPG08", || {
        let mut evidence = with_reader(|_| {});
        let now = evidence.stores.now.expect("a time");
        evidence.stores.stores[0].readers[0].readers[0].expires = Some(now + Duration::from_secs(3600));
        evidence
    }),
    ("GPG09", || but(|seen| seen.own[0].guard = Some(OnDisk::Plain))),
    ("GPG10", || but(|seen| seen.cache[0] = Some((1, 3)))),
    ("GPG10", || but(|seen| seen.cache[1] = Some((400_000, 4)))),
];

#[test]
fn what_the_agent_remembers_needs_no_way_to_ask() {
    let mut evidence = but(|seen| seen.way = WaySeen::default());
    evidence.gnupg.own[0].state = Some(KeyState::Unlocked);
    assert_eq!(answer(&evidence, "GPG04").verdict(), Verdict::Clean);
    evidence.gnupg.own[0].guard = Some(OnDisk::Plain);
    assert_eq!(answer(&evidence, "GPG04").verdict(), Verdict::Skipped);
}

#[test]
fn another_user_s_home_is_not_taken_from_them() {
    let fix = |uid: u32| {
        let mut evidence = but(|seen| seen.home.uid = 0);
        evidence.uid = uid;
        answer(&evidence, "GPG06").findings.iter().map(|finding| finding.fix.as_str()).collect::<Vec<_>>().join("; ")
    };
    assert!(fix(1000).contains("sudo chown -R 1000 "), "{}", fix(1000));
    // HOME was kept.
    assert!(!fix(1001).is_empty() && !fix(1001).contains("chown"), "{}", fix(1001));
}

#[test]
fn only_the_owner_of_a_key_prolongs_it_with_its_subkeys() {
    let fix = |own| {
        let mut evidence = with_reader(|_| {});
        let now = evidence.stores.now.expect("a time");
        let seen = &mut evidence.stores.stores[0].readers[0].readers[0];
        (seen.expires, seen.own) = (Some(now + Duration::from_secs(3600)), own);
        answer(&evidence, "GPG08").findings[0].fix.clone()
    };
    assert!(fix(Some(true)).contains("1y '*'"), "{}", fix(Some(true)));
    assert!(!fix(Some(false)).contains("--quick-set-expire"), "{}", fix(Some(false)));
}

//! Docker's configuration.

use super::*;

fn folder(change: fn(&mut FolderSeen)) -> Evidence {
    let mut evidence = mine();
    change(&mut evidence.docker_folder);
    evidence
}

pub(super) const ROWS: &[ByHand] = &[
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

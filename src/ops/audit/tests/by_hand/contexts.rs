//! Contexts.

use std::path::PathBuf;

use super::*;
use crate::ops::audit::evidence::contexts::{ContextsSeen, Strangers};
use crate::ops::contexts::{self, Cell, Context, Kind, Matrix, Missed, Reason};
use crate::system::variables::Variables;

fn context(name: &str, kind: Kind) -> Context {
    Context {
        name: name.to_owned(),
        kind,
        user: Some("bob".to_owned()),
        uid: Some(1000),
        home: Some("/home/bob".into()),
        config: Some("/home/bob/.docker/config.json".into()),
        has_config: Some(true),
        helper: Some("pass".to_owned()),
        program: Some("/usr/local/bin/docker-credential-pass".into()),
        store: Some("/home/bob/.password-store".into()),
        gnupg_home: Some("/home/bob/.gnupg".into()),
        variables: Variables::new(),
        unattended: false,
        file: None,
        doubts: Vec::new(),
    }
}

fn cell(index: usize, answer: contexts::Answer, reason: Reason) -> Cell {
    Cell {
        registry: "a.test".to_owned(),
        context: index,
        answer,
        reason,
        login: None,
        why: "x".to_owned(),
        mend: None,
        steps: Vec::new(),
    }
}

/// This shell, which finds a login, and another context.
fn beside(other: Context, answer: contexts::Answer, reason: Reason) -> Evidence {
    let matrix = Matrix {
        registries: vec!["a.test".to_owned()],
        contexts: vec![context("me", Kind::Me), other],
        cells: vec![cell(0, contexts::Answer::Found, Reason::Helper), cell(1, answer, reason)],
        missed: Vec::new(),
    };
    Evidence { contexts: ContextsSeen { matrix, ..ContextsSeen::default() }, ..mine() }
}

fn seen(contexts: ContextsSeen) -> Evidence {
    Evidence { contexts, ..mine() }
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

pub(super) const ROWS: &[ByHand] = &[
    ("CTX01", || Evidence { uid: 0, ..mine() }),
    ("CTX02", || {
        let root = Context { home: Some("/root".into()), ..context("sudo -H", Kind::SudoHome) };
        let mut evidence = beside(context("sudo", Kind::Sudo), contexts::Answer::Found, Reason::Helper);
        evidence.contexts.matrix.contexts.push(root);
        evidence
    }),
    ("CTX03", || beside(context("unit x", Kind::Unit), contexts::Answer::NotFound, Reason::NoEntry)),
    ("CTX04", || {
        seen(ContextsSeen {
            startup: vec![("/home/bob/.profile".into(), Some("/x".into()))],
            ..ContextsSeen::default()
        })
    }),
    ("CTX05", || beside(context("snap", Kind::Snap), contexts::Answer::Error, Reason::NoProgram)),
    ("CTX06", || {
        seen(ContextsSeen {
            sockets: paths(&["/run/docker.sock", "/run/user/1/docker.sock"]),
            ..ContextsSeen::default()
        })
    }),
    ("CTX07", || beside(context("unit x", Kind::Unit), contexts::Answer::NotFound, Reason::NoHelper)),
    ("CTX08", || beside(context("cron x", Kind::Cron), contexts::Answer::Error, Reason::KeyLocked)),
    ("CTX09", || {
        let mut evidence = beside(context("user eve", Kind::Login), contexts::Answer::Found, Reason::Inline);
        evidence.contexts.all_users = true;
        evidence
    }),
    ("CTX10", || {
        let other = Context { gnupg_home: Some("/root/.gnupg".into()), ..context("sudo", Kind::Sudo) };
        beside(other, contexts::Answer::Error, Reason::NoKey)
    }),
    ("CTX12", || {
        let top = PathBuf::from("/home/bob/.gnupg");
        let strangers = vec![Strangers { first: top.join("x"), top, count: 2, uid: 0 }];
        seen(ContextsSeen { strangers, ..ContextsSeen::default() })
    }),
    ("CTX13", || {
        let remote = Some(("ssh://u:hunter2@far.test".to_owned(), "DOCKER_HOST".to_owned()));
        seen(ContextsSeen { remote, ..ContextsSeen::default() })
    }),
    ("HLP03", || {
        let other = Context { program: None, ..context("cron x", Kind::Cron) };
        beside(other, contexts::Answer::Error, Reason::NoProgram)
    }),
];

#[test]
fn what_cannot_be_seen_is_not_clean_and_what_is_alike_is() {
    let unseen = || beside(context("root login", Kind::Login), contexts::Answer::Unknown, Reason::Unseen);
    assert_eq!(answer(&unseen(), "CTX03").verdict(), Verdict::Failed);
    let mut doubted = beside(context("sudo", Kind::Sudo), contexts::Answer::Found, Reason::Helper);
    doubted.contexts.matrix.contexts[1].doubts.push("sudoers may not be read".to_owned());
    assert_eq!(answer(&doubted, "CTX02").verdict(), Verdict::Failed);
    let alike = beside(context("unit x", Kind::Unit), contexts::Answer::Found, Reason::Helper);
    for id in ["CTX03", "CTX07", "CTX08", "CTX10", "HLP03"] {
        assert_eq!(answer(&alike, id).verdict(), Verdict::Clean, "{id}");
    }
    let untold = ContextsSeen { startup: vec![("/home/bob/.profile".into(), None)], ..ContextsSeen::default() };
    assert_eq!(answer(&seen(untold), "CTX04").verdict(), Verdict::Failed);
    let told = format!("{:?}", answer(&ROWS[11].1(), "CTX13"));
    assert!(told.contains("far.test") && !told.contains("hunter2"), "{told}");
}

#[test]
fn what_may_hide_a_context_is_told_by_the_checks_that_would_judge_it() {
    let ids = ["CTX03", "CTX07", "CTX08"];
    for (of, telling) in
        [(None, &ids[..]), (Some(Kind::Unit), &["CTX03", "CTX07"]), (Some(Kind::Cron), &["CTX03", "CTX08"])]
    {
        let mut evidence = beside(context("unit x", Kind::Unit), contexts::Answer::Found, Reason::Helper);
        evidence.contexts.matrix.missed.push(Missed { of, why: "x may not be read".to_owned() });
        for id in ids {
            let expected = if telling.contains(&id) { Verdict::Failed } else { Verdict::Clean };
            assert_eq!(answer(&evidence, id).verdict(), expected, "{id}, {of:?}");
        }
    }
    let nowhere = Context { config: None, ..context("unit x", Kind::Unit) };
    let evidence = beside(nowhere, contexts::Answer::Unknown, Reason::Unseen);
    for id in ["CTX03", "CTX07"] {
        assert_eq!(answer(&evidence, id).verdict(), Verdict::Failed, "{id}");
    }
}

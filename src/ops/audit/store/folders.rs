//! A store's folder: its modes, its owner, and where git stands. Called through `CHECKS`.

use super::super::evidence::{Evidence, GitSeen, StoreSeen, shown};
use super::super::finding::Severity::{High, Low, Medium};
use super::super::finding::{Answer, Finding, Spot};
use super::{counted, of_stores, of_whole_stores};
use crate::model::misplaced;

pub(super) fn remote(evidence: &Evidence) -> Answer {
    if !evidence.stores.local_only {
        return Answer::skipped("config.toml does not say local-only = true");
    }
    of_git(evidence, |store, seen| {
        let git = format!("git -C {}", misplaced::shell_word(&store.root));
        let title = "config.toml says local-only, and git can push it elsewhere";
        let finding = Finding::new("STO09", Medium, title, format!("{git} remote -v, then {git} remote remove NAME"));
        seen.has_remote.then(|| finding.at(&store.root, Spot::Whole)).into_iter().collect()
    })
}

pub(super) fn git(evidence: &Evidence) -> Answer {
    of_git(evidence, |store, seen| {
        let status = &seen.status;
        let (ahead, behind) = status.ahead_behind.unwrap_or_default();
        let found = [
            status
                .operation
                .map(|operation| (Medium, format!("a {} is not finished", operation.command()), "regpass conflicts")),
            (status.unmerged > 0 && status.operation.is_none())
                .then(|| (Medium, "both sides changed the same entries".to_owned(), "regpass conflicts")),
            (ahead > 0 && behind > 0).then(|| {
                let title = format!("it has {ahead} commits that its remote has not, and the remote {behind} others");
                (Medium, title, "regpass sync")
            }),
            (ahead > 0 && behind == 0)
                .then(|| (Low, format!("{} not pushed", counted(ahead, "commit is", "commits are")), "regpass sync")),
            (!status.uncommitted.is_empty()).then(|| {
                let count = counted(status.uncommitted.len(), "change is", "changes are");
                let first = status.uncommitted.first().map(|path| shown(path)).unwrap_or_default();
                (
                    Low,
                    format!("{count} not committed: {first} is the first"),
                    "regpass git status, regpass git commit -a",
                )
            }),
        ];
        let told = |(severity, title, fix): (_, String, &str)| {
            Finding::new("STO10", severity, title, fix).at(&store.root, Spot::Whole)
        };
        found.into_iter().flatten().map(told).collect()
    })
}

pub(super) fn modes(evidence: &Evidence) -> Answer {
    of_whole_stores(evidence, |store| {
        let loose = &store.loose;
        let root = misplaced::shell_word(&store.root);
        let first = loose.first.as_deref().map(|first| {
            let (severity, can) = match loose.writable {
                0 => (
                    Medium,
                    format!("others can read {}", counted(loose.readable, "encrypted file", "encrypted files")),
                ),
                count => (High, format!("others can change {}", counted(count, "file or folder", "files and folders"))),
            };
            let title = format!("{can}, {} first", shown(first));
            Finding::new("STO11", severity, title, format!("chmod -R go-rwx {root}")).at(&store.root, Spot::Whole)
        });
        let foreign = store.foreign.first.as_ref().map(|(path, uid)| {
            let count = counted(store.foreign.count, "thing in it belongs", "things in it belong");
            let title = format!("{count} to somebody else: {} to user {uid}", shown(path));
            let fix = format!("give it back: sudo chown -R {} {root}", store.foreign.owner);
            Finding::new("STO11", Medium, title, fix).at(&store.root, Spot::Whole)
        });
        first.into_iter().chain(foreign).collect()
    })
}

fn of_git(evidence: &Evidence, look: impl Fn(&StoreSeen, &GitSeen) -> Answer) -> Answer {
    of_stores(evidence, |store| match &store.git {
        None => Answer::default(),
        Some(Ok(seen)) => look(store, seen),
        Some(Err(why)) => Answer { missed: vec![format!("git in {}: {why}", shown(&store.root))], ..Answer::default() },
    })
}

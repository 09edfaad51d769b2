//! Stores and their remotes; what both sides changed, and how it is settled.

use super::super::jobs::git::{Job as Ask, MaskedSides, Report as Answer};
use super::super::watch::Pace;
use super::super::widgets::diff_view::MaskedDiff;
use super::*;
use crate::ops::conflict::{Conflicts, Resolved};
use crate::ops::line_diff::LineDiff;
use crate::ops::sync::{Outcome, StoreStatus, Synced};
use crate::system::git::{Commit, Concluded, ObjectId, Operation, Status, Upstream};

fn text(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn status() -> Status {
    Status {
        branch: Some("main".to_owned()),
        head: Some(ObjectId::made_of(&"a".repeat(40))),
        upstream: Some(Upstream {
            remote: "origin".to_owned(),
            reference: "refs/heads/main".to_owned(),
            tracking: "refs/remotes/origin/main".to_owned(),
        }),
        ahead_behind: Some((2, 1)),
        uncommitted: vec!["/home/alice/.password-store/new\u{1b}[2J.gpg".into()],
        unmerged: 0,
        operation: None,
    }
}

fn conflicts(names: &[&str]) -> Conflicts {
    let path = |name: &&str| EntryPath::parse(name).expect("a name");
    Conflicts { entries: names.iter().map(path).collect(), operation: Some(Operation::Merge), ..Conflicts::default() }
}

pub(super) fn found(job: &Ask, unmerged: &std::cell::Cell<usize>) -> Answer {
    match job {
        Ask::Sync(_) => unmerged.set(1),
        Ask::Resolve(..) | Ask::Conclude => unmerged.set(0),
        _ => {}
    }
    let store = |mount: &str, status| StoreStatus {
        mount: if mount.is_empty() { EntryPath::root() } else { EntryPath::parse(mount).expect("a name") },
        root: std::path::PathBuf::from("/home/alice/.password-store").join(mount),
        status,
    };
    match job {
        Ask::Status => {
            let root = Status { unmerged: unmerged.get(), ..status() };
            Answer::Status(vec![store("", Ok(Some(root))), store("work", Ok(None))])
        }
        Ask::Log(_) => Answer::Log(vec![Commit {
            id: ObjectId::made_of(&"b".repeat(40)),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - 3 * DAY),
            author: "Alice Example".to_owned(),
            email: "alice@example.test".to_owned(),
            subject: "Add \u{1b}[31mgiven password for x to store.".to_owned(),
        }]),
        Ask::Sync(_) => Answer::Synced(vec![Synced {
            mount: EntryPath::root(),
            root: "/home/alice/.password-store".into(),
            outcome: Outcome::Conflicts(conflicts(&["infra/vpn"])),
            pulled: 0,
            pushed: 0,
            uncommitted: 1,
            warnings: Vec::new(),
        }]),
        Ask::Conflicts => Answer::Conflicts(conflicts(&["infra/vpn", "mail/work"])),
        Ask::Sides(_) => Answer::Sides(Box::new(MaskedSides {
            ours: Some(MaskedDiff::of(&ours())),
            theirs: Some(MaskedDiff::of(&theirs())),
            merged: Some(MaskedDiff::of_text(&merged())),
            clashes: 1,
        })),
        Ask::SidesOpenly(..) => Answer::SidesOpenly(ours()),
        Ask::Resolve(..) | Ask::Conclude => Answer::Resolved(Resolved {
            left: Conflicts::default(),
            concluded: Some(Concluded::Done),
            warnings: Vec::new(),
        }),
    }
}

fn ours() -> LineDiff {
    LineDiff::between(text("horse\nuser: a\n"), text("battery\nuser: a\n"))
}

fn theirs() -> LineDiff {
    LineDiff::between(text("horse\nuser: a\n"), text("staple\nuser: b\n"))
}

fn merged() -> LineDiff {
    let marked = "<<<<<<< ours\nbattery\n||||||| base\nhorse\n=======\nstaple\n>>>>>>> theirs\nuser: b\n";
    LineDiff::between(text(marked), text(marked))
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("store_with_conflicts", desk.screen());
    insta::assert_snapshot!("git", desk.press("S").screen());
    insta::assert_snapshot!("git_conflicts", desk.press("s").screen());
    desk.press("<Esc>/vpn<Enter>C");
    insta::assert_snapshot!("sides", desk.screen());
    insta::assert_snapshot!("sides_merged", desk.press("<Tab><Tab>").screen());
    insta::assert_snapshot!("sides_settle", desk.press("o").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_git", desk.press("S").screen());
    insta::assert_snapshot!("small_sides", desk.press("<Esc>/vpn<Enter>C").screen());
    desk.shows("1 line in both");
    let mut plain = Desk::with((80, 24), &["infra/vpn"], Theme::new(false, true)).begun();
    let screen = plain.press("S<Esc>/vpn<Enter>C<Tab><Tab>").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn what_is_settled_is_no_longer_told_and_a_file_has_its_folders() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("Ss").shows("Both sides changed 1 entry");
    desk.shows("1 conflict");
    desk.press("C<Enter>ty<Esc>").hides("Both sides changed");
    desk.shows("2 to push, 1 to pull");
    desk.press("C").shows("there are no conflicts");
    let login = "docker-credential-helpers/Z2hjci5pbw==/bot.gpg";
    for (file, told) in [("team/db/root.gpg", "team/db/root "), (login, "bot at ghcr.io"), ("a/.gpg-id", "a/.gpg-id")] {
        assert_eq!(uncommitted(file).trim_end(), told.trim_end());
    }
}

/// How the git view names one uncommitted file.
fn uncommitted(file: &str) -> String {
    let root = std::path::Path::new("/home/alice/.password-store");
    super::super::screens::git::file_name(&root.join(file), root)
}

#[test]
fn git_at_work_tells_how_far_it_is_and_is_called_off() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("S");
    desk.slow = true;
    desk.press("s").shows("git is at work");
    let (ticket, _) = desk.held.last().map(|(ticket, _)| (*ticket, ())).expect("a transfer");
    let what = "Receiving objects: 50%".to_owned();
    desk.app.handle(Event::Progress(ticket, Pace { what, ..Pace::default() }));
    desk.shows("Receiving objects: 50%");
    desk.app.handle(Event::Key(named("Esc")));
    let called_off = |order: &Order| matches!(order, Order::CallOff(off) if *off == ticket);
    assert!(desk.app.take_orders().iter().any(called_off));
    desk.press("p").shows("git is at work; call it off first");
}

#[test]
fn a_conflict_that_was_met_can_be_settled_at_once() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("SC").shows("there are no conflicts");
    desk.slow = true;
    desk.press("s");
    let (ticket, job) = desk.held.pop().expect("the work");
    desk.answer(ticket, job);
    // How the stores stand now is not known yet.
    desk.press("C").shows("git is asked");
}

#[test]
fn one_side_is_chosen_after_a_yes_and_the_store_is_read_again() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter>Cm").shows("both sides changed the same lines");
    for secret in ["battery", "staple", "horse"] {
        desk.hides(secret);
    }
    desk.press("r").shows("horse");
    desk.press("t").shows("\"infra/vpn\" is settled with what the others have");
    desk.hides("horse");
    let settled = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Resolve")).count();
    desk.press("<Enter>");
    assert_eq!(settled(&desk), 0);
    let read = |desk: &Desk| desk.started.iter().filter(|job| *job == "Entries").count();
    let before = read(&desk);
    desk.press("ty").shows("settled; the merge is done");
    assert_eq!((settled(&desk), read(&desk)), (1, before + 1));
}

#[test]
fn the_list_of_conflicts_leads_to_each() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("SC").shows("there are no conflicts");
    desk.press("<Esc>gC").shows("2 left");
    desk.press("j<Enter>").shows("Conflict of mail/work");
    desk.press("<Esc><Esc>").shows("conflict");
}

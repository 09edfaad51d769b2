//! The versions of an entry, and what differs between two.

use super::super::jobs::history::{Job as Ask, Report as Answer};
use super::super::widgets::diff_view::MaskedDiff;
use super::*;
use crate::ops::Written;
use crate::ops::history::{Content, Version};
use crate::ops::line_diff::LineDiff;
use crate::system::git::{Commit, ObjectId};

fn diff() -> LineDiff {
    let text = |text: &str| Secret::new(text.as_bytes().to_vec());
    LineDiff::between(text("old-horse\nuser: postgres\npin: 4711\n"), text("new-battery\nuser: admin\npin: 4711\n"))
}

fn version(number: usize, days: u64, subject: &str, content: Content) -> Version {
    let digit = char::from_digit(u32::try_from(number).expect("small"), 10).expect("a digit");
    let commit = Commit {
        id: ObjectId::made_of(&digit.to_string().repeat(40)),
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - days * DAY),
        author: "Alice Example".to_owned(),
        email: "alice@example.test".to_owned(),
        subject: subject.to_owned(),
    };
    Version { number, commit, path: EntryPath::parse("infra/db/root").ok(), content }
}

pub(super) fn found(job: &Ask) -> Answer {
    match job {
        Ask::Versions(_) => Answer::Versions(vec![
            version(1, 3, "Edit password for infra/db/root using vi.", Content::Readable),
            version(2, 40, "Remove infra/db/root from store.", Content::Removed),
            version(3, 41, "Reencrypt password store using new GPG id 4FC7.", Content::Locked),
            version(4, 400, "Add \u{1b}[31mgiven password", Content::Unreadable("no secret key for it is here".into())),
        ]),
        Ask::Last(_) => Answer::Last(Some(
            [(1, 3, "Edit password for infra/db/root using vi."), (2, 40, "Add \u{1b}[31mgiven")]
                .map(|(number, days, subject)| version(number, days, subject, Content::Readable).commit)
                .to_vec(),
        )),
        Ask::Compare(_) | Ask::CompareText(..) => Answer::Compared(MaskedDiff::of(&diff())),
        Ask::Restore(..) => Answer::Restored(Written { changed: true, ..Written::default() }),
        Ask::CompareOpenly(_) | Ask::CompareTextOpenly(..) => Answer::ComparedOpenly(diff()),
    }
}

fn at_the_history(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size).begun();
    desk.press("/dbroot<Enter>h");
    desk
}

#[test]
fn whole_screens() {
    let mut desk = at_the_history((80, 24));
    insta::assert_snapshot!("history", desk.screen());
    insta::assert_snapshot!("history_difference", desk.press("<Enter>").screen());
    insta::assert_snapshot!("history_revealed", desk.press("r").screen());
    let mut desk = at_the_history((44, 10));
    insta::assert_snapshot!("small_history", desk.screen());
    insta::assert_snapshot!("small_history_difference", desk.press("<Enter>a").screen());
    let mut plain = Desk::with((80, 24), &["infra/db/root"], Theme::new(false, true)).begun();
    let screen = plain.press("/dbroot<Enter>h<Enter>").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn a_version_that_cannot_be_compared_says_why() {
    let mut desk = at_the_history((80, 24));
    desk.press("G").shows("cannot be read: no secret key for it is here");
    desk.shows("\\u{1b}[31m");
    desk.press("<Enter>").shows("this version cannot be read");
    desk.press("gj<Enter>").shows("the entry was removed here");
    let compared = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Compare")).count();
    assert_eq!(compared(&desk), 0, "{:?}", desk.started);
    desk.press("j=").shows("3333333 to now");
}

#[test]
fn values_stay_masked_until_asked_for_and_go_with_their_time_and_the_person() {
    let secrets = ["old-horse", "new-battery", "4711"];
    let mut desk = at_the_history((80, 24));
    desk.press("<Enter>").shows("user: admin");
    secrets.iter().for_each(|secret| desk.hides(secret));
    desk.press("r").shows("old-horse");
    desk.hides("new-battery");
    assert_eq!(desk.app.deadline(), Some(desk.start + Duration::from_secs(1)));
    desk.press("a").shows("new-battery");
    desk.wait(Duration::from_secs(10));
    secrets.iter().for_each(|secret| desk.hides(secret));
    for away in ["a", "<Esc>"] {
        desk.press("a").shows("4711");
        desk.press(away);
        secrets.iter().for_each(|secret| desk.hides(secret));
    }
    desk.press("a").shows("4711");
    desk.app.hide_secrets();
    secrets.iter().for_each(|secret| desk.hides(secret));
    desk.press("<Esc><Esc>").shows("readable by");
}

#[test]
fn an_answer_for_a_history_that_was_closed_is_not_taken_for_the_next() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("/dbroot<Enter>h<Esc><Esc>/vpn<Enter>h");
    let held = std::mem::take(&mut desk.held);
    let (ticket, job) = held.into_iter().find(|(ticket, _)| ticket.owner == "history").expect("a question");
    desk.answer(ticket, job);
    desk.shows("History of infra/vpn");
    desk.shows("git is asked");
}

#[test]
fn a_folder_has_no_history() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("gh").shows("select an entry, not a folder");
}

#[test]
fn a_version_is_restored_only_after_a_yes() {
    let restored = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Restore")).count();
    let mut desk = at_the_history((80, 24));
    desk.press("R").shows("\"infra/db/root\" becomes what it was on");
    insta::assert_snapshot!("history_restore", desk.screen());
    for no in ["<Enter>", "<Esc>", "n"] {
        let mut desk = at_the_history((80, 24));
        desk.press("R").press(no).shows("History of infra/db/root");
        assert_eq!(restored(&desk), 0, "{no}");
    }
    desk.press("x1?").shows("Restore this version");
    desk.press("<Tab><Enter>").shows("restored: infra/db/root");
    assert_eq!(restored(&desk), 1);
    desk.press("Ry");
    assert_eq!(restored(&desk), 2);
    desk.press("GR").shows("this version cannot be read");
}

//! What was done, read later; and the last change taken back.

use super::super::jobs::undo::{Job as Ask, Report as Answer};
use super::super::screen::Toast;
use super::*;
use crate::ops::Written;
use crate::ops::undo::{Effect, Of, Part, UndoStep, Undone};

fn step() -> UndoStep {
    UndoStep {
        id: 12,
        time: "2024-10-04T08:15:30Z".to_owned(),
        what: "Remove infra/\u{1b}[31mvpn from store.".to_owned(),
        parts: vec![Part {
            what: "Remove infra/vpn from store.".to_owned(),
            of: Of::Store("/home/alice/.password-store".into()),
        }],
        files: 1,
        undoes: None,
        undone_by: None,
        obstacle: None,
    }
}

pub(super) fn found(job: &Ask, obstacle: Option<&str>) -> Answer {
    match job {
        Ask::Last => {
            let step = UndoStep { obstacle: obstacle.map(str::to_owned), ..step() };
            let effect = Effect {
                back: vec!["\"infra/vpn\"".to_owned()],
                readers: vec!["Alice <alice@example.test>".to_owned()],
                ..Effect::default()
            };
            Answer::Last(Some((step, Some(effect))))
        }
        Ask::TakeBack(id) => {
            assert_eq!(*id, 12);
            Answer::Undone(Undone { step: step(), written: Written { changed: true, ..Written::default() } })
        }
    }
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("take_back", desk.press("z").screen());
    desk.press("y").press("/dbroot<Enter>c");
    insta::assert_snapshot!("log", desk.press("@").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_take_back", desk.press("z").screen());
    insta::assert_snapshot!("small_log", desk.press("y@").screen());
}

#[test]
fn the_last_change_is_taken_back_after_a_yes_and_the_store_read_again() {
    let mut desk = Desk::new((80, 24)).begun();
    let count = |desk: &Desk, name: &str| desk.started.iter().filter(|job| job.contains(name)).count();
    desk.press("z<Enter>").hides("Take back");
    assert_eq!(count(&desk, "TakeBack"), 0);
    let read = count(&desk, "Entries");
    desk.press("zy").shows("taken back: Remove infra/\\u{1b}[31mvpn");
    assert_eq!((count(&desk, "TakeBack"), count(&desk, "Entries")), (1, read + 1));
    desk.obstacle = Some("it is damaged");
    desk.press("z").shows("cannot be taken back: it is");
    desk.shows("damaged");
}

#[test]
fn what_is_typed_before_the_question_is_there_answers_nothing_and_does_nothing() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("zy?D").hides("Copy");
    desk.hides("Keys: Store");
    let held = std::mem::take(&mut desk.held);
    assert!(held.iter().any(|(_, job)| matches!(job, Job::Undo(Ask::Last))), "{held:?}");
    held.into_iter().for_each(|(ticket, job)| desk.answer(ticket, job));
    desk.shows("Take back the last");
    assert!(!desk.started.iter().any(|job| job.contains("TakeBack")));
}

#[test]
fn a_question_that_is_no_longer_wanted_is_not_asked() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("z<Esc>?");
    let held = std::mem::take(&mut desk.held);
    held.into_iter().for_each(|(ticket, job)| desk.answer(ticket, job));
    desk.hides("Take back the last");
    desk.shows("Keys: Store");
}

#[test]
fn a_question_is_asked_though_the_change_before_was_taken_back_meanwhile() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("Mz").shows("Take back the last");
    desk.slow = true;
    desk.press("yz");
    let held = std::mem::take(&mut desk.held);
    let (undone, rest): (Vec<_>, Vec<_>) =
        held.into_iter().partition(|(_, job)| matches!(job, Job::Undo(Ask::TakeBack(_))));
    assert_eq!(undone.len(), 1);
    undone.into_iter().for_each(|(ticket, job)| desk.answer(ticket, job));
    desk.shows("taken back: Remove");
    // Neither keys nor the mouse do anything until it is there.
    desk.press("3?").click("Registries").hides("Keys:");
    rest.into_iter().for_each(|(ticket, job)| desk.answer(ticket, job));
    desk.shows("Take back the last");
    desk.shows("infra");
}

#[test]
fn the_log_keeps_the_last_results_and_no_secret() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("@").shows("nothing yet");
    desk.press("<Esc>/dbroot<Enter>rc");
    desk.wait(Duration::from_secs(20)).hides("copied for");
    desk.press("@").shows("copied for 45 s: infra/db/root");
    desk.hides("tr0ub4dor");
    desk.press("<Esc>");
    for _ in 0..300 {
        desk.press("U");
    }
    desk.press("@").shows("200");
    desk.hides("copied for 45 s");
}

#[test]
fn what_was_taken_back_is_told_whole_on_more_lines() {
    for size in [(80, 24), (44, 10)] {
        let mut desk = Desk::new(size).begun();
        let name = "infra/databases/production/replica";
        let toast = Toast::warn(format!("Undo \"Remove {name} from store.\" cannot be taken back: it is damaged"));
        desk.app.say(toast);
        let screen = desk.screen().replace(['\n', '─'], " ");
        let said = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(name) && said.contains("cannot be taken back: it is damaged"), "{said}");
        desk.app.say(Toast::warn("x".repeat(500) + " the end"));
        desk.shows("the end");
        desk.shows("…");
    }
}

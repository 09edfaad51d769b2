//! What the store screen changes: which question each key asks, what is started by the answers, what is told of it.

use super::*;
use crate::frontend::tui::jobs::Copy;
use crate::frontend::tui::jobs::write::{Done, Job as Ask, Report as Answer};
use crate::ops::Written;
use crate::ops::generate::{Class, Recipe};
use crate::ops::transfer::Kind;

/// What a store that takes everything answers.
pub(super) fn found(job: &Ask) -> Answer {
    let done = |told: &str, entry: Option<&EntryPath>| {
        Answer::Done(Done { told: told.to_owned(), entry: entry.cloned(), changed: true, ..Done::default() })
    };
    match job {
        Ask::Recipe => Answer::Recipe(Recipe::of_classes(&Class::ALL, 25)),
        Ask::New(new) => done("made", Some(&new.entry)),
        Ask::LogIn(new) => done(&format!("{} is kept", new.login.quoted()), None),
        Ask::Keep(entry, text) => done(&format!("kept {} bytes", text.len()), Some(entry)),
        Ask::Password(entry, _) => done("new password", Some(entry)),
        Ask::Transfer(Kind::Move, from, to) if from.len() == 1 && !to.as_folder => {
            let is_folder = from[0].as_folder;
            let entry = Some(to.path.clone());
            let moved = is_folder.then(|| (from[0].path.clone(), to.path.clone()));
            let moved_folders = moved.into_iter().collect();
            let told = "carried".to_owned();
            Answer::Done(Done { told, entry, is_folder, moved_folders, changed: true, ..Done::default() })
        }
        Ask::Transfer(_, from, _) => done("carried", from.first().map(|place| &place.path)),
        Ask::Remove(_) => done("removed", None),
        Ask::RenameLogin { .. } => done("the login is renamed", None),
        Ask::Ignore(one) => {
            let told = format!("{} is ignored until {}", one.id, one.expires);
            Answer::Done(Done { told, ..Done::default() })
        }
        Ask::TellAgain(one) => Answer::Done(Done { told: format!("{} is told again", one.id), ..Done::default() }),
    }
}

fn writes(desk: &Desk) -> Vec<&String> {
    desk.started.iter().filter(|job| job.starts_with("Write") && *job != "Write(Recipe)").collect()
}

#[test]
fn whole_forms() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("form_new", desk.press("/replica<Enter>n").screen());
    insta::assert_snapshot!("form_new_typed", desk.press("<Tab><Right><Tab>pw<Enter>").screen());
    insta::assert_snapshot!("form_password", desk.press("<Esc>p").screen());
    insta::assert_snapshot!("form_move", desk.press("<Esc>m").screen());
    insta::assert_snapshot!("confirm_delete", desk.press("<Esc>D").screen());
    let mut small = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_form_new", small.press("/replica<Enter>n<Tab><Tab><Tab>").screen());
    insta::assert_snapshot!("marked", desk.press("<Esc><Esc><Up>  ").screen());
    insta::assert_snapshot!("marked_filter", desk.press("/inf").screen());
}

#[test]
fn a_new_entry_is_started_as_typed_and_selected_when_it_is_there() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>nnew<Tab><Right><Tab>pw").hides("pw");
    desk.press("<Enter>").shows("the two are not the same");
    assert!(writes(&desk).is_empty());
    desk.entries.push("infra/db/new".to_owned());
    desk.press("pw<Tab>u r<Enter>").shows("made; z takes it back");
    let started = writes(&desk);
    assert_eq!(started.len(), 1);
    assert!(started[0].contains("infra/db/new") && started[0].contains("(\"user\", \"u r\")"), "{started:?}");
    assert!(!started[0].contains("pw"), "{started:?}");
    desk.press("D").shows("Delete infra/db/new");
}

#[test]
fn what_was_typed_into_a_form_is_not_lost_where_it_cannot_be_seen() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("n");
    desk.size = (30, 6);
    desk.shows("q quits");
    desk.size = (80, 24);
    desk.screen();
    desk.press("new");
    desk.size = (30, 6);
    desk.shows("there is unsaved text");
    desk.press("q");
    assert!(!desk.app.wants_to_quit());
    desk.size = (80, 24);
    desk.shows("new");
    desk.press("<^C>").hides("New entry");
    assert!(!desk.app.wants_to_quit(), "only the form was left");
}

#[test]
fn a_login_is_removed_under_the_name_of_its_registry() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/ghcr<Enter>D").shows("<token> at ghcr.io is removed");
    desk.press("<Esc>e").shows("Edit <token> at ghcr.io");
    desk.press("<Esc>W").shows("<token> at ghcr.io");
}

#[test]
fn a_folder_is_as_open_under_its_new_name() {
    let mut desk = Desk::new((80, 40)).begun();
    desk.press("/vpn<Enter><Esc><Left>").shows("▶ ▾ infra");
    desk.entries.iter_mut().for_each(|name| {
        if let Some(rest) = name.strip_prefix("infra/") {
            *name = format!("plant/{rest}");
        }
    });
    desk.press("R<^U>plant<Enter>").shows("▶ ▾ plant");
    desk.shows("replica");
    desk.shows("vpn");
}

#[test]
fn a_name_that_is_none_is_told_in_the_form() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>n<Enter>").shows("which name is it to have?");
    desk.press("../x<Enter>");
    assert!(writes(&desk).is_empty(), "{:?}", desk.started);
}

#[test]
fn a_length_that_is_no_number_is_told() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>p<Tab>-").shows("a number has digits only");
    desk.press("5").hides("digits only");
}

#[test]
fn what_fails_leaves_the_form_as_it_was_typed() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>R2");
    desk.failure = Some(Problem::failed("infra/db/replica2 is there already"));
    desk.press("<Enter>").shows("✘ infra/db/replica2 is there already");
    desk.shows("Rename infra/db/replica");
    desk.failure = None;
    desk.press("3<Enter>").shows("carried; z takes it back");
    let started = writes(&desk);
    assert!(started[1].contains("Move") && started[1].contains("infra/db/replica23"), "{started:?}");
}

#[test]
fn a_write_is_told_when_its_form_was_closed_meanwhile() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>R2");
    desk.slow = true;
    desk.press("<Enter><Esc>").hides("Rename");
    let before = desk.started.len();
    desk.slow = false;
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    desk.settle();
    desk.shows("carried; z takes it back");
    assert!(desk.started[before..].contains(&"Entries".to_owned()), "the store is read again");
}

#[test]
fn what_is_marked_is_meant_and_what_lies_in_a_marked_folder_goes_with_it() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter><Esc> ").shows("1 marked");
    desk.press("/vpn<Enter> <Esc>").shows("2 marked");
    desk.press("mold<Enter>");
    desk.press("/vpn<Enter><Esc><Left> D").shows("Delete folder infra");
    desk.press("y");
    let started = writes(&desk);
    assert!(started[0].contains("infra/db/replica") && started[0].contains("infra/vpn"), "{started:?}");
    assert_eq!(started[1].matches("path:").count(), 1, "{started:?}");
    desk.press("<Esc>").hides("marked");
}

#[test]
fn nothing_is_removed_without_a_yes() {
    for no in ["<Enter>", "<Esc>", "n", "x<Esc>"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press("/replica<Enter>D").shows("is removed");
        desk.press(no).hides("is removed");
        assert!(writes(&desk).is_empty(), "{no} {:?}", desk.started);
    }
}

#[test]
fn where_nothing_may_be_written_no_form_opens() {
    for key in ["n", "p", "R", "m", "y", "D"] {
        let mut desk = Desk::new((80, 24));
        desk.app.scope.read_only = true;
        desk.begun().press("/replica<Enter>").press(key).shows("regpass was told to write nothing");
    }
}

#[test]
fn the_cursor_stays_where_it_was_when_what_it_was_on_is_gone() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter><Esc>");
    desk.entries.retain(|name| name != "infra/db/replica");
    desk.press("Dy").shows("removed; z takes it back");
    desk.press("D").shows("Delete infra/db/root");
}

#[test]
fn every_size_can_be_drawn_with_a_form() {
    for width in [44, 60, 80, 140] {
        for height in [10, 11, 14, 24] {
            for keys in ["n", "n<Tab><Tab><Tab><Tab><Tab><Tab><Tab>", "p", "m", "D"] {
                let mut desk = Desk::new((width, height)).begun();
                desk.press("/replica<Enter>").press(keys).screen();
            }
        }
    }
}

#[test]
fn the_cursor_follows_a_renamed_folder() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter><Esc><Left>R").shows("Rename infra/db");
    desk.entries.iter_mut().for_each(|name| *name = name.replace("infra/db/", "zz/"));
    desk.press(&"<Backspace>".repeat("infra/db".len()));
    desk.press("zz<Enter>").shows("carried");
    desk.press("D").shows("Delete folder zz");
}

#[test]
fn the_key_that_takes_back_is_said_as_it_is() {
    let mut desk = palette::with_keys(&[("app.undo", &["Ctrl-u"])]);
    desk.press("/replica<Enter>D").shows("Ctrl-U takes it");
    desk.press("y").shows("removed; Ctrl-U takes it back");
}

#[test]
fn a_counter_that_could_not_be_committed_is_told_with_its_code() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>");
    desk.slow = true;
    desk.press("o");
    let (ticket, _) = desk.held.pop().expect("a copy");
    let written = Written { changed: true, warnings: vec![Problem::failed("it was written, but not committed")] };
    let copied = Copy { copied: Copied::Clipboard { seconds: 45 }, written };
    desk.app.handle(Event::Report(ticket, Box::new(Ok(Report::Copied(copied)))));
    desk.shows("⚠ copied for 45 s: infra/db/replica; it was written, but not committed");
}

#[test]
fn nothing_unreadable_is_good_news() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("U").shows("✔ everything could be listed");
}

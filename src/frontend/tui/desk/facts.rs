//! What is told of the selected entry or folder without opening it.

use ratatui::buffer::Buffer;

use super::super::jobs::folder::{Job as Ask, Report as Answer};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::*;
use crate::ops::recipients::{Astray, FolderReaders, NamedBy};
use crate::system::git::{Commit, ObjectId};

pub(super) fn found(job: &Ask, astray: usize) -> Answer {
    match job {
        Ask::Readers(folder) if folder.as_bytes() == b"work" => {
            let named_by = NamedBy::Folder(folder.clone());
            Answer::Readers(FolderReaders { readers: vec![alice()], more: 0, named_by })
        }
        Ask::Readers(folder) => {
            let named_by = NamedBy::Folder(folder.parent());
            Answer::Readers(FolderReaders { readers: vec![alice(), bob()], more: 1, named_by })
        }
        Ask::Astray(_) => Answer::Astray(Astray { entries: astray, ..Astray::default() }),
        Ask::Last(_) => Answer::Last(Some(vec![Commit {
            id: ObjectId::made_of(&"c".repeat(40)),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - 5 * DAY),
            author: "Alice Example".to_owned(),
            email: "alice@example.test".to_owned(),
            subject: "Add \u{1b}[31mgiven password for a to store.".to_owned(),
        }])),
    }
}

#[test]
fn one_question_about_facts_at_a_time() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("<Down><Down><Down><Down><Down>");
    assert_eq!(desk.held.len(), 1, "{:?}", desk.started);
    let (ticket, job) = desk.held.remove(0);
    desk.answer(ticket, job);
    desk.settle();
    assert_eq!(desk.held.len(), 1, "the newest selection is asked for next");
}

#[test]
fn an_entry_that_git_does_not_have_yet_is_told_from_one_that_it_has() {
    for (git, words) in [(Tracking::Tracked, "bytes, in git"), (Tracking::Untracked, "bytes, not yet in git")] {
        let mut desk = Desk::new((80, 24));
        desk.git = git;
        desk.begun().press("/dbroot").shows(words);
    }
}

#[test]
fn a_folder_says_who_reads_it_and_what_in_it_others_can_read() {
    let mut desk = Desk::new((80, 24));
    desk.astray = 2;
    let mut desk = desk.begun();
    desk.press("/vpn<Enter><Esc><Left>").shows("readers      Alice Example");
    desk.shows("and 1 more");
    desk.shows("named by     the list of the whole");
    desk.shows("2 entries not to just");
    desk.shows("x encrypts them anew");
    desk.shows("2024-09-29 ccccccc Add");
    desk.shows("x encrypt anew");
    insta::assert_snapshot!("folder", desk.screen());
    desk.press("/replica<Enter><Esc><Left>").shows("named by     the list of infra");
    desk.astray = 0;
    desk.press("<F5>").shows("each entry to just its");
    desk.press("/token<Enter><Esc><Left><Left><Left>").shows("named by     its own list");
}

#[test]
fn a_large_folder_is_not_looked_at_unasked() {
    let names: Vec<String> = (0..2001).map(|number| format!("big/{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut desk = Desk::with((80, 24), &names, Theme::new(true, false)).begun();
    let asked = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Astray") && job.contains("big")).count();
    desk.press("g").shows("not looked at: so many");
    assert_eq!(asked(&desk), 0);
    desk.entries.pop();
    desk.entries.retain(|name| name != "big/7");
    desk.press("<F5>").shows("each entry to just its");
    assert_eq!(asked(&desk), 1);
}

#[test]
fn looking_at_a_folder_ends_when_another_is_selected() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("-g").slow = true;
    desk.press("<F5>");
    let mut astray = None;
    while astray.is_none() {
        let (ticket, job) = desk.held.remove(0);
        match job {
            Job::Folder(Ask::Astray(_)) => astray = Some(ticket),
            job => desk.answer(ticket, job),
        }
        desk.settle();
    }
    desk.app.handle(Event::Key(named("Down")));
    let called_off = |order: &Order| matches!(order, Order::CallOff(off) if Some(*off) == astray);
    assert!(desk.app.take_orders().iter().any(called_off));
}

#[test]
fn details_that_do_not_fit_are_scrolled() {
    let mut desk = Desk::new((44, 10)).begun();
    desk.screen();
    desk.press("/dbroot<Enter><Esc><Enter>").hides("1111111");
    desk.shows("4/9: J, K");
    desk.press("JJJJ").shows("2222222");
    desk.shows("password");
    insta::assert_snapshot!("small_details_scrolled", desk.screen());
    desk.press("KKKK").shows("Alice Example");
    // Another entry is seen from its beginning.
    desk.press("JJ<Down>").shows("infra/vpn");
    desk.shows("4/9");
    desk.press("<Esc>g").hides("readers");
    desk.press("i").shows("Alice Example");
    insta::assert_snapshot!("small_folder", desk.screen());
    desk.press("JJJJ").shows("ccccccc");
    desk.press("<Enter>").hides("readers");
    Desk::new((80, 24)).begun().press("i").shows("the details stand beside the list");
}

#[test]
fn what_is_cut_of_a_fact_ends_in_a_mark() {
    let desk = Desk::new((40, 10));
    for (text, end) in [("x".repeat(200), "x…"), ("word ".repeat(40), "word …")] {
        let area = Rect::new(0, 0, 40, 10);
        let mut buffer = Buffer::empty(area);
        let mut details = Details::new(&mut buffer, area, false, &desk.app.scope);
        details.fact("label", &text, Meaning::Plain);
        details.item(&text, Meaning::Plain);
        for y in [2, 5] {
            let line: String = (0..40).map(|x| buffer[(x, y)].symbol()).collect();
            assert!(line.trim_end().ends_with(end), "{line:?}");
        }
    }
}

//! The helper's calls as they come, what they mean, and the way to the registry that mends one.

use super::home::call;
use super::*;
use crate::ops::journal::Journal;
use crate::system::journal::Call;

pub(super) fn journal(calls: Vec<Call>) -> Report {
    let journal = Journal { file: "/home/alice/journal".into(), calls, unreadable: 0, blank: false, on: true };
    Report::Journal(Some((journal, None)))
}

pub(super) fn calls() -> Vec<Call> {
    let mut root = call("2024-10-03T22:00:00.000Z", "get", "quay.io", "not-found");
    root.home = Some("/root".to_owned());
    root.uid = 0;
    root.caller = Some("dockerd\u{1b}[2J".to_owned());
    let mut failed = call("2024-10-04T00:00:01.000Z", "get", "harbor.corp.test", "error:failed");
    failed.error = Some("the key is locked".to_owned());
    vec![
        call("2024-10-03T09:00:00.000Z", "store", "ghcr.io", "stored"),
        root,
        call("2024-10-04T00:00:00.000Z", "get", "https://index.docker.io/v1/", "found"),
        failed,
    ]
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("activity", desk.press("4").screen());
    insta::assert_snapshot!("activity_filter", desk.press("/quay").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_activity", desk.press("4").screen());
    insta::assert_snapshot!("small_activity_details", desk.press("jj<Enter>").screen());
    let mut plain = Desk::with((120, 40), &["a/b"], Theme::new(false, true)).begun();
    let screen = plain.press("4j").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn a_call_that_found_nothing_is_explained_and_leads_to_what_mends_it() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("4/quay<Enter>").shows("went on anonymously");
    desk.shows("docker login quay.io");
    desk.shows("another HOME than yours: /root");
    desk.press("o").shows("no login here: docker login quay.io");
    desk.shows("AGE");
    desk.press("4<Esc>/harbor<Enter>").shows("the key is locked");
    desk.press("o").shows("▶ harbor.corp.test");
    desk.press("4<Esc>/index<Enter>o").shows("▶ docker.io");
}

#[test]
fn the_filter_knows_outcome_user_id_and_caller() {
    let found = [("error:failed", "harbor"), ("uid=0", "quay.io"), ("dockerd", "quay.io"), ("stored", "ghcr.io")];
    for (needle, server) in found {
        // Others may fit as well, less.
        let mut desk = Desk::new((80, 24)).begun();
        let screen = desk.press(&format!("4/{needle}<Enter>")).screen();
        let selected = screen.lines().find(|line| line.starts_with('▶')).unwrap_or_default();
        assert!(selected.contains(server), "{needle}: {screen}");
    }
}

#[test]
fn new_calls_come_by_themselves_while_it_is_in_front_and_move_nothing_else() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("4j").shows("▶ today 00:00:00");
    assert_eq!(desk.app.deadline(), Some(desk.start + Duration::from_secs(2)));
    desk.slow = true;
    desk.wait(Duration::from_secs(2)).settle();
    let asked = desk.held.pop();
    let Some((ticket, Job::Journal(_))) = asked else { panic!("it looks again: {asked:?}") };
    let mut more = calls();
    more.push(call("2024-10-04T00:00:09.000Z", "erase", "new.example.test", "erased"));
    desk.app.handle(Event::Report(ticket, Box::new(Ok(journal(more)))));
    desk.shows("new.example.test");
    desk.shows("▶ today 00:00:00");
    desk.slow = false;
    desk.press("?<Esc>");
    assert!(desk.app.deadline().is_some(), "the help was only in front for a while");
    desk.press("2");
    assert_eq!(desk.app.deadline(), None, "elsewhere nothing is looked at");
}

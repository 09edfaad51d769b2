//! What is told of the selected entry without opening it.

use super::*;

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

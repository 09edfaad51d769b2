//! The helper's calls as they come, what they mean, and the way to the registry that mends one.

use super::home::call;
use super::*;
use crate::ops::journal::Journal;
use crate::system::journal::Call;

pub(super) fn a_journal(calls: Vec<Call>) -> Journal {
    Journal { file: "/home/alice/journal".into(), calls, unreadable: 0, blank: false, on: true }
}

pub(super) fn journal(calls: Vec<Call>) -> Report {
    Report::Journal(Some((a_journal(calls), None)))
}

pub(super) fn calls() -> Vec<Call> {
    let mut root = call("2024-10-03T22:00:00.000Z", "get", "quay.io", "not-found");
    (root.home, root.store) = (Some("/root".to_owned()), Some("/root/.password-store".to_owned()));
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
    desk.press("o").shows("no login of quay.io here: l logs in");
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
    assert_eq!(desk.app.deadline(), None, "it waits for no time");
    desk.slow = true;
    desk.app.handle(Event::Called);
    desk.settle();
    let asked = desk.held.pop();
    let Some((ticket, Job::Journal(_))) = asked else { panic!("it looks again: {asked:?}") };
    // One more while it is being read: it has to be read once more, not at the same time.
    desk.app.handle(Event::Called);
    desk.app.handle(Event::Called);
    desk.settle();
    assert!(desk.held.is_empty());
    let mut more = calls();
    more.push(call("2024-10-04T00:00:09.000Z", "erase", "new.example.test", "erased"));
    desk.app.handle(Event::Report(ticket, Box::new(Ok(journal(more.clone())))));
    desk.settle();
    desk.shows("new.example.test");
    desk.shows("▶ today 00:00:00");
    let asked = desk.held.pop();
    let Some((ticket, Job::Journal(_))) = asked else { panic!("it looks once more: {asked:?}") };
    desk.app.handle(Event::Report(ticket, Box::new(Ok(Report::Journal(None)))));
    desk.settle();
    let reads_calls = |(_, job): &(Ticket, Job)| matches!(job, Job::Journal(_));
    assert!(!desk.held.iter().any(reads_calls), "and then no more");
    desk.press("2");
    desk.held.clear();
    desk.app.handle(Event::Called);
    desk.settle();
    assert!(desk.held.is_empty(), "elsewhere nothing is looked at");
}

/// The calls that are listed, by their servers.
fn listed(desk: &mut Desk) -> Vec<&'static str> {
    let screen = desk.screen();
    let list = screen.lines().skip(3).take_while(|line| !line.starts_with('─'));
    let lines: Vec<&str> = list.collect();
    let servers = ["ghcr.io", "quay.io", "index.docker.io", "harbor.corp.test"];
    servers.into_iter().filter(|server| lines.iter().any(|line| line.contains(':') && line.contains(server))).collect()
}

#[test]
fn one_key_lists_only_what_went_wrong_or_one_registry_or_user() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("4f").shows("only failed or not found; Esc lists all");
    insta::assert_snapshot!("activity_only", desk.screen());
    assert_eq!(listed(&mut desk), ["quay.io", "harbor.corp.test"]);
    desk.shows("2/4");
    desk.press("f");
    assert_eq!(listed(&mut desk), ["harbor.corp.test"]);
    desk.press("f");
    assert_eq!(listed(&mut desk), ["quay.io"]);
    desk.press("f");
    assert_eq!(listed(&mut desk), ["ghcr.io", "index.docker.io"]);
    desk.press("f");
    assert_eq!(listed(&mut desk).len(), 4);
    desk.press("gjju").shows("only uid 0");
    assert_eq!(listed(&mut desk), ["quay.io"]);
    desk.press("s").shows("only quay.io, uid 0");
    desk.press("u").shows("only quay.io;");
    // The filter looks among them.
    desk.press("/harbor").shows("nothing fits");
    desk.press("<Esc>").shows("only quay.io;");
    desk.press("<Esc>").hides("only quay.io");
    assert_eq!(listed(&mut desk).len(), 4);
    // What comes meanwhile is listed when it fits.
    desk.press("gfffff").hides("only ");
    desk.press("ff");
    desk.slow = true;
    desk.app.handle(Event::Called);
    desk.settle();
    let Some((ticket, _)) = desk.held.pop() else { panic!("it looks again") };
    let mut more = calls();
    more.push(call("2024-10-04T00:00:08.000Z", "get", "ghcr.io", "error:failed"));
    more.push(call("2024-10-04T00:00:09.000Z", "get", "quay.io", "found"));
    desk.app.handle(Event::Report(ticket, Box::new(Ok(journal(more)))));
    assert_eq!(listed(&mut desk), ["ghcr.io", "harbor.corp.test"]);
}

#[test]
fn the_command_that_mends_a_call_is_for_the_one_who_made_it() {
    let command = |change: &dyn Fn(&mut Call)| {
        let mut desk = Desk::new((80, 24)).begun();
        desk.slow = true;
        desk.press("4");
        let mut one = call("2024-10-04T00:00:00.000Z", "get", "quay.io", "not-found");
        change(&mut one);
        let Some((ticket, Job::Journal(_))) = desk.held.pop() else { panic!("it looks") };
        desk.app.handle(Event::Report(ticket, Box::new(Ok(journal(vec![one])))));
        desk.settle();
        desk.held.clear();
        desk.press("c");
        match desk.held.pop() {
            Some((_, Job::CopyText(command))) => {
                desk.shows(&command);
                command
            }
            other => {
                assert!(other.is_none(), "{other:?}");
                desk.shows("nothing has to be mended here");
                String::new()
            }
        }
    };
    assert_eq!(command(&|_| {}), "docker login quay.io");
    assert_eq!(command(&|one| one.server = Some("https://index.docker.io/v1/".to_owned())), "docker login");
    let of = |one: &mut Call, uid: u32, home: &str| {
        (one.uid, one.home, one.store) = (uid, Some(home.to_owned()), Some(format!("{home}/.password-store")));
    };
    assert_eq!(command(&|one| of(one, 1000, "/srv/c i")), "HOME='/srv/c i' docker login quay.io");
    let root = |one: &mut Call| of(one, 0, "/root");
    assert_eq!(command(&root), "sudo -H docker login quay.io");
    assert_eq!(command(&|one| one.uid = 0), "docker login quay.io");
    let other = |one: &mut Call| of(one, 1001, "/home/bob");
    assert_eq!(command(&other), "sudo -H -u '#1001' docker login quay.io");
    assert_eq!(command(&|one| one.outcome = "error:failed".to_owned()), "regpass status");
    // Where the call found its store and its keys elsewhere, the command goes there too.
    let elsewhere = |one: &mut Call| one.store = Some("/s t".to_owned());
    assert_eq!(command(&elsewhere), "PASSWORD_STORE_DIR='/s t' docker login quay.io");
    let keys = |one: &mut Call| {
        elsewhere(one);
        (one.outcome, one.gnupg_home) = ("error:failed".to_owned(), Some("/g".to_owned()));
    };
    assert_eq!(command(&keys), "GNUPGHOME=/g PASSWORD_STORE_DIR='/s t' regpass status");
    let of_root = |one: &mut Call| {
        root(one);
        elsewhere(one);
    };
    assert_eq!(command(&of_root), "sudo -H env PASSWORD_STORE_DIR='/s t' docker login quay.io");
    assert_eq!(command(&|one| one.outcome = "found".to_owned()), "");
    assert_eq!(command(&|one| one.server = Some("***".to_owned())), "");
    let hostile = command(&|one| one.server = Some("a.test;rm -rf ~".to_owned()));
    assert_eq!(hostile, "docker login 'a.test;rm -rf ~'");
}

/// At the calls, told this of the journal.
fn at_calls(size: (u16, u16), told: Result<Report, Problem>) -> Desk {
    let mut desk = Desk::new(size).begun();
    desk.slow = true;
    desk.press("4");
    let Some((ticket, Job::Journal(_))) = desk.held.pop() else { panic!("it looks") };
    desk.app.handle(Event::Report(ticket, Box::new(told)));
    desk.settle();
    desk
}

#[test]
fn a_login_under_another_spelling_is_named_with_what_to_do() {
    let at = |server: &str, store: &str| {
        let mut one = call("2024-10-04T00:00:00.000Z", "get", server, "not-found");
        one.store = Some(store.to_owned());
        let mut desk = at_calls((80, 24), Ok(journal(vec![one])));
        desk.slow = false;
        for (ticket, job) in std::mem::take(&mut desk.held) {
            desk.answer(ticket, job);
        }
        desk.settle();
        desk
    };
    let mut desk = at("https://ghcr.io", "/store");
    desk.shows("under another spelling: ghcr.io");
    desk.press("c");
    let copied = desk.started.last().cloned().unwrap_or_default();
    let (from, to) = (entry_of("ghcr.io", "<token>"), entry_of("https://ghcr.io", "<token>"));
    assert_eq!(copied, format!("CopyText({:?})", format!("PASSWORD_STORE_DIR=/store regpass cp '{from}' '{to}'")));
    for (server, store) in [("quay.io", "/store"), ("https://ghcr.io", "/root/.password-store")] {
        at(server, store).hides("another spelling");
    }
    at("https://harbor.corp.test", "/store").hides("another spelling");
}

#[test]
fn what_is_no_host_s_name_is_said_to_be_hidden() {
    let one = call("2024-10-04T00:00:00.000Z", "erase", "***", "nothing-to-erase");
    let mut desk = at_calls((80, 24), Ok(journal(vec![one])));
    desk.shows("it is not recorded");
    desk.shows("(no host)");
    desk.hides("***");
}

#[test]
fn details_that_do_not_fit_are_scrolled() {
    let mut small = Desk::new((44, 10)).begun();
    small.press("4/quay<Enter>").screen();
    small.press("<Enter>").shows("/14: J, K");
    small.hides("asked by");
    for _ in 0..6 {
        small.press("J");
    }
    small.shows("asked by");
    small.press("<Esc>j").hides("asked by");
}

fn broken(calls: Vec<Call>) -> Report {
    Report::Journal(Some((Journal { unreadable: 3, ..a_journal(calls) }, None)))
}

#[test]
fn lines_that_are_no_calls_are_told_with_what_ends_that() {
    let mut desk = at_calls((80, 24), Ok(broken(calls())));
    desk.shows("⚠ 3 lines cannot be read: U");
    insta::assert_snapshot!("activity_broken", desk.press("U").screen());
    desk.shows("mv /home/alice/journal /home/alice/journal.old");
    desk.press("c");
    let copied = desk.held.pop().map(|(_, job)| format!("{job:?}")).unwrap_or_default();
    assert_eq!(copied, r#"CopyText("mv /home/alice/journal /home/alice/journal.old")"#);
    desk.press("<Esc>").shows("⚠ 3 lines cannot be read");
    desk.press("Uj").shows("⚠ 3 lines cannot be read");
    let mut small = at_calls((44, 10), Ok(broken(calls())));
    insta::assert_snapshot!("small_activity_broken", small.press("U").screen());
    let mut desk = at_calls((80, 24), Ok(broken(Vec::new())));
    desk.shows("3 lines of the journal of helper calls are no calls");
    desk.hides("Nobody has asked");
    let mut whole = at_calls((80, 24), Ok(journal(calls())));
    whole.press("U").shows("everything could be read");
}

#[test]
fn a_journal_that_cannot_be_read_any_more_is_told_and_read_when_it_can_be() {
    let problem = || Problem::failed("the journal of helper calls cannot be read").hint("mv a b");
    let mut desk = at_calls((80, 24), Err(problem()));
    desk.shows("the journal of helper calls cannot be read");
    desk.hides("Nobody has asked");
    let mut desk = at_calls((80, 24), Ok(journal(calls())));
    let called = |desk: &mut Desk, told| {
        desk.app.handle(Event::Called);
        desk.settle();
        // Whatever the stamp says: of what could not be read nothing is known.
        let Some((ticket, Job::Journal(None))) = desk.held.pop() else { panic!("it looks again") };
        desk.app.handle(Event::Report(ticket, Box::new(told)));
    };
    called(&mut desk, Err(problem()));
    desk.shows("⚠ the calls cannot be read now; these are older: U");
    desk.shows("harbor.corp.test");
    desk.press("U").shows("mv a b");
    called(&mut desk, Ok(journal(calls())));
    desk.hides("cannot be read");
}

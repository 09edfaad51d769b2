//! The first tab: what it tells of a machine where all is in place, and of one where nothing is.

use std::path::Path;

use super::*;
use crate::model::RegistryKey;
use crate::ops::deadline::{AllSeen, Seen};
use crate::ops::journal::Journal;
use crate::ops::mending::Mend;
use crate::ops::overview::{Helper, Overview, Step, StoreSeen};
use crate::ops::shims::Shim;
use crate::system::docker::config::{DockerConfig, InlineLogin};
use crate::system::docker::creds_store::Placed;
use crate::system::journal::Call;
use crate::system::links::Found;
use crate::system::windows::{Hold, Record};

pub(super) fn call(time: &str, action: &str, server: &str, outcome: &str) -> Call {
    Call {
        time: time.to_owned(),
        action: action.to_owned(),
        server: Some(server.to_owned()),
        user: None,
        outcome: outcome.to_owned(),
        error: None,
        warning: None,
        millis: 12,
        uid: 1000,
        home: Some("/home/alice".to_owned()),
        gnupg_home: None,
        store: Some("/home/alice/.password-store".to_owned()),
        caller: Some("docker".to_owned()),
    }
}

pub(super) fn overview() -> Overview {
    let docker = DockerConfig {
        file: "/home/alice/.docker/config.json".into(),
        exists: true,
        helper: Some("pass".to_owned()),
        ..DockerConfig::default()
    };
    let shim = Shim { path: "/usr/local/bin/docker-credential-pass".into(), found: Found::Ours };
    Overview {
        user: Some("alice".to_owned()),
        uid: 1000,
        home: Some("/home/alice".into()),
        docker_file: docker.file.clone(),
        docker: Ok(docker),
        helper: Helper { name: "pass".to_owned(), found: Some(shim) },
        stores: vec![
            StoreSeen { mount: String::new(), root: "/home/alice/.password-store".into(), exists: true },
            StoreSeen { mount: "work".to_owned(), root: "/srv/w\u{1b}ork".into(), exists: false },
        ],
        gnupg_home: "/home/alice/.gnupg".into(),
        key_file: None,
        key: Some(alice()),
        registries: Some(4),
        journal: Ok(activity::a_journal(vec![
            call("2024-10-03T09:00:00.000Z", "get", "ghcr.io", "found"),
            call("2024-10-04T00:00:00.000Z", "get", "quay.io\u{1b}[2J", "not-found"),
        ])),
        journal_on: true,
        windows: AllSeen::default(),
        is_demo: false,
        next: Vec::new(),
    }
}

fn bare() -> Overview {
    let step =
        |what: &str, command: &str| Step { what: what.to_owned(), command: Some(command.to_owned()), mend: None };
    let links = Some(Mend::Links("/home/alice/.local/bin".into()));
    Overview {
        docker: Err(Problem::failed("cannot read it")),
        helper: Helper { name: "pass".to_owned(), found: None },
        stores: vec![StoreSeen { mount: String::new(), root: "/home/alice/.password-store".into(), exists: false }],
        key: None,
        registries: None,
        journal: Ok(activity::a_journal(Vec::new())),
        next: vec![
            step("there is no secret key", "gpg --quick-generate-key 'Your Name <you@example.org>'"),
            step("there is no password store", "mkdir -p -m 700 /s && regpass --store /s recipients set YOUR-KEY"),
            Step { mend: links, ..step("Docker finds no helper", "regpass shims install") },
        ],
        ..overview()
    }
}

/// At the first tab, told this.
fn at_home(size: (u16, u16), found: Overview) -> Desk {
    let mut desk = Desk::new(size);
    desk.slow = true;
    desk.app.begin();
    desk.settle();
    let mut found = Some(Box::new(found));
    for (ticket, job) in std::mem::take(&mut desk.held) {
        match job {
            Job::Overview => {
                let told = Report::Overview(found.take().expect("asked once"));
                desk.app.handle(Event::Report(ticket, Box::new(Ok(told))));
            }
            job => desk.answer(ticket, job),
        }
    }
    desk.slow = false;
    desk.settle();
    desk
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("home", at_home((80, 24), overview()).screen());
    insta::assert_snapshot!("home_bare", at_home((80, 24), bare()).screen());
    insta::assert_snapshot!("small_home", at_home((44, 10), bare()).screen());
    insta::assert_snapshot!("wide_home", at_home((120, 40), overview()).screen());
}

#[test]
fn the_first_frame_waits_for_nothing_and_nothing_runs_on() {
    let mut desk = Desk::new((80, 24));
    desk.shows("looking around");
    let desk = at_home((80, 24), overview());
    assert_eq!(desk.app.deadline(), None, "an idle tab waits for nothing");
}

#[test]
fn nobody_waits_for_the_number_of_entries() {
    let mut desk = Desk::new((80, 24));
    desk.slow = true;
    desk.app.begin();
    desk.settle();
    let (counts, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut desk.held).into_iter().partition(|(_, job)| matches!(job, Job::EntryCount));
    others.into_iter().for_each(|(ticket, job)| desk.answer(ticket, job));
    desk.shows("everything is in place");
    desk.shows("being counted");
    for (ticket, job) in counts {
        assert_ne!(job.lane(), Job::Entries.lane(), "the tree does not wait either");
        desk.answer(ticket, job);
    }
    desk.shows("11 entries");
}

#[test]
fn a_command_is_copied_and_a_place_is_gone_to() {
    let mut desk = at_home((80, 24), bare());
    desk.press("j<Enter>").shows("copied for 45 s: mkdir -p -m 700 /s");
    assert!(desk.started.iter().any(|job| job.contains("CopyText") && job.contains("recipients set")));
    let mut desk = at_home((80, 24), overview());
    desk.shows("2 the store; 3 registries; 5 audit; : every action; ? every key");
    desk.press("<Enter>").shows("nothing to copy");
    let mut desk = at_home((80, 24), overview());
    for _ in 0..20 {
        if desk.screen().contains("▶ registries") {
            break;
        }
        desk.press("j");
    }
    desk.press("<Enter>").shows("AGE");
}

#[test]
fn what_a_fix_mends_is_mended_in_the_audit() {
    let command = Some("regpass fix --apply INL01".to_owned());
    let what = "config.json holds the login of h.test in clear".to_owned();
    let found = || Overview { next: vec![Step { what: what.clone(), command: command.clone(), mend: None }], ..bare() };
    at_home((80, 24), found()).press("f").shows("Enter goes to Audit, where f mends it");
    at_home((80, 24), found()).press("<Enter>").shows("secrets in clear");
}

#[test]
fn what_can_be_put_in_place_is_after_a_yes() {
    let mut desk = at_home((80, 24), bare());
    desk.press("f").shows("this step is yours");
    desk.press("jjf").shows("links to this regpass");
    insta::assert_snapshot!("home_mend", desk.screen());
    desk.press("<Enter>").hides("links to this regpass");
    assert!(!desk.started.iter().any(|job| job.contains("Mend(")), "the safe answer was chosen");
    let mut desk = at_home((80, 24), bare());
    let looks = desk.started.iter().filter(|job| *job == "Overview").count();
    desk.press("jjfy").shows("linked in /home/alice/.local/bin");
    assert!(desk.started.iter().filter(|job| *job == "Overview").count() > looks, "it looks again");
    let mut desk = at_home((80, 24), bare());
    desk.app.scope.read_only = true;
    desk.press("jjf").shows("read-only");
    assert!(!desk.started.iter().any(|job| job.contains("Mend(")));
}

#[test]
fn what_comes_from_elsewhere_is_escaped() {
    let mut desk = at_home((80, 24), overview());
    desk.shows("\\u{1b}[2J");
    assert!(!desk.screen().contains('\u{1b}'));
}

#[test]
fn coming_back_looks_again_and_shows_the_old_meanwhile() {
    let mut desk = at_home((80, 24), overview());
    desk.press("2");
    desk.slow = true;
    desk.press("1").shows("everything is in place");
    assert!(desk.held.iter().any(|(_, job)| matches!(job, Job::Overview)));
}

#[test]
fn a_key_without_a_name_is_told_once() {
    let mut nameless = Desk::new((80, 24));
    nameless.app.begin();
    let key = Some(Reader { name: None, ..alice() });
    for order in nameless.app.take_orders() {
        let Order::Start(ticket, job) = order else { continue };
        let report = match job {
            Job::OwnKey if ticket.owner == "home" => Report::OwnKey(OwnKey { key: key.clone(), lock: Lock::KeyFile }),
            Job::Overview => Report::Overview(Box::new(overview())),
            _ => continue,
        };
        nameless.app.handle(Event::Report(ticket, Box::new(Ok(report))));
    }
    nameless.shows("  key          4FC7…7AC9, from the key file");
}

/// At the first tab, told of a helper call, and of this.
fn told_of_calls(desk: &mut Desk, told: Result<Report, Problem>) {
    desk.app.handle(Event::Called);
    desk.slow = true;
    desk.settle();
    let asked = desk.held.pop();
    let Some((ticket, Job::Journal(_))) = asked else { panic!("it reads the journal: {asked:?}") };
    assert!(desk.held.is_empty(), "and nothing else");
    desk.app.handle(Event::Report(ticket, Box::new(told)));
    desk.settle();
}

#[test]
fn new_calls_come_by_themselves_and_a_login_has_all_looked_at_again() {
    let mut desk = at_home((120, 40), overview());
    let more = |outcome: &str| {
        let mut calls: Vec<Call> =
            (0..9).map(|n| call("2024-10-04T00:00:01.000Z", "get", &format!("n{n}.test"), "found")).collect();
        calls.push(call("2024-10-04T00:00:09.000Z", "store", "new.example.test", outcome));
        Ok(activity::journal(calls))
    };
    told_of_calls(&mut desk, more("unchanged"));
    desk.shows("new.example.test  unchanged");
    desk.shows("n5.test");
    desk.hides("n4.test");
    assert!(desk.held.is_empty(), "{:?}", desk.held);
    assert_eq!(desk.app.deadline(), None, "it waits for no time");
    told_of_calls(&mut desk, more("stored"));
    assert!(desk.held.iter().any(|(_, job)| matches!(job, Job::Overview)), "{:?}", desk.held);
}

#[test]
fn calls_that_cannot_be_read_are_not_said_to_be_none() {
    let unreadable = || Problem::failed("the journal of helper calls cannot be read");
    let mut desk = at_home((80, 24), Overview { journal: Err(unreadable()), ..overview() });
    desk.shows("not known: their record cannot be read");
    desk.hides("none yet");
    told_of_calls(&mut desk, Err(unreadable()));
    assert!(desk.held.is_empty(), "nothing new");
    told_of_calls(&mut desk, Ok(activity::journal(activity::calls())));
    desk.shows("harbor.corp.test  error:failed");
    assert!(desk.held.iter().any(|(_, job)| matches!(job, Job::Overview)), "what is to do is another thing");
    let broken = Journal { unreadable: 2, ..activity::a_journal(Vec::new()) };
    let mut desk = at_home((80, 24), Overview { journal: Ok(broken), ..overview() });
    desk.shows("2 lines of the journal of helper calls are no calls");
    desk.hides("none yet");
}

#[test]
fn the_helper_is_put_into_a_configuration_that_is_there_and_taken_out() {
    let file = || std::path::PathBuf::from("/home/alice/.docker/config.json");
    let inline = |server: &str| InlineLogin { server: RegistryKey::new(server), login: None };
    let config = DockerConfig {
        helper: None,
        inline: ["a.test", "b.test", "c\u{1b}.test", "d.test"].map(inline).to_vec(),
        ..overview().docker.expect("a configuration")
    };
    let what = "Docker keeps its logins in clear".to_owned();
    let step = Step { what, command: None, mend: Some(Mend::CredsStore(file())) };
    let mut desk = at_home((80, 24), Overview { docker: Ok(config), next: vec![step], ..overview() });
    desk.press("f").shows("Puts one line into ~/.docker/config.json");
    insta::assert_snapshot!("home_creds_store", desk.screen());
    desk.press("y");
    assert!(desk.started.iter().any(|job| job.starts_with("Mend(CredsStore")), "{:?}", desk.started);
    let config = DockerConfig { placed: Placed::AtTop, ..overview().docker.expect("a configuration") };
    let mut desk = at_home((80, 24), Overview { docker: Ok(config), ..overview() });
    desk.hides("take back");
    desk.press("jjj").shows("f take back");
    desk.press("f").shows("Takes the line");
    desk.press("y");
    assert!(desk.started.iter().any(|job| job.starts_with("Mend(NoCredsStore")), "{:?}", desk.started);
}

/// Windows as they were seen a moment ago: so many seconds are left of each.
fn with_windows(windows: &[(&str, u64)]) -> Overview {
    let mut all = AllSeen::default();
    for (registry, left) in windows {
        let mut record = Record::new(registry, Path::new("/s"), Some("ci".to_owned()), "store", true);
        let docker_config = "/home/alice/.docker".into();
        let (window, opened, until) = ("w".to_owned(), WALL - 600, WALL + left);
        record.holds.push(Hold { window, opened, until, docker_config, made: None, runner: None, closed: false });
        all.windows.push(Seen { hold: record.holds[0].clone(), record, over: None });
    }
    Overview { windows: all, ..overview() }
}

#[test]
fn a_window_counts_down_and_is_extended_and_closed_after_a_question() {
    let mut desk = at_home((80, 24), with_windows(&[("h.test", 2 * 3600 + 90), ("ghcr.io", 59)]));
    insta::assert_snapshot!("home_window", desk.screen());
    desk.shows("ghcr.io open for 59s more");
    desk.shows("h.test open for 2h 1m more");
    let wait = desk.app.deadline().expect("time is shown") - desk.app.scope.now;
    assert!(wait <= Duration::from_secs(1) + Duration::from_millis(1), "{wait:?}");
    desk.press("e").shows("this line is no window that is open");
    desk.press("jj").shows("e an hour more");
    desk.press("e").shows("\"h.test\" is handed out an hour longer");
    desk.press("n");
    assert!(!desk.started.iter().any(|job| job.starts_with("Window(")));
    // Back from a question it has looked again; what the desk then finds has no window.
    let mut desk = at_home((80, 24), with_windows(&[("h.test", 600)]));
    desk.press("jjey");
    assert!(desk.started.iter().any(|job| job.starts_with("Window(Extend(\"h.test\", 3600s")), "{:?}", desk.started);
    let mut desk = at_home((80, 24), with_windows(&[("h.test", 5)]));
    desk.press("jjx").shows("Erases the login of \"h.test\"");
    desk.press("y").shows("logged out of \"h.test\": proved");
    assert!(desk.started.iter().any(|job| job.starts_with("Window(Close(At([\"h.test\"")), "{:?}", desk.started);
    // Its end comes while somebody looks.
    let mut desk = at_home((80, 24), with_windows(&[("h.test", 5)]));
    desk.app.scope.wall += Duration::from_secs(6);
    desk.shows("window over");
    desk.shows("the window at h.test ended just now");
    desk.hides("open for");
    assert_eq!(desk.app.deadline(), None, "nothing more changes");
    desk.press("kkkkx").shows("every window that is over");
    desk.press("y");
    assert!(desk.started.iter().any(|job| job.starts_with("Window(Close(Over")), "{:?}", desk.started);
}

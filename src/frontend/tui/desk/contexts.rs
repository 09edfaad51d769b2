//! The contexts: a matrix of what Docker would find, one cell of it in full.

use super::*;
use crate::frontend::tui::jobs::contexts::Job as Ask;
use crate::model::Login;
use crate::ops::contexts::{Answer, Cell, Context, Kind, Matrix, Missed, Reason, Step};
use crate::system::variables::Variables;

fn context(name: &str, kind: Kind, home: &str) -> Context {
    Context {
        name: name.to_owned(),
        kind,
        user: Some("alice".to_owned()),
        uid: Some(1000),
        home: Some(home.into()),
        config: Some(format!("{home}/.docker/config.json").into()),
        helper: Some("pass".to_owned()),
        program: Some("/usr/local/bin/docker-credential-pass".into()),
        store: Some(format!("{home}/.password-store").into()),
        gnupg_home: Some(format!("{home}/.gnupg").into()),
        has_config: Some(true),
        variables: Variables::default(),
        unattended: kind == Kind::Unit,
        file: None,
        doubts: Vec::new(),
    }
}

fn matrix(all_users: bool) -> Matrix {
    let mut contexts = vec![
        context("me", Kind::Me, "/home/alice"),
        context("sudo", Kind::Sudo, "/home/alice"),
        context("sudo -H", Kind::SudoHome, "/root"),
        context("root", Kind::Login, "/root"),
        context("deploy.service", Kind::Unit, "/srv/deploy"),
        context("cron: backup", Kind::Cron, "/home/b\u{fc}ro"),
    ];
    if all_users {
        contexts.push(context("bob", Kind::Login, "/home/bob"));
    }
    let registries: Vec<String> = ["docker.io", "ghcr.io", "reg.te\u{1b}st:5000"].map(str::to_owned).to_vec();
    let cells = (0..contexts.len()).flat_map(|context| {
        let answer = match contexts[context].kind {
            Kind::Me | Kind::Sudo => Answer::Found,
            Kind::Unit => Answer::Error,
            Kind::Cron => Answer::Unknown,
            _ => Answer::NotFound,
        };
        registries.clone().into_iter().map(move |registry| cell(registry, context, answer))
    });
    Matrix {
        cells: cells.collect(),
        registries: registries.clone(),
        contexts,
        missed: vec![Missed { of: Some(Kind::Unit), why: "units were not readable".to_owned() }],
    }
}

fn cell(registry: String, context: usize, answer: Answer) -> Cell {
    let found = answer == Answer::Found;
    let step = |name, good, seen: &str| Step { name, good, seen: seen.to_owned(), place: Some("/home/alice/x".into()) };
    Cell {
        registry,
        context,
        answer,
        reason: if found { Reason::Helper } else { Reason::NoHelper },
        login: found.then(|| Login::new("alice")),
        why: if found {
            "the helper finds alice's login".to_owned()
        } else {
            "HOME is /root, and no helper is named there".to_owned()
        },
        mend: (!found).then(|| "name a helper there: sudo -H regpass shims install".to_owned()),
        steps: vec![step("config", true, "read"), step("helper", found, "pass")],
    }
}

pub(super) fn found(job: &Ask) -> Report {
    Report::Contexts(Box::new(matrix(job.all_users)))
}

/// At the contexts, which were looked at.
fn at_contexts(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size).begun();
    desk.press("6").screen();
    desk
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("contexts", at_contexts((80, 24)).screen());
    insta::assert_snapshot!("contexts_details", at_contexts((80, 24)).press("ll<Enter>").screen());
    insta::assert_snapshot!("wide_contexts", at_contexts((160, 40)).press("ll").screen());
    let mut small = at_contexts((44, 10));
    insta::assert_snapshot!("small_contexts", small.press("llll").screen());
    insta::assert_snapshot!("small_contexts_details", small.press("<Enter>").screen());
    let mut plain = Desk::with((80, 24), &["a/b"], Theme::new(false, true)).begun();
    let screen = plain.press("6lll").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn every_context_comes_into_view_and_the_chosen_cell_is_marked_without_colour() {
    let mut desk = at_contexts((80, 24));
    desk.shows("[✔ alice]");
    desk.hides("cron: backup  ");
    desk.press("lllll").shows("cron: backup");
    desk.shows("[? unknown]");
    desk.press("l").shows("this is the last context");
    desk.press("h").shows("[✘ error]");
    desk.press("hhhhh").shows("this is the first context");
}

#[test]
fn the_next_wrong_cell_is_found_row_by_row() {
    let mut desk = at_contexts((80, 24));
    desk.press("n").shows("docker.io as sudo -H: ✘ none");
    desk.shows("name a helper there: sudo -H regpass shims install");
    desk.press("nnnn").shows("ghcr.io as sudo -H");
}

#[test]
fn it_is_filtered_and_leads_to_the_registry() {
    let mut desk = at_contexts((80, 24));
    desk.press("/ghcr<Enter>").shows("ghcr.io as me: ✔ found");
    desk.press("o").shows("AGE");
    desk.shows("▶ ghcr.io");
}

#[test]
fn other_accounts_come_when_asked_for() {
    let mut desk = at_contexts((160, 40));
    desk.press("ullllll").shows("docker.io as bob");
    assert!(desk.started.iter().any(|job| job.contains("all_users: true")), "{:?}", desk.started);
}

#[test]
fn what_comes_from_elsewhere_is_escaped() {
    let mut desk = at_contexts((80, 24));
    assert!(!desk.press("jj").screen().contains('\u{1b}'));
    desk.shows("reg.te\\u{1b}st:5000 as me");
}

#[test]
fn an_idle_tab_waits_for_nothing_and_is_looked_at_once() {
    let mut desk = at_contexts((80, 24));
    assert_eq!(desk.app.deadline(), None);
    desk.press("16");
    assert_eq!(desk.started.iter().filter(|job| job.starts_with("Contexts(")).count(), 1);
}

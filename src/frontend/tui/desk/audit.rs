//! The audit: what it found by group, one finding in full, one accepted, checks run again, a run called off.

use std::path::Path;

use super::*;
use crate::frontend::tui::jobs::audit::{Job as Ask, Judged, Look, Ran};
use crate::frontend::tui::jobs::fix::{Job as Mend, Report as Mended, Shown};
use crate::model::Login;
use crate::ops::audit::accepted::Ignored;
use crate::ops::audit::{self, Confidence, Finding, GROUPS, Severity, Spot, Verdict};
use crate::ops::fix::{Applied, DiffLine, Kind};
use crate::ops::line_diff::Side;

/// The checks that answer here: others that there are by now change nothing in these tests.
const CHECKS: [&str; 7] = ["INL01", "INL12", "INL13", "CFG01", "CFG03", "HLP01", "HLP02"];

/// What the page says of each, so that these tests do not hang on its words.
const SECTION: [(&str, &str); 3] = [
    (
        "What",
        "A line of a history or a file's entry has a login in clear, which others than its owner may come to read.",
    ),
    ("Why it matters", "Histories and files are kept for years, and are copied with homes, images and backups."),
    ("How it is mended", "Change the password, take the line out."),
];

fn judged(finding: Finding) -> Judged {
    Judged { finding, ignored: None }
}

fn ignored() -> Ignored {
    Ignored {
        id: "CFG03".to_owned(),
        fingerprint: None,
        reason: "a machine of one\u{1b}[2J".to_owned(),
        expires: "2999-01-31".to_owned(),
        by: Some("ann".to_owned()),
    }
}

fn inline() -> Finding {
    let config = Path::new("/home/alice/.docker/config.json");
    let title = "\"ghcr.io\" is in clear: auth, 24 bytes";
    Finding::new("INL01", Severity::High, title, "name a helper as credsStore, then docker login ghcr.io again")
        .at(config, Spot::Pointer("/auths/ghcr.io".to_owned()))
        .about(Some("ghcr.io".to_owned()), Some(Login::new("alice")))
}

fn findings(id: &str) -> Vec<Judged> {
    let found = |severity, title: &str| Finding::new("INL12", severity, title, "change the password, remove the line");
    match id {
        "INL01" => vec![judged(inline())],
        "INL12" => {
            let history = Path::new("/home/alice/.bash_hist\u{1b}ory");
            let line = found(Severity::Critical, "docker login has its password in the line: 12 bytes");
            vec![judged(line.at(history, Spot::Line(41)).with(Confidence::Likely))]
        }
        "CFG03" => {
            let open = Finding::new("CFG03", Severity::Medium, "others can read config.json", "chmod 600 it");
            vec![Judged { finding: open, ignored: Some(ignored()) }]
        }
        _ => Vec::new(),
    }
}

pub(super) fn found(job: &Ask) -> Report {
    let look = |(group, check): (&str, &'static audit::Check)| {
        let (verdict, why) = match check.id {
            "INL01" | "CFG03" => (Verdict::Found, None),
            "INL12" => (Verdict::Found, Some("/root/.bash_history: permission denied".to_owned())),
            "INL13" => (Verdict::Skipped, Some("no folder was given: --roots".to_owned())),
            "HLP02" => (Verdict::Failed, Some("a folder of PATH cannot be read".to_owned())),
            _ => (Verdict::Clean, None),
        };
        let group = GROUPS.iter().find(|one| one.name == group).expect("a group");
        Look { group, check, verdict, why, findings: findings(check.id), section: SECTION.to_vec() }
    };
    let wanted = |id: &str| match job {
        Ask::All => CHECKS.contains(&id),
        Ask::Again(one) => *one == id,
    };
    let looks = audit::all().filter(|(_, check)| wanted(check.id)).map(look).collect();
    Report::Audit(Ran { looks, when: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - 120) })
}

/// What would be done about them.
pub(super) fn mended(job: &Mend) -> Mended {
    let line = |side, number, text: &str| DiffLine { side, number, text: text.to_owned() };
    match job {
        Mend::Plan(of) if of.id == "INL01" => Mended::Planned(Some(Shown {
            kind: Kind::Auto,
            ids: vec!["INL01"],
            title: "move alice's login at ghcr.io into the store".to_owned(),
            path: Some("/home/alice/.docker/config.json".into()),
            diff: vec![
                line(Side::Both, 2, "  \"auths\": {"),
                line(Side::Old, 3, "    \"ghcr.io\": { \"auth\": \"****\" }"),
                line(Side::New, 3, "    \"ghcr.io\": {}"),
            ],
            steps: vec!["the login is stored, read back and compared".to_owned()],
            advice: vec!["change the password at ghcr.io".to_owned()],
            why: None,
            is_reversible: true,
        })),
        Mend::Plan(_) => Mended::Planned(Some(Shown {
            kind: Kind::Guided,
            ids: vec!["INL12"],
            title: "a history has a password".to_owned(),
            path: None,
            diff: Vec::new(),
            steps: Vec::new(),
            advice: vec!["change the password".to_owned()],
            why: Some("histories are the shell's".to_owned()),
            is_reversible: false,
        })),
        Mend::Apply(..) => {
            Mended::Applied(Applied { done: vec!["alice's login is in the store".to_owned()], ..Applied::default() })
        }
    }
}

/// At the audit, which has run.
fn at_audit(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size).begun();
    // What keys do depends on what was seen.
    desk.press("5").screen();
    desk
}

fn runs(desk: &Desk) -> Vec<&String> {
    desk.started.iter().filter(|job| job.starts_with("Audit(")).collect()
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("audit", at_audit((80, 24)).screen());
    insta::assert_snapshot!("audit_all", at_audit((80, 24)).press("a").screen());
    insta::assert_snapshot!("audit_details", at_audit((80, 24)).press("<Enter>").screen());
    insta::assert_snapshot!("audit_group", at_audit((80, 24)).press("g<Enter>").screen());
    insta::assert_snapshot!("wide_audit", at_audit((120, 40)).press("j").screen());
    insta::assert_snapshot!("small_audit", at_audit((44, 10)).screen());
    let mut small = at_audit((44, 10));
    insta::assert_snapshot!("small_audit_details", small.press("<Enter>").screen());
    insta::assert_snapshot!("small_audit_scrolled", small.press("J").screen());
    let mut plain = Desk::with((80, 24), &["a/b"], Theme::new(false, true)).begun();
    let screen = plain.press("5").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn it_runs_at_the_first_look_and_then_when_it_is_asked_to() {
    let mut desk = Desk::new((80, 24)).begun();
    assert!(runs(&desk).is_empty(), "nobody asked yet");
    desk.press("1").shows("5 audit");
    desk.hides("  audit  ");
    desk.press("5").shows("1 critical, 1 high; 2 unseen; 1 ignored; looked 2 minutes ago");
    assert_eq!(desk.app.deadline(), None, "an idle tab waits for nothing");
    desk.press("15");
    assert_eq!(runs(&desk).len(), 1);
    desk.press("<F5>").shows("looked again: 1 critical");
    desk.press("r").shows("INL12 again: 1 found");
    assert_eq!(*runs(&desk), ["Audit(All)", "Audit(All)", "Audit(Again(\"INL12\"))"]);
    desk.press("gr").shows("select a finding or a check, not a group");
    desk.press("1").shows("audit        ✘ 1 critical, 1 high");
}

#[test]
fn the_worst_group_and_its_worst_finding_come_first() {
    let screen = at_audit((80, 24)).screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("no {text} in\n{screen}"));
    assert!(at("secrets in clear") < at("Docker's configuration"));
    assert!(at("critical INL12") < at("high     INL01"));
    assert!(!screen.contains("CFG03") && !screen.contains("CFG01"), "{screen}");
}

#[test]
fn what_could_not_be_looked_at_is_listed_and_never_green() {
    let mut desk = at_audit((80, 24));
    desk.shows("unseen   INL12 /root/.bash_history: permission denied");
    desk.shows("unseen   HLP02 a folder of PATH cannot be read");
    desk.hides("skipped");
    desk.press("a").shows("skipped  INL13 no folder was given");
    desk.shows("ignored  CFG03");
    desk.shows("clean    CFG01");
}

#[test]
fn the_filter_knows_severity_id_and_path() {
    for (needle, id) in [("critical", "INL12"), ("INL01", "INL01"), ("config.json", "INL01"), ("HLP02", "HLP02")] {
        let mut desk = at_audit((80, 24));
        let screen = desk.press(&format!("/{needle}<Enter>")).screen();
        let selected = screen.lines().find(|line| line.starts_with('▶')).unwrap_or_default();
        assert!(selected.contains(id), "{needle}: {screen}");
    }
    at_audit((80, 24)).press("/nothing of the kind").shows("nothing fits");
}

#[test]
fn a_finding_leads_to_its_registry_and_says_what_the_page_says() {
    let mut desk = at_audit((120, 40));
    desk.press("j").shows("Why it matters");
    desk.shows("/auths/ghcr.io");
    desk.shows("ghcr.io as alice");
    desk.press("o").shows("AGE");
    desk.shows("▶ ghcr.io");
}

#[test]
fn what_comes_from_elsewhere_is_escaped() {
    let mut desk = at_audit((120, 40));
    assert!(!desk.screen().contains('\u{1b}'));
    desk.press("a/CFG03<Enter>").shows("until 2999-01-31, by ann: a machine of");
    desk.shows("one\\u{1b}[2J");
    assert!(!desk.screen().contains('\u{1b}'));
}

#[test]
fn a_finding_is_ignored_for_a_reason_and_a_time_and_looked_at_again() {
    let mut desk = at_audit((80, 24));
    insta::assert_snapshot!("audit_ignore", desk.press("x").screen());
    desk.press("<Enter>").shows("say why");
    desk.press("moved in May<Tab><^U>2020-01-01<Enter>").shows("this day is over");
    desk.press("<^U>soon<Enter>").shows("YYYY-MM-DD");
    desk.press("<^U>2999-01-31<Enter>").shows("is ignored until");
    let asked = desk.started.iter().find(|job| job.starts_with("Write(Ignore")).expect("asked");
    assert!(asked.contains("INL12") && asked.contains("moved in May") && asked.contains("2999-01-31"), "{asked}");
    assert_eq!(runs(&desk).len(), 2, "it looks again");
    let mut desk = at_audit((80, 24));
    desk.app.scope.read_only = true;
    desk.press("x").shows("read-only");
    desk.press("a/CFG03<Enter>x").hides("reason ");
}

#[test]
fn what_is_ignored_is_told_again_after_a_question() {
    let mut desk = at_audit((80, 24));
    desk.press("a/CFG03<Enter>x").shows("┌─ Tell CFG03 again");
    desk.shows("every finding of CFG03");
    desk.press("n").hides("Tell CFG03");
    desk.press("x<Enter>").hides("Tell CFG03");
    assert!(!desk.started.iter().any(|job| job.starts_with("Write(")), "the safe answer was chosen");
    desk.press("xy").shows("CFG03 is told again");
    assert!(desk.started.iter().any(|job| job.starts_with("Write(TellAgain")));
    assert_eq!(runs(&desk).len(), 2, "it looks again");
}

#[test]
fn what_mends_a_finding_is_shown_then_done_after_a_yes() {
    let mut desk = at_audit((80, 24));
    insta::assert_snapshot!("fix_guided", desk.press("f").screen());
    desk.press("<Enter>").shows("this is for you to do");
    desk.press("<Esc>jf").shows("regpass does it, after a question");
    insta::assert_snapshot!("fix_preview", desk.screen());
    desk.press("<Enter>").shows("┌─ Mend it");
    desk.press("<Enter>").shows("What mends INL01");
    let applied = |desk: &Desk| desk.started.iter().filter(|job| job.starts_with("Fix(Apply")).count();
    assert_eq!(applied(&desk), 0, "the safe answer was chosen");
    desk.press("<Enter>y").shows("alice's login is in the store; z takes it back");
    assert_eq!(applied(&desk), 1);
    assert_eq!(runs(&desk).len(), 2, "it looks again");
    desk.hides("What mends INL01");
    insta::assert_snapshot!("small_fix", at_audit((44, 10)).press("jf").screen());
    let mut desk = at_audit((80, 24));
    desk.app.scope.read_only = true;
    desk.press("jf<Enter>").shows("read-only");
    assert_eq!(applied(&desk), 0);
}

#[test]
fn the_end_of_a_fix_is_told_when_its_preview_was_closed() {
    let mut desk = at_audit((80, 24));
    desk.press("jf");
    desk.slow = true;
    desk.press("<Enter>y<Esc>").hides("What mends INL01");
    desk.slow = false;
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    desk.settle();
    desk.shows("alice's login is in the store");
}

#[test]
fn a_run_is_called_off_and_started_again() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("5").shows("looking for what leaks");
    let (ticket, _) = desk.held.pop().expect("a run");
    desk.app.handle(Event::Progress(
        ticket,
        crate::frontend::tui::watch::Pace { what: "reading".into(), ..Default::default() },
    ));
    desk.shows("reading");
    desk.app.handle(Event::Key(named("Esc")));
    let off = desk.app.take_orders().into_iter().any(|order| matches!(order, Order::CallOff(of) if of == ticket));
    assert!(off, "the worker is told");
    desk.shows("Nothing was looked at: F5 runs all checks.");
    desk.app.handle(Event::Report(ticket, Box::new(Ok(found(&Ask::All)))));
    desk.shows("Nothing was looked at");
    desk.press("12").press("5").shows("Nothing was looked at");
    desk.slow = false;
    desk.press("<F5>").shows("1 critical");
}

#[test]
fn why_it_cannot_look_is_told() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.failure = Some(Problem::failed("the ignore file is not understood").hint("mend it"));
    desk.press("5").shows("the ignore file is not understood");
    desk.shows("mend it");
}

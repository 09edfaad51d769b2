//! Who can read which folder, and what changing that would do.

use super::super::jobs::recipients::{Change, Job as Ask, Outcome, Outlook, Report as Answer};
use super::*;
use crate::ops::opening::Failed;
use crate::ops::recipients::{Access, Governed, Person};
use crate::system::cipher::{Reach, Stranger};

fn governed(folder: &str, people: Vec<Person>, problem: Option<Problem>) -> Governed {
    let folder = if folder.is_empty() { EntryPath::root() } else { EntryPath::parse(folder).expect("a name") };
    let store: std::path::PathBuf = "/home/alice/.password-store".into();
    Governed { file: folder.folder(&store).join(".gpg-id"), folder, store, recipients: people, problem }
}

fn people() -> Vec<Person> {
    let mut own = alice();
    own.expires = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(WALL + 400 * DAY));
    let expired = Problem::failed("the key of \"bob\" has expired").hint("ask for a new one: gpg --refresh-keys");
    vec![
        Person { reader: own, own: Some(true), problem: None },
        Person { reader: bob(), own: Some(false), problem: Some(expired) },
    ]
}

/// Whom an entry is encrypted to: those that it should be, or others.
pub(super) fn access(astray: bool) -> Access {
    let carol = Stranger {
        key: "89ABCDEF01234567".to_owned(),
        fingerprint: Some("0123456789ABCDEF0123456789ABCDEF89ABCDEF".to_owned()),
        name: Some(UserId::new(b"Carol Example <carol@example.test>")),
    };
    let unknown = Stranger { key: "0011223344556677".to_owned(), fingerprint: None, name: None };
    match astray {
        false => Access {
            listed: vec![(alice(), Reach::Reached), (bob(), Reach::Reached)],
            differs: Some(false),
            ..Access::default()
        },
        true => Access {
            listed: vec![(alice(), Reach::ByOlderKey), (bob(), Reach::Missed)],
            others: vec![carol, unknown],
            differs: Some(true),
            ..Access::default()
        },
    }
}

pub(super) fn found(job: &Ask, access: &Access) -> Answer {
    match job {
        Ask::Access(_) => Answer::Access(access.clone()),
        Ask::List => Answer::Listed(vec![
            governed("", people(), None),
            governed("infra", people().split_off(1), Some(Problem::failed("the last line has no line end"))),
        ]),
        Ask::LookUp(_) => Answer::LookedUp(people()),
        Ask::Foresee(Change { edit: None, .. }) => Answer::Foreseen(Outlook { up_to_date: 11, ..Outlook::default() }),
        Ask::Foresee(_) => Answer::Foreseen(Outlook {
            added: vec!["Bob \\u{1b}[31m".to_owned()],
            removed: vec!["carol@example.test".to_owned()],
            new_file: true,
            due: ["infra/db/root", "infra/vpn"].map(|name| EntryPath::parse(name).expect("a name")).to_vec(),
            up_to_date: 9,
            ..Outlook::default()
        }),
        Ask::Carry(_) => Answer::Carried(Outcome {
            done: 1,
            up_to_date: 9,
            failed: vec![Failed {
                entry: EntryPath::parse("infra/vpn").expect("a name"),
                problem: Problem::failed("cannot read \"infra/vpn\""),
            }],
            stopped: Some((1, Problem::cancelled("called off"))),
            ..Outcome::default()
        }),
    }
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("readers", desk.press("/vpn<Enter>W").screen());
    insta::assert_snapshot!("readers_person", desk.press("jj").screen());
    insta::assert_snapshot!("readers_add", desk.press("abob<Enter>").screen());
    insta::assert_snapshot!("readers_foreseen", desk.press("<Enter>").screen());
    insta::assert_snapshot!("readers_done", desk.press("y").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_readers", desk.press("W").screen());
    insta::assert_snapshot!("small_readers_foreseen", desk.press("jD").screen());
    let mut plain = Desk::with((80, 24), &["infra/db/root"], Theme::new(false, true)).begun();
    let screen = plain.press("WabobG<Enter>").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn nothing_is_done_without_a_yes() {
    let carried = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Carry")).count();
    for no in ["<Enter>", "<Esc>", "n", "q"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press("WgjjD").shows("To be encrypted anew: 2 entries");
        desk.press(no).shows("Who can read");
        assert_eq!(carried(&desk), 0);
    }
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("We").shows("Everything is as it should be.");
    desk.press("y").shows("there is nothing to do");
    assert_eq!(carried(&desk), 0);
    desk.press("<Esc>D").shows("select a person, not a folder");
}

#[test]
fn what_was_called_off_goes_on_and_the_store_is_read_again() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("Wgabob<Enter><Enter>y").shows("1 entry left, y goes on");
    desk.shows("cannot read \"infra/vpn\"");
    desk.press("y");
    assert_eq!(desk.started.iter().filter(|job| job.contains("Carry")).count(), 2);
    let read = |desk: &Desk| desk.started.iter().filter(|job| *job == "Entries").count();
    assert_eq!(read(&desk), 1);
    desk.press("@").shows("⚠ Let somebody read");
    desk.press("<Esc>");
    // Back past the question who is to be added, which has been answered.
    desk.press("<Esc>").shows("Who can read");
    desk.press("<Esc>");
    assert_eq!(read(&desk), 2);
}

#[test]
fn an_entry_says_whom_it_is_really_encrypted_to_and_which_key_mends_it() {
    let mut desk = Desk::new((80, 24));
    desk.access = access(true);
    let mut desk = desk.begun();
    insta::assert_snapshot!("astray", desk.press("/dbroot<Enter>").screen());
    insta::assert_snapshot!("astray_readers", desk.press("Wg").screen());
    let foreseen = |desk: &Desk| desk.started.iter().filter(|job| job.contains("Foresee")).cloned().collect::<Vec<_>>();
    desk.press("a").shows("select a folder");
    desk.press("e").shows("Encrypt infra/db/root anew");
    desk.press("<Esc><Esc>x").shows("Encrypt infra/db/root anew");
    assert!(foreseen(&desk).len() == 2 && foreseen(&desk).iter().all(|job| job.contains("infra/db/root")));
    let mut desk = Desk::new((44, 10));
    desk.access = access(true);
    let mut desk = desk.begun();
    desk.screen();
    insta::assert_snapshot!("small_astray", desk.press("/replica<Enter><Enter>").screen());
    insta::assert_snapshot!("small_astray_readers", desk.press("Wg").screen());
}

#[test]
fn what_cannot_be_told_is_said() {
    let mut desk = Desk::new((80, 24));
    desk.access = Access { listed: vec![(alice(), Reach::Untold)], hidden: 1, ..Access::default() };
    desk.git = Tracking::NoGit;
    let mut desk = desk.begun();
    desk.press("/dbroot<Enter>");
    desk.shows("cannot tell  Alice Example");
    desk.shows("readable by  1 reader, hidden");
    desk.hides("encrypts it anew");
    desk.shows("history      none: not in git");
    assert!(!desk.started.iter().any(|job| job.starts_with("History(Last")), "{:?}", desk.started);
}

#[test]
fn the_last_commits_are_asked_for_once_the_facts_are_known() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>").shows("last in git, h for all");
    desk.shows("1111111 Edit password");
    desk.shows("2222222 Add");
    let asked = desk.started.iter().rposition(|job| job.starts_with("History(Last") && job.contains("infra/db/root"));
    let facts = desk.started.iter().rposition(|job| job.contains("Facts") && job.contains("infra/db/root"));
    assert!(facts.is_some() && asked > facts, "{:?}", desk.started);
}

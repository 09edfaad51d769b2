//! After a logout.

use super::*;
use crate::ops::audit::evidence::window::{Erased, Kept, WindowSeen};

const BEFORE: &str = "2026-11-20T10:00:00.000Z";
const AFTER: &str = "2026-11-20T10:00:00.001Z";

fn logged_out(server: &str, kept: &str) -> Evidence {
    let login = Kept { server: RegistryKey::new(kept), file: "/home/bob/x.gpg".into(), time: BEFORE.to_owned() };
    let erased = vec![Erased { server: RegistryKey::new(server), time: AFTER.to_owned() }];
    Evidence { window: WindowSeen { erased, logins: vec![login], ..WindowSeen::default() }, ..mine() }
}

/// A login of `a.test` where none is to be.
fn outside() -> Evidence {
    let mut evidence = logged_out("b.test", "a.test");
    evidence.window.windows_only = true;
    evidence
}

pub(super) const ROWS: &[ByHand] = &[
    ("WIN01", outside),
    ("WIN04", || Evidence {
        window: WindowSeen { over: vec![("a.test".to_owned(), "ended".to_owned())], ..WindowSeen::default() },
        ..mine()
    }),
    ("WIN04", || Evidence {
        window: WindowSeen { damaged: vec![("/w/x.json".into(), "why".to_owned())], ..WindowSeen::default() },
        ..mine()
    }),
    ("WIN02", || logged_out("a.test", "a.test")),
    ("WIN02", || logged_out("https://index.docker.io/v1/", "https://index.docker.io/v1/")),
    ("WIN02", || {
        let mut evidence = holding(AuthRole::Docker, "https://a.test/v1/");
        evidence.window = logged_out("a.test", "b.test").window;
        evidence
    }),
    ("WIN03", || logged_out("docker.io", "https://index.docker.io/v1/")),
    ("WIN03", || logged_out("a.test", "https://a.test/v2/")),
];

#[test]
fn a_login_in_a_window_or_past_its_end_is_not_outside_of_one() {
    let mut evidence = outside();
    evidence.window.open.insert("a.test".to_owned());
    assert_eq!(answer(&evidence, "WIN01").verdict(), Verdict::Clean);
    let mut evidence = outside();
    evidence.window.over.push(("a.test".to_owned(), "ended".to_owned()));
    assert_eq!(answer(&evidence, "WIN01").verdict(), Verdict::Clean);
    let mut evidence = outside();
    evidence.window.windows_only = false;
    assert!(answer(&evidence, "WIN01").skipped.is_some());
}

#[test]
fn what_was_written_later_or_means_another_registry_is_no_leftover() {
    let clean = |change: fn(&mut WindowSeen)| {
        let mut evidence = logged_out("a.test", "a.test");
        change(&mut evidence.window);
        ["WIN02", "WIN03"].iter().all(|id| answer(&evidence, id).verdict() == Verdict::Clean)
    };
    assert!(clean(|window| window.erased[0].time = "2026-11-20T09:59:59.999Z".to_owned()));
    assert!(clean(|window| window.logins[0].server = RegistryKey::new("a.test:5000")));
    assert_eq!(answer(&logged_out("a.test", "a.test"), "WIN03").verdict(), Verdict::Clean, "told once");
}

#[test]
fn many_logins_and_many_logouts_take_no_time() {
    let mut evidence = logged_out("a.test", "a.test");
    let window = &mut evidence.window;
    let of = |number: usize| RegistryKey::new(format!("https://r{number}.test"));
    window.erased = (0..5_000).map(|number| Erased { server: of(number), ..window.erased[0].clone() }).collect();
    window.logins = (0..10_000).map(|number| Kept { server: of(number), ..window.logins[0].clone() }).collect();
    let start = std::time::Instant::now();
    assert_eq!(answer(&evidence, "WIN02").findings.len(), 5_000);
    assert_eq!(answer(&evidence, "WIN03").verdict(), Verdict::Clean);
    // Each with each takes minutes.
    assert!(start.elapsed() < std::time::Duration::from_secs(15), "{:?}", start.elapsed());
}

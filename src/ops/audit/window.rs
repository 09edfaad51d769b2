//! Group WIN: is what was logged out really gone, and what was opened for a while closed. By the helper's journal, the store and the files with logins. Ids as in the
//! catalogue (docs/checks.md).

use std::collections::BTreeMap;

use super::Check;
use super::evidence::window::{Erased, Kept};
use super::evidence::{AuthSeen, Evidence, shown};
use super::finding::{Answer, Confidence, Finding, Severity, Spot};
use super::places::AuthRole;
use crate::model::registry_key::HUB_NAME;
use crate::model::{RegistryKey, misplaced, text};
use crate::ops::registries::name_of;
use crate::system::docker::auth_file::Held;

use Severity::{High, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check { id: "WIN01", title: "a login can be used while no window is open", severity: Medium, look: outside },
    Check { id: "WIN02", title: "a login is still there after its logout", severity: High, look: still_there },
    Check {
        id: "WIN03",
        title: "a logout was for another spelling: the login is still there",
        severity: High,
        look: other_spelling,
    },
    Check { id: "WIN04", title: "a window is over and was not closed", severity: Medium, look: not_closed },
];

fn outside(evidence: &Evidence) -> Answer {
    let seen = &evidence.window;
    if !seen.windows_only {
        return Answer::skipped("config.toml does not say windows-only = true");
    }
    let mut answer = Answer::default();
    for login in &seen.logins {
        let name = name_of(&login.server);
        // What is over is not handed out.
        if seen.open.contains(&name) || seen.over.iter().any(|(over, _)| *over == name) {
            continue;
        }
        let server = misplaced::server(login.server.as_bytes());
        let title = format!("{} has a login, and no window is open there", quoted(&login.server));
        let fix = format!("regpass logout {}", misplaced::shell_word(&server));
        let finding = Finding::new("WIN01", Medium, title, fix).at(&login.file, Spot::Whole);
        answer.findings.push(finding.about(Some(server), None));
    }
    answer
}

fn not_closed(evidence: &Evidence) -> Answer {
    let mut answer = Answer::default();
    for (registry, words) in &evidence.window.over {
        let title = format!("the window at {} {words}", text::quoted(registry));
        let finding = Finding::new("WIN04", Medium, title, "regpass window close --over");
        answer.findings.push(finding.about(Some(registry.clone()), None));
    }
    for (path, why) in &evidence.window.damaged {
        let title = format!("a window's record cannot be read, and its registry has no login: {why}");
        let fix = format!("log out of what is not handed out (regpass journal), then remove {}", shown(path));
        answer.findings.push(Finding::new("WIN04", Medium, title, fix).at(path, Spot::Whole));
    }
    answer
}

fn still_there(evidence: &Evidence) -> Answer {
    let mut answer = start(evidence);
    let logouts = logouts(evidence);
    for login in &evidence.window.logins {
        let Some((erased, true)) = logout_of(&logouts, login) else { continue };
        let title =
            format!("{} was logged out on {} and its login is still in the store", quoted(&login.server), day(erased));
        answer.findings.push(kept("WIN02", title, login));
    }
    for (seen, held) in held(evidence) {
        let Some(erased) = logout_of_file(evidence, &logouts, seen, held) else { continue };
        let title = format!(
            "{} was logged out on {} and this file still holds a login in clear ({})",
            text::quoted(&held.server),
            day(erased),
            held.words()
        );
        let fix = format!("take the entry out of {}, and change the password", shown(&seen.file.path));
        let finding = Finding::new("WIN02", High, title, fix).at(&seen.file.path, Spot::Pointer(held.pointer.clone()));
        answer.findings.push(finding.about(Some(held.server.clone()), held.user.clone()).with(Confidence::Likely));
    }
    answer
}

fn other_spelling(evidence: &Evidence) -> Answer {
    let mut answer = start(evidence);
    let logouts = logouts(evidence);
    for login in &evidence.window.logins {
        let Some((erased, false)) = logout_of(&logouts, login) else { continue };
        let title = format!(
            "the logout of {} on {} left the login at {}, the same registry",
            quoted(&erased.server),
            day(erased),
            quoted(&login.server)
        );
        answer.findings.push(kept("WIN03", title, login));
    }
    answer
}

/// By the registry that they were for, oldest first.
type Logouts<'a> = BTreeMap<String, Vec<&'a Erased>>;

fn logouts(evidence: &Evidence) -> Logouts<'_> {
    let mut logouts = Logouts::new();
    for erased in &evidence.window.erased {
        logouts.entry(erased.server.canonical()).or_default().push(erased);
    }
    logouts
}

/// The logout that this login should not have outlived, and whether it was for this very spelling.
fn logout_of<'a>(logouts: &Logouts<'a>, login: &Kept) -> Option<(&'a Erased, bool)> {
    // Docker Hub's tokens go with its login (docker/cli `cli/internal/oauth/manager`).
    let canonical = if login.server.is_hub_token() { HUB_NAME.to_owned() } else { login.server.canonical() };
    let mut logouts = logouts.get(&canonical)?.iter().copied().filter(|erased| erased.time >= login.time);
    let exact = logouts.clone().find(|erased| erased.server == login.server);
    exact.map(|erased| (erased, true)).or_else(|| logouts.next_back().map(|erased| (erased, false)))
}

fn logout_of_file<'a>(evidence: &Evidence, logouts: &Logouts<'a>, seen: &AuthSeen, held: &Held) -> Option<&'a Erased> {
    let canonical = RegistryKey::new(held.server.as_str()).canonical();
    // A logout writes Docker's file, so that its time says nothing of the login in it.
    let written = evidence.window.files.get(&seen.file.path).filter(|_| seen.role != AuthRole::Docker);
    let after = |erased: &&Erased| written.is_none_or(|written| erased.time >= *written);
    logouts.get(&canonical)?.iter().copied().find(after)
}

/// Files that programs read now; a copy is INL19's.
fn held(evidence: &Evidence) -> impl Iterator<Item = (&AuthSeen, &Held)> {
    let read = evidence.auth.iter().filter(|seen| seen.role != AuthRole::Leftover);
    read.flat_map(|seen| {
        seen.contents().into_iter().flat_map(move |contents| contents.held.iter().map(move |held| (seen, held)))
    })
}

fn kept(id: &'static str, title: String, login: &Kept) -> Finding {
    let server = misplaced::server(login.server.as_bytes());
    let fix = format!("regpass registries erase {}", misplaced::shell_word(&server));
    Finding::new(id, High, title, fix).at(&login.file, Spot::Whole).about(Some(server), None)
}

/// What nobody knows is no reason to call anything clean.
fn start(evidence: &Evidence) -> Answer {
    Answer { skipped: evidence.window.untold.clone(), ..Answer::default() }
}

fn quoted(server: &RegistryKey) -> String {
    text::quoted(misplaced::server(server.as_bytes()))
}

/// The day of a time, which a journal that somebody wrote into may have anything as.
fn day(erased: &Erased) -> String {
    text::escaped(erased.time.chars().take("2026-11-21".len()).collect::<String>().as_bytes()).into_owned()
}

//! Group CRD: are the logins themselves any good: dead tokens, passwords that everybody knows, secrets that a client cannot
//! send. What needs a look at the store's secrets is asked for with `--decrypt`; logins in clear are judged without. Ids as in
//! the catalogue (docs/checks.md).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Check;
use super::evidence::Evidence;
use super::finding::Severity::{self, High, Low, Medium};
use super::finding::{Answer, Confidence, Finding, Spot};
use crate::model::{Login, RegistryKey, misplaced, text, utc};
use crate::ops::registries::{RegistryKind, RegistryLogin};
use crate::system::docker::traits::Traits;

pub(super) const CHECKS: &[Check] = &[
    Check { id: "CRD01", title: "a login of Amazon's ECR has expired", severity: Medium, look: dead_ecr },
    Check { id: "CRD02", title: "a token has expired, or is about to", severity: Medium, look: dead_tokens },
    Check { id: "CRD03", title: "a password that anybody would try", severity: High, look: weak },
    Check { id: "CRD04", title: "several registries have the same secret", severity: Medium, look: shared },
    Check { id: "CRD06", title: "a cloud's long-lived key is used as a password", severity: Medium, look: cloud_keys },
    Check { id: "CRD09", title: "a secret has a line or a blank too many", severity: Medium, look: odd_ends },
];

/// How long before its end a token is told.
const SOON: Duration = Duration::from_secs(15 * 60);

/// How long Google's access tokens live.
const GOOGLE: Duration = Duration::from_secs(3600);

const CLOSED: &str = "the store's logins are opened with --decrypt only";

/// A login, and what can be said of it.
struct Known<'a> {
    server: RegistryKey,
    login: Option<&'a Login>,
    path: &'a Path,
    spot: Spot,
    /// None: its secret was not looked at.
    traits: Option<&'a Traits>,
    /// By what its kind of login lives, and when its file was written.
    by_age: Option<SystemTime>,
    written: Option<SystemTime>,
}

impl Known<'_> {
    fn kind(&self) -> RegistryKind {
        RegistryKind::of(&self.server.canonical())
    }

    /// The server, without what may be a secret in its name.
    fn shown(&self) -> String {
        misplaced::server(self.server.as_bytes())
    }

    fn is(&self, users: &[&str]) -> bool {
        self.login.is_some_and(|login| users.contains(&login.as_str()))
    }

    fn finding(&self, id: &'static str, severity: Severity, title: String, fix: String) -> Finding {
        let server = self.shown();
        Finding::new(id, severity, title, fix).at(self.path, self.spot.clone()).about(Some(server), self.login.cloned())
    }

    fn again(&self) -> String {
        let word = misplaced::shell_word(self.shown());
        match cfg!(feature = "ecr") && self.kind() == RegistryKind::Ecr {
            true => format!("fetch a new one: regpass login --ecr {word}"),
            false => format!("log in again: docker login {word}"),
        }
    }
}

/// Those in the store, then those in clear.
fn known(evidence: &Evidence) -> Vec<Known<'_>> {
    let stored = evidence.stores.logins.iter().flatten();
    let opened: BTreeMap<&Path, &Traits> = evidence
        .opened
        .iter()
        .flat_map(|opened| &opened.logins)
        .map(|one| (one.login.file.as_path(), &one.traits))
        .collect();
    let of_store = |login| {
        let RegistryLogin { server, login, file, expires, modified, .. }: &RegistryLogin = login;
        Known {
            server: server.clone(),
            login: Some(login),
            path: file,
            spot: Spot::Whole,
            traits: opened.get(file.as_path()).copied(),
            by_age: *expires,
            written: Some(*modified),
        }
    };
    let in_clear = evidence.auth.iter().flat_map(|seen| {
        let held = seen.contents().into_iter().flat_map(|contents| &contents.held);
        held.map(move |held| Known {
            server: RegistryKey::new(held.server.as_str()),
            login: held.user.as_ref(),
            path: &seen.file.path,
            spot: Spot::Pointer(held.pointer.clone()),
            traits: held.traits.as_ref(),
            by_age: None,
            written: None,
        })
    });
    stored.map(of_store).chain(in_clear).collect()
}

fn dead_ecr(evidence: &Evidence) -> Answer {
    expired(evidence, "CRD01", |login| login.kind() == RegistryKind::Ecr)
}

fn dead_tokens(evidence: &Evidence) -> Answer {
    // Docker Hub's own tokens end by design: Docker takes a new one with them, and pulls with another secret (docker/cli
    // `cli/internal/oauth/manager`).
    expired(evidence, "CRD02", |login| login.kind() != RegistryKind::Ecr && !login.server.is_hub_token())
}

fn expired(evidence: &Evidence, id: &'static str, is_meant: fn(&Known<'_>) -> bool) -> Answer {
    let Some(now) = evidence.stores.now else { return Answer::default() };
    let told = |login: &Known<'_>| {
        let exact = login.traits.and_then(|traits| traits.expires);
        let google = login.traits.is_some_and(|traits| traits.is_google_token);
        let by_age = login.by_age.or_else(|| login.written.filter(|_| google)?.checked_add(GOOGLE));
        let (at, confidence) = match (exact, by_age) {
            (Some(at), _) => (at, Confidence::Certain),
            (None, Some(at)) => (at, Confidence::Likely),
            (None, None) => return None,
        };
        if at > now + SOON {
            return None;
        }
        let (severity, verb) = if at <= now { (Medium, "expired") } else { (Low, "expires") };
        let by = if confidence == Confidence::Likely { ", by the age of its file" } else { "" };
        let server = text::quoted(login.shown());
        let title = format!("the token for {server} {verb} at {}{by}", utc::rfc3339(at));
        Some(login.finding(id, severity, title, login.again()).with(confidence))
    };
    let all = known(evidence);
    let mut answer: Answer = all.iter().filter(|login| is_meant(login)).filter_map(told).collect();
    note_failed(evidence, &mut answer);
    answer
}

fn weak(evidence: &Evidence) -> Answer {
    by_secret(evidence, |login, traits| {
        let why = match traits {
            Traits { length: 0, .. } => "is empty",
            Traits { is_user: true, .. } => "is the user's name",
            Traits { is_default: true, .. } => "is one that a product comes with, or that a manual names",
            _ => return None,
        };
        let title = format!("the password for {} {why}", text::quoted(login.shown()));
        Some(login.finding("CRD03", High, title, format!("change it there, then {}", login.again())))
    })
}

fn shared(evidence: &Evidence) -> Answer {
    let Some(opened) = &evidence.opened else { return closed(evidence) };
    let mut groups: BTreeMap<usize, Vec<&RegistryLogin>> = BTreeMap::new();
    for one in opened.logins.iter().filter(|one| one.traits.length > 0) {
        groups.entry(one.group).or_default().push(&one.login);
    }
    let told = |logins: &Vec<&RegistryLogin>| {
        let names: BTreeSet<&str> = logins.iter().map(|login| login.canonical.as_str()).collect();
        let first = logins.first().filter(|_| names.len() > 1)?;
        let shown: Vec<String> = names.iter().take(4).map(|name| text::quoted(misplaced::server(name))).collect();
        let more = names.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let title = format!("{}{more} have the same secret: who learns one has all", shown.join(", "));
        let fix = "give each registry a password or token of its own";
        Some(
            Finding::new("CRD04", Medium, title, fix)
                .at(&first.file, Spot::Whole)
                .about(Some(misplaced::server(names.first()?)), None),
        )
    };
    let mut answer: Answer = groups.values().filter_map(told).collect();
    note_failed(evidence, &mut answer);
    answer
}

fn cloud_keys(evidence: &Evidence) -> Answer {
    let told = |login: &Known<'_>| {
        let by_name = login.is(&["_json_key", "_json_key_base64"]);
        let is_key = login.traits.is_some_and(|traits| traits.is_cloud_key);
        let title = format!(
            "{} is opened by the key of a Google service account, which never expires",
            text::quoted(login.shown())
        );
        let fix = "use gcloud's credential helper, or short-lived access tokens; then delete the key there".to_owned();
        (by_name || is_key).then(|| login.finding("CRD06", Medium, title, fix))
    };
    let mut answer: Answer = known(evidence).iter().filter_map(told).collect();
    note_failed(evidence, &mut answer);
    answer
}

fn odd_ends(evidence: &Evidence) -> Answer {
    by_secret(evidence, |login, traits| {
        let why = match traits {
            Traits { starts_empty: true, .. } => "begins with an empty line".to_owned(),
            Traits { lines, is_cloud_key: false, .. } if *lines > 1 => format!("has {lines} lines"),
            Traits { ends_blank: true, .. } => "ends with a blank or a line end".to_owned(),
            _ => return None,
        };
        let title = format!(
            "the secret for {} {why}: a client sends all of it, and the registry says that it is wrong",
            text::quoted(login.shown())
        );
        Some(login.finding("CRD09", Medium, title, login.again()))
    })
}

/// What a check says of each secret that was looked at.
fn by_secret(evidence: &Evidence, look: impl Fn(&Known<'_>, &Traits) -> Option<Finding>) -> Answer {
    let all = known(evidence);
    let mut answer: Answer = all.iter().filter_map(|login| look(login, login.traits?)).collect();
    if answer.findings.is_empty() && evidence.opened.is_none() {
        return closed(evidence);
    }
    note_failed(evidence, &mut answer);
    answer
}

/// Nothing in the store that could be opened is nothing missed.
fn closed(evidence: &Evidence) -> Answer {
    match &evidence.stores.logins {
        Some(logins) if logins.is_empty() => Answer::default(),
        _ => Answer::skipped(CLOSED),
    }
}

fn note_failed(evidence: &Evidence, answer: &mut Answer) {
    answer.missed.extend(evidence.opened.iter().flat_map(|opened| &opened.failed).cloned());
}

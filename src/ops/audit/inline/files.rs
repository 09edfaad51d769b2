//! Logins in files of Docker's form, and beside them in headers and addresses. Called through `CHECKS`.

use super::super::evidence::{AuthSeen, Evidence, shown};
use super::super::finding::Severity::{self, Critical, High, Medium};
use super::super::finding::{Answer, Confidence, Finding, Spot};
use super::super::literals::Kind;
use super::super::places::{AuthRole, TextRole};
use super::texts::in_texts;
use super::{ROTATE, bytes};
use crate::model::registry_key::HUB_KEY;
use crate::model::{Login, RegistryKey, misplaced, text};
use crate::system::docker::auth_file::{Held, State};
use crate::system::git::Tracking;

pub(super) fn docker_file(evidence: &Evidence) -> Answer {
    let files = evidence.auth.iter().filter(|seen| matches!(seen.role, AuthRole::Docker | AuthRole::DockerOfHome));
    in_files("INL01", files, |seen| if is_open(seen) { Critical } else { High }, |held| moved(&held.server))
}

pub(super) fn twins(evidence: &Evidence) -> Answer {
    let Some(stored) = &evidence.stored else { return Answer::skipped("the store cannot be listed") };
    let known: Vec<String> = stored.iter().map(RegistryKey::canonical).collect();
    let files = evidence.auth.iter().filter(|seen| matches!(seen.role, AuthRole::Docker | AuthRole::DockerOfHome));
    held_in(files)
        .filter(|(_, held)| known.contains(&RegistryKey::new(held.server.as_str()).canonical()))
        .map(|(seen, held)| {
            let title = format!(
                "{} is in the store, and in clear for whoever reads the file: podman, skopeo, scripts",
                text::quoted(&held.server)
            );
            let fix = moved(&held.server);
            placed("INL02", High, title, fix, seen, held)
        })
        .collect()
}

pub(super) fn old_names(evidence: &Evidence) -> Answer {
    // Docker Hub's own name is an address, and a logout knows it (docker/cli `registry.IndexServer`).
    let is_old = |held: &Held| {
        let host = held.server.split_once("://").map_or(held.server.as_str(), |(_, host)| host);
        host.contains('/') && held.server != HUB_KEY
    };
    let files = evidence.auth.iter().filter(|seen| matches!(seen.role, AuthRole::Docker | AuthRole::DockerOfHome));
    held_in(files)
        .filter(|(_, held)| is_old(held))
        .map(|(seen, held)| {
            let title = format!("{} stays when its host is logged out", text::quoted(&held.server));
            let fix = moved(&held.server);
            placed("INL03", High, title, fix, seen, held)
        })
        .collect()
}

pub(super) fn legacy(evidence: &Evidence) -> Answer {
    in_files(
        "INL04",
        evidence.auth_of(AuthRole::Legacy),
        |seen| if is_open(seen) { Critical } else { High },
        |held| {
            format!(
                "Docker no longer reads it: log in anew with docker login {}, remove the file {ROTATE}",
                word(&held.server)
            )
        },
    )
}

pub(super) fn containers(evidence: &Evidence) -> Answer {
    let severity = |seen: &AuthSeen| if seen.in_memory && !is_open(seen) { Medium } else { High };
    in_files("INL05", evidence.auth_of(AuthRole::Containers), severity, |held| {
        format!(
            "name a helper in registries.conf (credential-helpers), then podman logout {} and log in again; {ROTATE}",
            word(&held.server)
        )
    })
}

pub(super) fn helm(evidence: &Evidence) -> Answer {
    let mut answer = in_files(
        "INL06",
        evidence.auth_of(AuthRole::Helm),
        |_| High,
        |held| {
            format!(
                "name a helper as credsStore in this file, then helm registry login {}; {ROTATE}",
                word(&held.server)
            )
        },
    );
    let fix = format!("helm repo add it again without a password in the file, {ROTATE}");
    answer.add(in_texts("INL06", High, evidence, &[TextRole::ChartRepositories], |literal| {
        (literal.kind == Kind::Password).then(|| ("a chart repository's password".to_owned(), fix.clone()))
    }));
    answer
}

pub(super) fn headers(evidence: &Evidence) -> Answer {
    let contents = evidence.docker().and_then(|seen| Some((seen, seen.contents()?)));
    let found = contents.into_iter().flat_map(|(seen, contents)| contents.headers.iter().map(move |held| (seen, held)));
    found
        .map(|(seen, held)| {
            let name = text::quoted(&held.server);
            let title = format!("the header {name} goes to every registry, {}", bytes(held.length));
            let fix = format!("take {name} out of HttpHeaders");
            Finding::new("INL17", Medium, title, fix)
                .at(&seen.file.path, Spot::Pointer(held.pointer.clone()))
                .with(Confidence::Likely)
        })
        .collect()
}

pub(super) fn proxies(evidence: &Evidence) -> Answer {
    let fix = "let the proxy know the machine in another way, or let the variable be set where it is needed only";
    let of_docker = evidence.docker().and_then(|seen| Some((seen.file.path.as_path(), &seen.contents()?.addresses)));
    let of_daemon = evidence.daemon.as_ref().map(|(path, held)| (path.as_path(), held));
    let mut answer =
        in_texts("INL18", Medium, evidence, &[TextRole::Startup, TextRole::Variables, TextRole::Unit], |literal| {
            match &literal.kind {
                Kind::Proxy(name) => {
                    Some((format!("{} with a password in it", text::escaped(name.as_bytes())), fix.to_owned()))
                }
                _ => None,
            }
        });
    for (path, held) in of_docker.into_iter().chain(of_daemon) {
        answer.findings.extend(held.iter().map(|held| {
            let title =
                format!("the address of {} has a password in it, {}", text::quoted(&held.server), bytes(held.length));
            Finding::new("INL18", Medium, title, fix).at(path, Spot::Pointer(held.pointer.clone()))
        }));
    }
    answer
}

pub(super) fn leftovers(evidence: &Evidence) -> Answer {
    let mut answer = in_files(
        "INL19",
        evidence.auth_of(AuthRole::Leftover),
        |seen| if is_open(seen) { Critical } else { High },
        |_| format!("remove the copy, {ROTATE}"),
    );
    answer.missed.extend(evidence.docker_folder.closed.clone());
    answer
}

pub(super) fn published(evidence: &Evidence) -> Answer {
    let mut answer = Answer::default();
    for seen in evidence.auth.iter().filter(|seen| seen.holds_secrets()) {
        let path = &seen.file.path;
        match &seen.tracking {
            Some((top, Tracking::Tracked)) => {
                let title = format!("git has it, in {}, and keeps it in every clone", shown(top));
                let fix = format!("take it out of git's history, not only out of its files, {ROTATE}");
                answer.findings.push(Finding::new("INL20", Critical, title, fix).at(path, Spot::Whole));
            }
            Some((top, Tracking::Unknown)) => answer.missed.push(format!("whether git in {} has it", shown(top))),
            Some((_, Tracking::Untracked | Tracking::NoGit)) | None => {}
        }
        if let Some(context) = &seen.build_context {
            let title = format!("an image built in {} takes it along", shown(context));
            let fix = "name it in a .dockerignore of that folder";
            let finding = Finding::new("INL20", High, title, fix).at(path, Spot::Whole).with(Confidence::Likely);
            answer.findings.push(finding);
        }
    }
    answer
}

fn is_open(seen: &AuthSeen) -> bool {
    seen.file.meta.as_ref().is_some_and(|meta| meta.exposed)
}

/// What takes the login out of the file: Docker does so at a login by the plain name, and only by that.
fn moved(server: &str) -> String {
    if server.contains(['@', '*']) {
        format!("take the entry out by hand, then log in with a helper; {ROTATE}")
    } else if server.contains('/') && server != HUB_KEY {
        format!("log out by this very name, docker logout {}, then log in with a helper; {ROTATE}", word(server))
    } else {
        format!("name a helper as credsStore, then move it: docker login {}; {ROTATE}", word(server))
    }
}

/// Logins that stand in these files.
fn held_in<'e>(files: impl Iterator<Item = &'e AuthSeen>) -> impl Iterator<Item = (&'e AuthSeen, &'e Held)> {
    files.flat_map(|seen| {
        seen.contents().into_iter().flat_map(move |contents| contents.held.iter().map(move |held| (seen, held)))
    })
}

/// A finding a login, and a line of a file that is no JSON where one seems to be.
fn in_files<'e>(
    id: &'static str,
    files: impl Iterator<Item = &'e AuthSeen>,
    severity: impl Fn(&AuthSeen) -> Severity,
    fix: impl Fn(&Held) -> String,
) -> Answer {
    let mut answer = Answer::default();
    for seen in files {
        let path = &seen.file.path;
        match &seen.file.state {
            State::Absent => {}
            State::Closed(error) => answer.missed.push(error.to_string()),
            State::Broken { lines, .. } => {
                answer.missed.push(format!("{} is not JSON", shown(path)));
                answer.findings.extend(lines.iter().map(|line| {
                    let title = "what looks like a login in clear, in a file that is not JSON";
                    let fix = format!("mend the file by hand, {ROTATE}");
                    Finding::new(id, severity(seen), title, fix).at(path, Spot::Line(*line)).with(Confidence::Likely)
                }));
            }
            State::Read(contents) => answer.findings.extend(contents.held.iter().map(|held| {
                let title = format!("{} stands in clear: {}", whose(&held.server, held.user.as_ref()), held.words());
                placed(id, severity(seen), title, fix(held), seen, held)
            })),
        }
    }
    answer
}

fn placed(id: &'static str, severity: Severity, title: String, fix: String, seen: &AuthSeen, held: &Held) -> Finding {
    Finding::new(id, severity, title, fix)
        .at(&seen.file.path, Spot::Pointer(held.pointer.clone()))
        .about(Some(held.server.clone()), held.user.clone())
}

fn whose(server: &str, user: Option<&Login>) -> String {
    match user.filter(|user| user.is_showable()) {
        Some(user) => format!("the login of {} at {}", user.quoted(), text::quoted(server)),
        None => format!("a login at {}", text::quoted(server)),
    }
}

fn word(server: &str) -> String {
    misplaced::shell_word(server)
}

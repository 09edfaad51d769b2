//! Group CFG: is Docker's `config.json` sound, safe from others, and does it name a helper. Ids as in the catalogue
//! (docs/checks.md).

use std::path::Path;

use super::Check;
use super::evidence::{AuthSeen, Evidence, shown};
use super::finding::{Answer, Confidence, Finding, Severity, Spot};
use crate::model::{misplaced, text};
use crate::system::docker::auth_file::{Contents, State};

use Severity::{Critical, High, Low, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "CFG01",
        title: "config.json is not JSON: the next login overwrites it",
        severity: Critical,
        look: broken,
    },
    Check {
        id: "CFG02",
        title: "one unreadable login keeps Docker from reading all",
        severity: High,
        look: odd_logins,
    },
    Check { id: "CFG03", title: "others can read config.json or its folder", severity: High, look: modes },
    Check { id: "CFG04", title: "config.json or its folder belongs to somebody else", severity: High, look: owners },
    Check {
        id: "CFG05",
        title: "config.json is a link to nowhere or to another user's file",
        severity: Medium,
        look: links,
    },
    Check {
        id: "CFG06",
        title: "Docker's folder cannot be written: no login can be kept",
        severity: Medium,
        look: closed_folder,
    },
    Check { id: "CFG07", title: "a misspelt setting does nothing", severity: Medium, look: misspelt },
    Check { id: "CFG08", title: "a setting is there twice", severity: Low, look: repeated },
    Check {
        id: "CFG09",
        title: "logins are marked and no helper is named: the next one is kept in clear",
        severity: High,
        look: marks_only,
    },
    Check { id: "CFG10", title: "no helper is named though one works here", severity: Medium, look: no_helper },
];

fn broken(evidence: &Evidence) -> Answer {
    let Some(seen) = evidence.docker() else { return Answer::default() };
    match &seen.file.state {
        State::Absent => Answer::default(),
        State::Closed(error) => missed(error.to_string()),
        State::Broken { at, .. } => {
            let title = format!(
                "it is not JSON from column {} on: Docker works without it, and the next login overwrites it",
                at.column
            );
            let fix = "mend the line by hand, before the next docker login";
            [Finding::new("CFG01", Critical, title, fix).at(&seen.file.path, Spot::Line(at.line))].into_iter().collect()
        }
        State::Read(contents) if !contents.unfit.is_empty() => contents
            .unfit
            .iter()
            .map(|pointer| {
                let title = "it is of another kind than Docker expects there: Docker reads nothing of the file, and the next \
                             login overwrites it";
                Finding::new("CFG01", Critical, title, "mend it by hand, before the next docker login")
                    .at(&seen.file.path, Spot::Pointer(pointer.clone()))
            })
            .collect(),
        State::Read(contents) if contents.has_more => {
            let title = "there is more behind the JSON object: Docker does not read it, and the next login drops it";
            let fix = "take out what stands behind the last brace";
            [Finding::new("CFG01", Medium, title, fix).at(&seen.file.path, Spot::Whole)].into_iter().collect()
        }
        State::Read(_) => Answer::default(),
    }
}

fn odd_logins(evidence: &Evidence) -> Answer {
    of_contents(evidence, |seen, contents| {
        contents
            .odd
            .iter()
            .map(|held| {
                let server = text::quoted(&held.server);
                let title =
                    format!("the auth of {server} is no base64 of USER:PASSWORD: Docker stops there, and may miss other logins of this file");
                let fix = format!("take the entry of {server} out, then log in there again");
                Finding::new("CFG02", High, title, fix)
                    .at(&seen.file.path, Spot::Pointer(held.pointer.clone()))
                    .about(Some(held.server.clone()), None)
            })
            .collect()
    })
}

fn modes(evidence: &Evidence) -> Answer {
    let file = evidence.docker();
    let exposed = file.is_some_and(|seen| seen.file.meta.as_ref().is_some_and(|meta| meta.exposed));
    let severity = if exposed && file.is_some_and(AuthSeen::holds_secrets) { High } else { Low };
    let mut answer = Answer::default();
    let open = file.and_then(|seen| Some((seen, seen.file.meta.as_ref().filter(|meta| meta.is_open())?)));
    if let Some((seen, meta)) = open {
        let title = format!("its mode is {:04o}, and Docker keeps it at every login", meta.mode);
        let fix = format!("chmod 600 {}", misplaced::shell_word(&seen.file.path));
        answer.findings.push(Finding::new("CFG03", severity, title, fix).at(&seen.file.path, Spot::Whole));
    }
    let folder = &evidence.docker_folder;
    if folder.exists && folder.mode & 0o077 != 0 {
        let writable = folder.mode & 0o022 != 0;
        let can = if writable { "others can put their own config.json in its place" } else { "others can see into it" };
        let title = format!("its mode is {:04o}: {can}", folder.mode);
        let fix = format!("chmod 700 {}", misplaced::shell_word(&folder.path));
        let severity = if writable { High } else { severity };
        answer.findings.push(Finding::new("CFG03", severity, title, fix).at(&folder.path, Spot::Whole));
    }
    answer
}

fn owners(evidence: &Evidence) -> Answer {
    let Some(owner) = evidence.home_uid else { return Answer::skipped("there is no HOME") };
    let in_home = |path: &Path| evidence.home.as_ref().is_some_and(|home| path.starts_with(home));
    let file = evidence.docker().and_then(|seen| Some((seen.file.path.as_path(), seen.file.meta.as_ref()?.uid)));
    let folder = &evidence.docker_folder;
    let folder = folder.exists.then_some((folder.path.as_path(), folder.uid));
    file.into_iter()
        .chain(folder)
        .filter(|(path, uid)| *uid != owner && in_home(path))
        .map(|(path, uid)| {
            let title = format!(
                "it belongs to uid {uid}, the home to uid {owner}: its user gets \"permission denied\" and no login"
            );
            let fix = format!("sudo chown {owner} {}", misplaced::shell_word(path));
            Finding::new("CFG04", High, title, fix).at(path, Spot::Whole)
        })
        .collect()
}

fn links(evidence: &Evidence) -> Answer {
    let seen = evidence.docker();
    let Some((seen, target)) = seen.and_then(|seen| Some((seen, seen.file.link.as_ref()?))) else {
        return Answer::default();
    };
    let foreign = seen.file.meta.as_ref().is_some_and(|meta| meta.uid != evidence.uid && meta.uid != 0);
    let title = if seen.file.meta.is_none() {
        format!("it is a link to {}, which is not there: Docker makes that file at the next login", shown(target))
    } else if foreign {
        format!("it is a link to {}, a file of another user", shown(target))
    } else if target.starts_with("/mnt/c") {
        format!("it is a link to {}, where modes mean nothing", shown(target))
    } else {
        return Answer::default();
    };
    let fix = format!(
        "put a file of your own in its place: rm {}, then log in again",
        misplaced::shell_word(&seen.file.path)
    );
    [Finding::new("CFG05", Medium, title, fix).at(&seen.file.path, Spot::Whole)].into_iter().collect()
}

fn closed_folder(evidence: &Evidence) -> Answer {
    let folder = &evidence.docker_folder;
    if !folder.exists || folder.is_writable {
        return Answer::default();
    }
    let title = "nothing can be written there: a login needs a temporary file beside config.json";
    let folder_word = misplaced::shell_word(&folder.path);
    let fix = if folder.uid == evidence.uid {
        format!("let its user write there: chmod u+w {folder_word}")
    } else {
        format!("let it belong to its user: sudo chown {} {folder_word}", evidence.uid)
    };
    [Finding::new("CFG06", Medium, title, fix).at(&folder.path, Spot::Whole)].into_iter().collect()
}

/// The settings that logins depend on, and what people write for them. Go matches names in any case
/// (encoding/json, `Unmarshal`); Docker is written in Go, others are not.
const SETTINGS: [(&str, &[&str]); 3] = [
    ("credsStore", &["credstore", "credsstores", "credentialstore", "credentialsstore", "creds_store", "cred_store"]),
    ("credHelpers", &["credhelper", "credshelpers", "credshelper", "credentialhelpers", "cred_helpers", "credhelprs"]),
    ("auths", &["auth", "authentications", "auth_s"]),
];

fn misspelt(evidence: &Evidence) -> Answer {
    of_contents(evidence, |seen, contents| {
        let found = contents.keys.iter().filter_map(|key| {
            let lower = key.to_lowercase();
            let (meant, severity, effect) = SETTINGS.iter().find_map(|(meant, wrong)| {
                if lower == meant.to_lowercase() && key != meant {
                    return Some((*meant, Low, "Docker reads it, programs that are not written in Go do not"));
                }
                wrong.contains(&lower.as_str()).then_some((*meant, Medium, "nothing reads it"))
            })?;
            let title = format!("{} is not {meant}: {effect}", text::quoted(key));
            let fix = format!("rename it to {meant}");
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let finding = Finding::new("CFG07", severity, title, fix).at(&seen.file.path, Spot::Pointer(pointer));
            Some(finding.with(Confidence::Likely).meaning(meant))
        });
        found.collect()
    })
}

fn repeated(evidence: &Evidence) -> Answer {
    of_contents(evidence, |seen, contents| {
        let found = contents.repeated.iter().map(|pointer| {
            let title = "it is there twice: the last one counts, and the next login drops the other";
            Finding::new("CFG08", Low, title, "take out the one that is not meant")
                .at(&seen.file.path, Spot::Pointer(pointer.clone()))
        });
        found.collect()
    })
}

fn marks_only(evidence: &Evidence) -> Answer {
    of_contents(evidence, |seen, contents| {
        let has_own =
            |mark: &&String| contents.cred_helpers.iter().any(|(server, helper)| server == *mark && !helper.is_empty());
        let count = contents.marks.iter().filter(|mark| !has_own(mark)).count();
        if count == 0 || contents.creds_store.is_some() {
            return Vec::new();
        }
        let logins = if count == 1 { "1 login is".to_owned() } else { format!("{count} logins are") };
        let title = format!(
            "{logins} marked as kept by a helper, and none is named for it: Docker asks nobody, and keeps the next login in clear"
        );
        vec![
            Finding::new("CFG09", High, title, name_helper(evidence))
                .at(&seen.file.path, Spot::Pointer("/auths".to_owned())),
        ]
    })
}

fn no_helper(evidence: &Evidence) -> Answer {
    let Some(helper) = &evidence.helper else { return Answer::skipped("no helper was found on PATH") };
    let Some(seen) = evidence.docker() else { return Answer::default() };
    let named = match &seen.file.state {
        State::Absent => false,
        State::Read(contents) => names_helper(contents) || !contents.marks.is_empty(),
        State::Closed(error) => return missed(error.to_string()),
        State::Broken { .. } => return missed(format!("{} is not JSON", shown(&seen.file.path))),
    };
    if named {
        return Answer::default();
    }
    let title = format!(
        "credsStore is not set, and docker-credential-{helper} is here: Docker decides by itself where logins go"
    );
    [Finding::new("CFG10", Medium, title, name_helper(evidence)).at(&seen.file.path, Spot::Whole)].into_iter().collect()
}

fn names_helper(contents: &Contents) -> bool {
    contents.creds_store.is_some() || contents.cred_helpers.iter().any(|(_, helper)| !helper.is_empty())
}

fn name_helper(evidence: &Evidence) -> String {
    let helper = evidence.helper.as_deref().unwrap_or("pass");
    format!("set \"credsStore\": \"{}\" in it", text::escaped(helper.as_bytes()))
}

/// What a check says of Docker's file, where that could be read.
fn of_contents(evidence: &Evidence, findings: impl Fn(&AuthSeen, &Contents) -> Vec<Finding>) -> Answer {
    let Some(seen) = evidence.docker() else { return Answer::default() };
    match &seen.file.state {
        State::Absent => Answer::default(),
        State::Closed(error) => missed(error.to_string()),
        State::Broken { .. } => missed(format!("{} is not JSON", shown(&seen.file.path))),
        State::Read(contents) => findings(seen, contents).into_iter().collect(),
    }
}

fn missed(why: String) -> Answer {
    Answer { missed: vec![why], ..Answer::default() }
}

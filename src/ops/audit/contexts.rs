//! Group CTX: does Docker find the same logins as root, in services and in cron jobs, and does nothing of this user belong to
//! others. Ids as in the catalogue (docs/checks.md); HLP03 of group HLP, which asks the same of programs, is here too.

use std::path::{Path, PathBuf};

use super::Check;
use super::evidence::{Evidence, shown};
use super::finding::{Answer, Confidence, Finding, Severity, Spot};
use crate::model::{misplaced, text};
use crate::ops::contexts::{self, Cell, Context, Kind, Reason};

use Severity::{High, Info, Low, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "CTX01",
        title: "HOME is somebody else's: what Docker writes there is not theirs",
        severity: High,
        look: foreign_home,
    },
    Check {
        id: "CTX02",
        title: "sudo keeps HOME: root's Docker writes into it",
        severity: Medium,
        look: sudo_keeps_home,
    },
    Check {
        id: "CTX03",
        title: "a login that is found here is not found elsewhere on this machine",
        severity: Medium,
        look: not_there,
    },
    Check {
        id: "CTX04",
        title: "DOCKER_CONFIG leads to different places, or to nothing",
        severity: Medium,
        look: docker_config,
    },
    Check {
        id: "CTX05",
        title: "Docker is a snap: it has another home and finds no helper",
        severity: High,
        look: snap,
    },
    Check { id: "CTX06", title: "several Docker clients or daemons are here", severity: Low, look: several },
    Check {
        id: "CTX07",
        title: "a service runs docker without a HOME and does not find the logins",
        severity: Medium,
        look: homeless_unit,
    },
    Check { id: "CTX08", title: "a cron job runs docker and cannot use its helper", severity: Medium, look: cron },
    Check { id: "CTX09", title: "accounts of this machine that use Docker", severity: Info, look: accounts },
    Check {
        id: "CTX10",
        title: "another context reads the same config.json and looks into another store",
        severity: Medium,
        look: other_store,
    },
    Check {
        id: "CTX12",
        title: "files of somebody else are among Docker's, GnuPG's or gopass's",
        severity: High,
        look: strangers,
    },
    Check { id: "CTX13", title: "the daemon is on another machine: logins go there", severity: Info, look: remote },
];

fn one(finding: Finding) -> Answer {
    Answer::from_iter([finding])
}

fn missed(why: String) -> Answer {
    Answer { missed: vec![why], ..Answer::default() }
}

fn foreign_home(evidence: &Evidence) -> Answer {
    let Some(home) = &evidence.home else { return Answer::skipped("there is no HOME") };
    let seen = &evidence.contexts;
    let owner = evidence.home_uid.filter(|owner| *owner != evidence.uid);
    let whose = match (&seen.home_of, owner) {
        (Some(name), _) => format!("of {}", text::quoted(name)),
        (None, Some(owner)) => format!("of uid {owner}"),
        (None, None) => return Answer::default(),
    };
    let title = format!(
        "HOME is the home {whose}, and this is uid {}: a login writes files there that are not theirs",
        evidence.uid
    );
    let fix =
        if seen.sudo_user.is_some() { "use sudo -H, or no sudo" } else { "use the account's own home: unset HOME" };
    one(Finding::new("CTX01", High, title, fix).at(home, Spot::Whole))
}

/// The context of a kind.
fn of_kind(evidence: &Evidence, kind: Kind) -> Option<&Context> {
    evidence.contexts.matrix.contexts.iter().find(|context| context.kind == kind)
}

fn sudo_keeps_home(evidence: &Evidence) -> Answer {
    let Some(sudo) = of_kind(evidence, Kind::Sudo) else { return Answer::skipped("sudo is not set up here") };
    if let Some(doubt) = sudo.doubts.first() {
        return missed(doubt.clone());
    }
    let own = of_kind(evidence, Kind::SudoHome).and_then(|context| context.home.as_ref());
    let Some(home) = sudo.home.as_ref().filter(|home| Some(*home) != own) else { return Answer::default() };
    let title = format!(
        "sudo keeps HOME ({}): \"sudo docker login\" leaves files of root there, which their user can then not read",
        shown(home)
    );
    let fix = "take HOME out of env_keep, or set always_set_home: sudo visudo; until then use sudo -H";
    one(Finding::new("CTX02", Medium, title, fix).at(Path::new("/etc/sudoers"), Spot::Whole).about(None, None))
}

/// The contexts besides this shell, each with its cells of registries that this shell finds.
fn elsewhere(evidence: &Evidence) -> impl Iterator<Item = (&Context, Vec<&Cell>)> {
    let matrix = &evidence.contexts.matrix;
    let here: Vec<&str> = evidence.contexts.found_here().collect();
    matrix.contexts.iter().enumerate().skip(1).map(move |(index, context)| {
        let cells = matrix.of(index).filter(|cell| here.binary_search(&cell.registry.as_str()).is_ok());
        (context, cells.collect())
    })
}

/// The first three registries, and how many more.
fn listed(cells: &[&Cell]) -> String {
    let names: Vec<String> = cells.iter().take(3).map(|cell| text::quoted(&cell.registry)).collect();
    match cells.len().saturating_sub(3) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Where a context comes from, for a finding's place: the same for as long as it stays.
fn place(context: &Context) -> &Path {
    context.file.as_deref().or(context.config.as_deref()).unwrap_or(Path::new("/"))
}

/// Docker's configuration in a context.
fn config(context: &Context) -> String {
    context.config.as_deref().map_or_else(|| "a configuration".to_owned(), shown)
}

/// What may hide contexts of these kinds.
fn hidden(evidence: &Evidence, kinds: &[Kind]) -> Vec<String> {
    let missed = evidence.contexts.matrix.missed.iter();
    let missed = missed.filter(|missed| missed.of.is_none_or(|kind| kinds.contains(&kind)));
    missed.map(|missed| missed.why.clone()).collect()
}

fn about(finding: Finding, context: &Context, cells: &[&Cell]) -> Finding {
    let registry = match cells {
        [only] => Some(only.registry.clone()),
        _ => None,
    };
    // What tells two contexts with one configuration apart.
    let pointer = Spot::Pointer(format!("/{}", context.name.replace('~', "~0").replace('/', "~1")));
    finding.at(place(context), pointer).about(registry, None)
}

fn mend(cells: &[&Cell]) -> String {
    cells
        .iter()
        .find_map(|cell| cell.mend.clone())
        .unwrap_or_else(|| "see it step by step: regpass contexts".to_owned())
}

fn not_there(evidence: &Evidence) -> Answer {
    let mut answer = Answer { missed: hidden(evidence, &[Kind::Unit, Kind::Cron]), ..Answer::default() };
    for (context, cells) in elsewhere(evidence) {
        let (unknown, known): (Vec<&Cell>, Vec<&Cell>) =
            cells.into_iter().partition(|cell| cell.answer == contexts::Answer::Unknown);
        answer.missed.extend(unknown.first().map(|cell| format!("{}: {}", context.name, cell.why)));
        let lost: Vec<&Cell> = known.into_iter().filter(|cell| cell.answer != contexts::Answer::Found).collect();
        let Some(first) = lost.first() else { continue };
        let runs = matches!(context.kind, Kind::Unit | Kind::Cron);
        let severity = if runs { Medium } else { Low };
        let title =
            format!("{}: no login is found for {}, which this shell finds: {}", context.name, listed(&lost), first.why);
        answer.findings.push(about(Finding::new("CTX03", severity, title, mend(&lost)), context, &lost));
    }
    answer
}

fn docker_config(evidence: &Evidence) -> Answer {
    let seen = &evidence.contexts;
    let mut answer = Answer::default();
    if let Some(folder) = &seen.docker_config {
        let is_empty = !folder.join("config.json").exists();
        if is_empty && seen.has_home_config {
            let title = format!(
                "DOCKER_CONFIG is {}, which has no config.json: the logins in ~/.docker are not used",
                shown(folder)
            );
            let finding = Finding::new("CTX04", Medium, title, "take it back: unset DOCKER_CONFIG");
            answer.findings.push(finding.at(folder, Spot::Whole));
        }
    }
    for (file, folder) in &seen.startup {
        let here = &evidence.docker_folder.path;
        let Some(folder) = folder else {
            answer.missed.push(format!("{} sets DOCKER_CONFIG to what only running it tells", shown(file)));
            continue;
        };
        if folder != here {
            let title = format!(
                "it sets DOCKER_CONFIG to {}, and this shell uses {}: new shells have other logins",
                shown(folder),
                shown(here)
            );
            let fix = format!("set it in one place for all, or take it out of {}", shown(file));
            answer
                .findings
                .push(Finding::new("CTX04", Medium, title, fix).at(file, Spot::Whole).with(Confidence::Likely));
        }
    }
    let services = seen.matrix.contexts.iter().filter(|context| matches!(context.kind, Kind::Unit | Kind::Cron));
    let set = services.filter(|context| context.variables.contains_key("DOCKER_CONFIG"));
    answer.findings.extend(set.filter(|context| context.has_config == Some(false)).map(|context| {
        let title = format!("{}: DOCKER_CONFIG leads to {}, which is not there", context.name, config(context));
        let fix = format!("name the folder that has the logins, in {}", shown(place(context)));
        about(Finding::new("CTX04", Medium, title, fix), context, &[])
    }));
    answer
}

fn snap(evidence: &Evidence) -> Answer {
    let Some(snap) = of_kind(evidence, Kind::Snap) else { return Answer::default() };
    let is_first = evidence
        .contexts
        .clients
        .first()
        .is_some_and(|client| client.starts_with("/snap") || client.to_string_lossy().contains("/snap/"));
    let severity = if is_first { High } else { Low };
    let title = format!(
        "Docker is installed as a snap: it reads {} and finds only programs of the snap, no helper of this machine",
        config(snap)
    );
    let fix = "use Docker's own packages instead: sudo snap remove docker";
    one(Finding::new("CTX05", severity, title, fix).at(place(snap), Spot::Whole))
}

fn several(evidence: &Evidence) -> Answer {
    let seen = &evidence.contexts;
    let paths = |all: &[PathBuf]| all.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ");
    let mut answer = Answer::default();
    if let [first, _, ..] = &seen.clients[..] {
        let title = format!(
            "several Docker clients are on PATH: {}; the first is used here, another may be elsewhere",
            paths(&seen.clients)
        );
        answer.findings.push(Finding::new("CTX06", Low, title, "keep one of them").at(first, Spot::Whole));
    }
    if let [_, own, ..] = &seen.sockets[..] {
        let title = format!(
            "two daemons are here: {}; each has its own images, and logins are the client's",
            paths(&seen.sockets)
        );
        let fix = "say which one is meant: docker context use";
        answer.findings.push(Finding::new("CTX06", Low, title, fix).at(own, Spot::Whole));
    }
    answer
}

fn homeless_unit(evidence: &Evidence) -> Answer {
    let has_no_home = |context: &Context| {
        context.kind == Kind::Unit
            && ["HOME", "DOCKER_CONFIG"].iter().all(|name| !context.variables.contains_key(*name))
    };
    let mut answer = Answer { missed: hidden(evidence, &[Kind::Unit]), ..Answer::default() };
    for (context, cells) in elsewhere(evidence).filter(|(context, _)| has_no_home(context)) {
        let lost: Vec<&Cell> = cells.into_iter().filter(|cell| cell.answer != contexts::Answer::Found).collect();
        let Some(first) = lost.first() else { continue };
        if context.config.is_none() {
            answer.missed.push(format!("{}: {}", context.name, first.why));
            continue;
        }
        let title =
            format!("{} has no User= and no HOME: Docker reads {} there: {}", context.name, config(context), first.why);
        let fix = format!("give it User=, or Environment=HOME= and PATH=, in {}", shown(place(context)));
        answer.findings.push(about(Finding::new("CTX07", Medium, title, fix), context, &lost).with(Confidence::Likely));
    }
    answer
}

fn cron(evidence: &Evidence) -> Answer {
    let is_stuck = |cell: &&Cell| matches!(cell.reason, Reason::NoProgram | Reason::KeyLocked | Reason::NoKey);
    let matrix = &evidence.contexts.matrix;
    let mut answer = Answer { missed: hidden(evidence, &[Kind::Cron]), ..Answer::default() };
    for (index, context) in matrix.contexts.iter().enumerate().filter(|(_, context)| context.kind == Kind::Cron) {
        let stuck: Vec<&Cell> = matrix.of(index).filter(is_stuck).collect();
        let Some(first) = stuck.first() else { continue };
        let title = format!("{} cannot use its helper for {}: {}", context.name, listed(&stuck), first.why);
        answer.findings.push(about(Finding::new("CTX08", Medium, title, mend(&stuck)), context, &stuck));
    }
    answer
}

fn accounts(evidence: &Evidence) -> Answer {
    if !evidence.contexts.all_users {
        return Answer::skipped("other accounts are looked at with --all-users");
    }
    let matrix = &evidence.contexts.matrix;
    let logins = matrix
        .contexts
        .iter()
        .enumerate()
        .filter(|(_, context)| context.kind == Kind::Login && context.has_config == Some(true));
    let findings = logins.map(|(index, context)| {
        let count = |answer| matrix.of(index).filter(|cell| cell.answer == answer).count();
        let in_clear = matrix.of(index).filter(|cell| cell.reason == Reason::Inline).count();
        let title = format!(
            "{}: Docker finds {} of {} registries there, {in_clear} of them in clear; {}",
            context.name,
            count(contexts::Answer::Found),
            matrix.registries.len(),
            context
                .helper
                .as_deref()
                .map_or("no helper is named".to_owned(), |helper| format!("its helper is {}", text::quoted(helper)))
        );
        about(Finding::new("CTX09", Info, title, "see them: sudo regpass contexts --all-users"), context, &[])
    });
    findings.collect()
}

fn other_store(evidence: &Evidence) -> Answer {
    let matrix = &evidence.contexts.matrix;
    let Some(me) = matrix.contexts.first().filter(|me| me.helper.is_some()) else { return Answer::default() };
    let findings = matrix.contexts.iter().skip(1).filter_map(|context| {
        let differs =
            |mine: &Option<PathBuf>, other: &Option<PathBuf>| mine.is_some() && other.is_some() && mine != other;
        let (what, here, there) = match () {
            () if context.config.is_none() || context.config != me.config => return None,
            () if differs(&me.store, &context.store) => ("PASSWORD_STORE_DIR or HOME", &me.store, &context.store),
            () if differs(&me.gnupg_home, &context.gnupg_home) => {
                ("GNUPGHOME or HOME", &me.gnupg_home, &context.gnupg_home)
            }
            () => return None,
        };
        let word = |path: &Option<PathBuf>| path.as_deref().map(shown).unwrap_or_default();
        let title =
            format!("{} reads the same config.json and uses {} instead of {}", context.name, word(there), word(here));
        let fix = match context.file.as_deref() {
            Some(file) => format!("set {what} in {}", shown(file)),
            None => format!("have {what} kept: env_keep in sudoers, or a start-up file"),
        };
        Some(about(Finding::new("CTX10", Medium, title, fix), context, &[]))
    });
    findings.collect()
}

fn strangers(evidence: &Evidence) -> Answer {
    let seen = &evidence.contexts;
    let unseen = seen.unseen.iter().map(|top| format!("not everything below {} was looked at", shown(top)));
    let mut answer = Answer { missed: unseen.collect(), ..Answer::default() };
    let owner = evidence.home_uid.unwrap_or(evidence.uid);
    answer.findings.extend(seen.strangers.iter().map(|found| {
        let files =
            if found.count == 1 { "1 file or folder".to_owned() } else { format!("{} files and folders", found.count) };
        let title = format!(
            "{files} of uid {} below the folder of uid {owner}, such as {}: its user may not write or read them",
            found.uid,
            shown(&found.first)
        );
        let fix = format!("give them back: sudo chown -R {owner} {}", misplaced::shell_word(&found.top));
        Finding::new("CTX12", High, title, fix).at(&found.top, Spot::Whole)
    }));
    answer
}

fn remote(evidence: &Evidence) -> Answer {
    let Some((host, by)) = &evidence.contexts.remote else { return Answer::default() };
    // An address may have a secret in it.
    let host = text::quoted(misplaced::name(host));
    let title = format!("{by} leads to {host}: a pull sends its login to that machine");
    one(Finding::new("CTX13", Info, title, "be sure that it is meant: docker context ls"))
}

/// HLP03: a helper that this shell finds is not on the search path of another context that names it.
pub(super) fn not_on_every_path(evidence: &Evidence) -> Answer {
    let matrix = &evidence.contexts.matrix;
    let Some(me) = matrix.contexts.first().filter(|me| me.program.is_some()) else { return Answer::default() };
    let findings = matrix.contexts.iter().enumerate().skip(1).filter_map(|(index, context)| {
        let lost: Vec<&Cell> = matrix.of(index).filter(|cell| cell.reason == Reason::NoProgram).collect();
        let first = lost.first().filter(|_| context.helper == me.helper && context.program.is_none())?;
        let program = me.program.as_deref().map(shown).unwrap_or_default();
        let title = format!("{}: {}; this shell finds {program}", context.name, first.why);
        Some(about(Finding::new("HLP03", High, title, mend(&lost)), context, &[]))
    });
    findings.collect()
}

//! Group HLP: does what is named as credential helper start, answer as Docker expects, and belong to nobody else. Ids as in
//! the catalogue (docs/checks.md).

use std::collections::BTreeSet;

use super::Check;
use super::evidence::helpers::{Named, PassKind, PassSeen, Probed, Program};
use super::evidence::{Evidence, shown};
use super::finding::{Answer, Confidence, Finding, Severity, Spot};
use super::places::AuthRole;
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{RegistryKey, misplaced, text};
use crate::ops::shims::is_ours;
use crate::system::docker::auth_config::AuthConfig;
use crate::system::programs::Fault;

use Severity::{High, Low, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check { id: "HLP01", title: "a helper is named that is not on PATH", severity: High, look: missing },
    Check { id: "HLP02", title: "a helper is named that cannot be started", severity: High, look: broken },
    Check {
        id: "HLP03",
        title: "a helper that is found here is not on the PATH of root, a service or a cron job",
        severity: High,
        look: super::contexts::not_on_every_path,
    },
    Check {
        id: "HLP04",
        title: "the official helper finds no pass, or another program",
        severity: High,
        look: no_pass,
    },
    Check { id: "HLP05", title: "programs name different helpers", severity: Medium, look: different },
    Check {
        id: "HLP06",
        title: "a helper is named for a registry that never asks it",
        severity: Medium,
        look: never_asked,
    },
    Check { id: "HLP07", title: "a helper does not answer as Docker expects", severity: Medium, look: wrong_answers },
    Check {
        id: "HLP09",
        title: "others can put another program in a helper's place",
        severity: High,
        look: replaceable,
    },
    Check { id: "HLP10", title: "a helper is named that belongs to another machine", severity: High, look: foreign },
    Check { id: "HLP12", title: "DOCKER_AUTH_CONFIG is set beside a helper", severity: Medium, look: two_sources },
];

fn missing(evidence: &Evidence) -> Answer {
    each_named(evidence, |named, program| {
        if program.found.is_some() || program.fault.is_some() || is_foreign(&named.helper) {
            return None;
        }
        let title = format!("{} is not on PATH: {}", named.program(), without(named));
        Some(finding("HLP01", High, title, installing(&named.helper), named))
    })
}

/// What happens without it.
fn without(named: &Named) -> String {
    match &named.server {
        Some(server) => format!("no login for {} is found or kept", text::quoted(server)),
        None => "no login is found or kept".to_owned(),
    }
}

fn installing(helper: &str) -> String {
    let package = match helper {
        "pass" | "regpass" => return "regpass shims install".to_owned(),
        "secretservice" => "the package golang-docker-credential-helpers or docker-credential-helpers",
        "ecr-login" => "the package amazon-ecr-credential-helper",
        "gcr" => "docker-credential-gcr",
        "gcloud" => "the Google Cloud CLI",
        _ => "what provides it",
    };
    format!("install {package}, or name a helper that is here; without any, the next login is kept in clear")
}

fn broken(evidence: &Evidence) -> Answer {
    each_named(evidence, |named, program| {
        let (path, fault) = program.fault.as_ref().filter(|_| !is_other_machine_s(named, program))?;
        let title = format!("{} {}: {}", named.program(), fault_words(fault), without(named));
        let fix = match fault {
            Fault::NotExecutable => format!("chmod +x {}", misplaced::shell_word(path)),
            Fault::CarriageReturn => format!("sed -i 's/\\r$//' {}", misplaced::shell_word(path)),
            _ => format!("take it away and {}", installing(&named.helper)),
        };
        Some(Finding::new("HLP02", High, title, fix).at(path, Spot::Whole).about(named.server.clone(), None))
    })
}

fn fault_words(fault: &Fault) -> String {
    match fault {
        Fault::Dangling(target) => format!("is a link to {}, which is not there", shown(target)),
        Fault::NotAFile => "is no file".to_owned(),
        Fault::NotExecutable => "is not executable".to_owned(),
        Fault::NoExec => "lies on a file system from which nothing may be started".to_owned(),
        Fault::Empty => "is empty".to_owned(),
        Fault::OtherMachine => "is for another kind of processor".to_owned(),
        Fault::Windows => "is for Windows".to_owned(),
        Fault::NoInterpreter(path) => format!("needs {}, which is not there", shown(path)),
        Fault::CarriageReturn => "is a script with the line ends of Windows".to_owned(),
    }
}

fn no_pass(evidence: &Evidence) -> Answer {
    let Some(pass) = &evidence.helpers.pass else {
        return Answer::skipped("the official helper, which starts pass, is not what answers here");
    };
    let found = |severity, title: String| {
        let finding =
            Finding::new("HLP04", severity, title, "regpass shims install, which needs no pass; or install pass");
        match pass.path.as_ref().or(pass.fault.as_ref().map(|(path, _)| path)) {
            Some(path) => finding.at(path, Spot::Whole),
            None => finding,
        }
    };
    if let Some((path, fault)) = &pass.fault {
        let title = format!("the official helper starts {}, which {}", shown(path), fault_words(fault));
        return [found(High, title)].into_iter().collect();
    }
    match (&pass.path, pass.kind) {
        (None, _) => {
            let title = "the official helper starts pass, which is not on PATH: it finds no login and keeps none";
            [found(High, title.to_owned())].into_iter().collect()
        }
        (Some(_), PassKind::PasswordStore) => Answer::default(),
        (Some(_), PassKind::Gopass) => gopass(pass).map(|title| found(Medium, title)).into_iter().collect(),
        (Some(path), PassKind::Unknown) => {
            let title =
                format!("{} is not the standard password manager that the official helper expects", shown(path));
            [found(High, title).with(Confidence::Likely)].into_iter().collect()
        }
    }
}

/// gopass does what the helper asks of it, and the helper itself looks for logins in pass's folder.
fn gopass(pass: &PassSeen) -> Option<String> {
    let (looked, own) = (pass.store.as_ref()?, pass.own_store.as_ref()?);
    (looked != own).then(|| {
        format!(
            "pass is gopass, whose store is {}; the official helper lists logins from {} and finds none",
            shown(own),
            shown(looked)
        )
    })
}

fn never_asked(evidence: &Evidence) -> Answer {
    let known = evidence.registries();
    each_named(evidence, |named, _| {
        let server = named.server.as_deref()?;
        let (severity, confidence, why, meant) = mismatch(evidence, &known, named.role, server)?;
        let title = format!("{} {why}", text::quoted(server));
        let fix = format!("rename it to {}", text::quoted(&meant));
        Some(finding("HLP06", severity, title, fix, named).with(confidence).meaning(meant))
    })
}

type Mismatch = (Severity, Confidence, &'static str, String);

/// Why Docker, or podman for its own files, never looks for a helper under this name, and the name that it looks for.
fn mismatch(evidence: &Evidence, known: &BTreeSet<String>, role: AuthRole, server: &str) -> Option<Mismatch> {
    let key = RegistryKey::new(server);
    let is_podman = role == AuthRole::Containers;
    let hub = if is_podman { key.canonical() } else { HUB_KEY.to_owned() };
    if key.is_hub_token() && !is_podman {
        return None;
    }
    if key.canonical() == HUB_NAME {
        // Whoever has both names means both Docker and podman, which reads this file too.
        let has_both = evidence.helpers.named.iter().any(|named| named.server.as_deref() == Some(&*hub));
        let why = if is_podman { "is not podman's name for Docker Hub" } else { "is not Docker's name for Docker Hub" };
        return (server != hub && !has_both).then_some((Medium, Confidence::Certain, why, hub));
    }
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = bare.split('/').next().unwrap_or(bare);
    if host != server {
        let why = "has a scheme or a path: only a host with its port is looked for";
        return Some((Medium, Confidence::Certain, why, host.to_owned()));
    }
    let lower = server.to_lowercase();
    if lower != server {
        let why = "has capitals: it is asked only about images written just so";
        return Some((Low, Confidence::Likely, why, lower));
    }
    let with_port = known.iter().find(|known| known.rsplit_once(':').is_some_and(|(host, _)| host == server));
    let with_port = with_port.filter(|_| known.iter().all(|known| known != server))?;
    Some((Medium, Confidence::Likely, "lacks the port of the registry that there are logins for", with_port.clone()))
}

fn wrong_answers(evidence: &Evidence) -> Answer {
    let mut answer = each_named(evidence, |named, program| {
        let Probed::Answered(wrong) = &program.probed else { return None };
        let path = program.found.as_ref().filter(|_| !wrong.is_empty()).map(|shim| &shim.path)?;
        let title = format!("{} does not speak Docker's protocol: {}", named.program(), wrong.join("; "));
        let fix = if ["pass", "regpass"].contains(&&*named.helper) {
            "put regpass's link first in PATH: regpass shims install"
        } else {
            "bring it up to date"
        };
        Some(Finding::new("HLP07", Medium, title, fix).at(path, Spot::Whole))
    });
    let not_asked = |program: &Program| program.probed == Probed::NotAsked;
    if answer.findings.is_empty() && evidence.helpers.programs.values().any(not_asked) {
        let names = evidence.helpers.programs.iter().filter(|(_, program)| not_asked(program));
        let names: Vec<String> = names.map(|(name, _)| text::quoted(name)).collect();
        answer.skipped =
            Some(format!("it might ask a network or a person, so it is started with --live: {}", names.join(", ")));
    }
    answer
}

fn replaceable(evidence: &Evidence) -> Answer {
    each_named(evidence, |named, program| {
        let way_in = program.way_in.as_ref()?;
        let title = format!(
            "others can write here, and so give {} another program, which is sent your logins",
            named.program()
        );
        let fix = format!(
            "let nobody else write there: chmod go-w {}; see whose it is with ls -ld",
            misplaced::shell_word(way_in)
        );
        Some(Finding::new("HLP09", High, title, fix).at(way_in, Spot::Whole))
    })
}

/// Helm's and podman's files name another helper than Docker's: a login by one is then not the other's. Only what each
/// names for all registries, and for one that both name.
fn different(evidence: &Evidence) -> Answer {
    // Not a program, but podman's own file.
    let is_own = |one: &&Named| one.helper == "containers-auth.json";
    let is_same = |a: &Named, b: &Named| a.helper == b.helper || [a, b].iter().all(|one| is_ours(&one.helper));
    let docker: Vec<&Named> = evidence.helpers.named.iter().filter(|one| one.role == AuthRole::Docker).collect();
    let mut answer = Answer { missed: evidence.helpers.missed.clone(), ..Answer::default() };
    for one in docker {
        for role in [AuthRole::Helm, AuthRole::Containers] {
            let others = evidence.helpers.named.iter().filter(|other| other.role == role && other.server == one.server);
            let others: Vec<&Named> = others.filter(|other| !is_own(other)).collect();
            let Some(first) = others.first().filter(|_| !others.iter().any(|other| is_same(one, other))) else {
                continue;
            };
            let whose = if role == AuthRole::Helm { "helm" } else { "podman" };
            let title = format!(
                "{whose} asks {} and Docker {}: a login by one is not found by the other",
                first.program(),
                one.program()
            );
            answer.findings.push(finding("HLP05", Medium, title, "name one helper in both files", first));
        }
    }
    answer
}

/// Names that other machines' programs put into a configuration: VS Code, Docker Desktop, Windows, macOS.
fn is_foreign(helper: &str) -> bool {
    let of_macos = helper == "osxkeychain" && !cfg!(target_os = "macos");
    helper.starts_with("dev-containers-")
        || ["desktop", "wincred"].contains(&helper)
        || helper.ends_with(".exe")
        || of_macos
}

fn is_other_machine_s(named: &Named, program: &Program) -> bool {
    let cannot = matches!(&program.fault, Some((_, Fault::Windows | Fault::OtherMachine | Fault::Dangling(_))));
    is_foreign(&named.helper) && (program.found.is_none() || cannot)
}

fn foreign(evidence: &Evidence) -> Answer {
    each_named(evidence, |named, program| {
        if !is_other_machine_s(named, program) {
            return None;
        }
        let whose = match &*named.helper {
            "desktop" | "desktop.exe" => "Docker Desktop's",
            "wincred" | "wincred.exe" => "Windows's",
            "osxkeychain" => "macOS's",
            helper if helper.starts_with("dev-containers-") => "a development container's",
            _ => "another machine's",
        };
        let title = format!("{} is {whose} and cannot run here: {}", named.program(), without(named));
        Some(finding("HLP10", High, title, "name a helper that is here, such as pass", named))
    })
}

fn two_sources(evidence: &Evidence) -> Answer {
    let asked = |server: &str| {
        let of = |wanted: Option<&str>| {
            let here = |named: &&Named| named.role == AuthRole::Docker && named.server.as_deref() == wanted;
            evidence.helpers.named.iter().find(here)
        };
        of(Some(server)).or_else(|| of(None))
    };
    match &evidence.helpers.auth_config {
        AuthConfig::Unset => Answer::default(),
        AuthConfig::Ignored(why) => {
            let title = format!("DOCKER_AUTH_CONFIG is set and Docker passes over it, because {why}: the helper answers");
            let is_any = evidence.helpers.named.iter().any(|named| named.role == AuthRole::Docker);
            is_any.then(|| Finding::new("HLP12", Low, title, "unset DOCKER_AUTH_CONFIG")).into_iter().collect()
        }
        AuthConfig::Answers(servers) => servers
            .iter()
            .filter_map(|server| {
                let helper = asked(server)?;
                let title = format!(
                    "DOCKER_AUTH_CONFIG answers for {} and {} is not asked, from Docker 28.3 on; before, only the helper is",
                    text::quoted(server),
                    helper.program()
                );
                let finding = Finding::new("HLP12", Medium, title, "keep one of them: unset DOCKER_AUTH_CONFIG");
                Some(finding.about(Some(server.clone()), None))
            })
            .collect(),
    }
}

/// One finding a setting at most; what could not be understood is told.
fn each_named(evidence: &Evidence, judge: impl Fn(&Named, &Program) -> Option<Finding>) -> Answer {
    let seen = &evidence.helpers;
    let mut answer = Answer { missed: seen.missed.clone(), ..Answer::default() };
    for named in &seen.named {
        let Some(finding) = seen.programs.get(&named.helper).and_then(|program| judge(named, program)) else {
            continue;
        };
        // Several settings lead to one program.
        let is_known = |known: &Finding| {
            (&known.path, &known.spot, &known.title) == (&finding.path, &finding.spot, &finding.title)
        };
        if !answer.findings.iter().any(is_known) {
            answer.findings.push(finding);
        }
    }
    answer
}

fn finding(id: &'static str, severity: Severity, title: String, fix: impl Into<String>, named: &Named) -> Finding {
    let spot = if named.pointer.is_empty() { Spot::Whole } else { Spot::Pointer(named.pointer.clone()) };
    Finding::new(id, severity, title, fix).at(&named.file, spot).about(named.server.clone(), None)
}

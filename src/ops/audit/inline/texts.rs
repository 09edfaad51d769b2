//! Secrets in lines of texts, in the variables of processes and in their command lines. Called through `CHECKS`.

use std::collections::BTreeMap;

use super::super::evidence::{Evidence, TextSeen};
use super::super::finding::Severity::{self, High, Medium};
use super::super::finding::{Answer, Confidence, Finding, Spot};
use super::super::literals::{Kind, Literal};
use super::super::places::TextRole;
use super::{ROTATE, bytes};
use crate::model::text;

pub(super) fn auth_config(evidence: &Evidence) -> Answer {
    let fix = "unset it where it is set; Docker 28.3 and later take it before every store";
    let roles = [TextRole::Startup, TextRole::Variables, TextRole::Unit, TextRole::Runner, TextRole::History];
    let mut answer = in_texts("INL09", High, evidence, &roles, |literal| {
        (literal.kind == Kind::AuthConfig).then(|| ("DOCKER_AUTH_CONFIG with logins".to_owned(), fix.to_owned()))
    });
    answer.findings.extend(evidence.auth_config.map(|length| {
        let title = format!("DOCKER_AUTH_CONFIG is set here, {}", bytes(length));
        Finding::new("INL09", High, title, "unset DOCKER_AUTH_CONFIG")
    }));
    answer
}

pub(super) fn environments(evidence: &Evidence) -> Answer {
    let mut names: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for seen in &evidence.processes {
        match &seen.literal.kind {
            Kind::Variable(name) => names.entry(name).or_default().push(seen.pid),
            Kind::AuthConfig => names.entry("DOCKER_AUTH_CONFIG").or_default().push(seen.pid),
            _ => {}
        }
    }
    let findings = names.into_iter().map(|(name, pids)| {
        let title = format!("{} is a variable of {}", text::escaped(name.as_bytes()), some_processes(&pids));
        let fix = "give it to the program by a file or its standard input: what a user runs, that user's programs read";
        Finding::new("INL10", Medium, title, fix).with(Confidence::Likely).about(Some(name.to_owned()), None)
    });
    with_closed(findings.collect(), evidence.closed.variables, "the variables")
}

pub(super) fn command_lines(evidence: &Evidence) -> Answer {
    let logins = evidence.processes.iter().filter_map(|seen| match &seen.literal.kind {
        Kind::Login(program) => Some((seen, program)),
        _ => None,
    });
    let findings = logins.map(|(seen, program)| {
        let title = format!("process {} is {program} login with its password among its words", seen.pid);
        let fix = format!("log in with --password-stdin, {ROTATE}");
        let finding = Finding::new("INL11", High, title, fix).at(&seen.file, Spot::Whole);
        finding.about(seen.literal.registry.clone(), seen.literal.account.clone())
    });
    with_closed(findings.collect(), evidence.closed.command_lines, "the command lines")
}

pub(super) fn histories(evidence: &Evidence) -> Answer {
    let fix = format!("remove the line, {ROTATE}; log in with --password-stdin");
    logins_in("INL12", evidence, &[TextRole::History], &fix)
}

pub(super) fn pipelines(evidence: &Evidence) -> Answer {
    if !evidence.has_roots {
        return Answer::skipped("no pipeline's file was given: name folders with --roots DIR");
    }
    let fix = format!("keep it as a secret variable of the pipeline, {ROTATE}");
    let mut answer = logins_in("INL13", evidence, &[TextRole::Pipeline], &fix);
    answer.add(variables_in("INL13", High, evidence, TextRole::Pipeline, &fix));
    answer
}

pub(super) fn projects(evidence: &Evidence) -> Answer {
    let fix = "keep it in the store and let the program ask for it";
    variables_in("INL14", Medium, evidence, TextRole::Project, fix)
}

pub(super) fn services(evidence: &Evidence) -> Answer {
    let fix = format!("let the service's own user log in once, with a helper, {ROTATE}");
    logins_in("INL15", evidence, &[TextRole::Unit, TextRole::Cron, TextRole::BootScript], &fix)
}

/// A finding a line that was recognised as something this check is about.
pub(super) fn in_texts(
    id: &'static str,
    severity: Severity,
    evidence: &Evidence,
    roles: &[TextRole],
    about: impl Fn(&Literal) -> Option<(String, String)>,
) -> Answer {
    let mut answer = Answer::default();
    for seen in evidence.texts.iter().filter(|seen| roles.contains(&seen.role)) {
        match &seen.literals {
            Err(why) => answer.missed.push(why.clone()),
            Ok(literals) => answer.findings.extend(literals.iter().filter_map(|(line, literal)| {
                let (what, fix) = about(literal)?;
                let title = format!("{what}, {}{}", bytes(literal.length), readable(seen));
                let finding = Finding::new(id, severity, title, fix).at(&seen.path, Spot::Line(*line));
                Some(finding.with(Confidence::Likely).about(literal.registry.clone(), literal.account.clone()))
            })),
        }
    }
    answer
}

fn logins_in(id: &'static str, evidence: &Evidence, roles: &[TextRole], fix: &str) -> Answer {
    in_texts(id, High, evidence, roles, |literal| match &literal.kind {
        Kind::Login(program) => {
            let registry = literal.registry.as_deref().map(|registry| format!(" to {}", text::quoted(registry)));
            let what = format!("{program} login{} with its password in the line", registry.unwrap_or_default());
            Some((what, fix.to_owned()))
        }
        _ => None,
    })
}

fn variables_in(id: &'static str, severity: Severity, evidence: &Evidence, role: TextRole, fix: &str) -> Answer {
    in_texts(id, severity, evidence, &[role], |literal| match &literal.kind {
        Kind::Variable(name) => Some((format!("{} has a value", text::escaped(name.as_bytes())), fix.to_owned())),
        Kind::AuthConfig => Some(("DOCKER_AUTH_CONFIG with logins".to_owned(), fix.to_owned())),
        _ => None,
    })
}

fn readable(seen: &TextSeen) -> &'static str {
    if seen.exposed { ", and other users of the machine can read it" } else { "" }
}

fn with_closed(findings: Vec<Finding>, closed: usize, what: &str) -> Answer {
    let processes = if closed == 1 { "process" } else { "processes" };
    let missed = (closed > 0).then(|| format!("{what} of {closed} {processes}, which the system keeps from this user"));
    Answer { findings, missed: missed.into_iter().collect(), skipped: None }
}

fn some_processes(pids: &[u32]) -> String {
    let shown: Vec<String> = pids.iter().take(5).map(u32::to_string).collect();
    let more = pids.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{rest}", if pids.len() == 1 { "process" } else { "processes" }, shown.join(", "))
}

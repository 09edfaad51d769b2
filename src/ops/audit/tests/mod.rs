//! Every check has its cases, on real homes (`homes`) and on evidence made by hand (`by_hand`), and its section on the page.

mod by_hand;
mod homes;
mod planted;

use std::collections::BTreeSet;

use super::*;
use by_hand::BY_HAND;
use homes::{Bench, ON_HOMES};

fn answer(evidence: &Evidence, id: &str) -> Answer {
    let choice = Choice { ids: vec![id.to_owned()], ..Choice::default() };
    let mut checked = run(evidence, &choice).expect("a check");
    assert_eq!(checked.len(), 1);
    checked.remove(0).answer
}

#[test]
fn every_check_has_its_cases() {
    let ids: Vec<&str> = all().map(|(_, check)| check.id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id is there twice");
    for id in ids {
        assert!(BY_HAND.iter().copied().flatten().any(|(of, _)| *of == id), "{id} finds nothing by hand");
        assert!(
            ON_HOMES.iter().copied().flatten().any(|(of, _, found)| *of == id && *found == 0),
            "{id} is never clean on a home"
        );
        // Another owner, a folder that its owner cannot write, and a long socket where there is a runtime folder are not to be
        // had in every test.
        let hard = ["CFG04", "CFG06", "CTX12", "GPG07"].contains(&id);
        assert!(
            hard || ON_HOMES.iter().copied().flatten().any(|(of, _, found)| *of == id && *found > 0),
            "{id} finds nothing on a home"
        );
    }
}

#[test]
fn an_empty_machine_is_clean_and_what_cannot_be_read_is_not() {
    for checked in run(&Bench::new().evidence(), &Choice::default()).expect("all") {
        let verdict = checked.answer.verdict();
        assert!(matches!(verdict, Verdict::Clean | Verdict::Skipped), "{} {:?}", checked.check.id, checked.answer);
    }
    let bench = Bench::new();
    std::fs::create_dir_all(bench.at("home/.docker/config.json")).expect("a folder in its place");
    for id in ["INL01", "INL03", "INL17", "INL18", "CFG01", "CFG02", "CFG07", "CFG09", "HLP01"] {
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Failed, "{id}");
    }
    let mut evidence = Bench::new().evidence();
    evidence.docker_folder.closed = Some("x".to_owned());
    assert_eq!(answer(&evidence, "INL19").verdict(), Verdict::Failed);
}

#[test]
fn a_choice_names_what_there_is() {
    let choose = |groups: &[&str], ids: &[&str]| {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        run(&Evidence::default(), &Choice { groups: own(groups), ids: own(ids) })
    };
    assert_eq!(choose(&["config"], &[]).expect("a group").len(), config::CHECKS.len());
    assert_eq!(choose(&[], &["cfg01", "INL01"]).expect("two").len(), 2);
    assert!(choose(&["config"], &["INL01"]).is_err(), "nothing was looked at");
    assert!(choose(&["nope"], &[]).is_err() && choose(&[], &["XYZ99"]).is_err());
}

#[test]
fn every_check_is_explained() {
    let page = include_str!("../../../../docs/checks.md");
    for (_, check) in all() {
        let heading = format!("### {}: {}\n", check.id, check.title);
        let section = page.split_once(&heading).unwrap_or_else(|| panic!("no section {heading}")).1;
        let section = section.split("\n#").next().unwrap_or(section);
        for label in ["What", "Why it matters", "How it is found", "How it is mended", "How to silence it"] {
            assert!(section.contains(&format!("- {label}: ")), "{} does not say: {label}", check.id);
        }
    }
    let sections = page.matches("\n### ").count();
    assert_eq!(sections, all().count(), "a section is about no check");
}

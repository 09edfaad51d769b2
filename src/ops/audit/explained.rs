//! What docs/checks.md says of a check, for who reads it beside a finding.

use super::Check;

/// The page itself, as it was when this was built.
const PAGE: &str = include_str!("../../../docs/checks.md");

/// The labels of a check's section, each with what it says. Empty where the page has no section, which a test forbids.
pub fn section(check: &Check) -> Vec<(&'static str, &'static str)> {
    let heading = format!("### {}: ", check.id);
    let section = PAGE.split("\n### ").map(|part| part.split("\n## ").next().unwrap_or(part));
    let own = section.into_iter().find(|part| part.starts_with(&heading["### ".len()..]));
    own.into_iter().flat_map(str::lines).filter_map(|line| line.strip_prefix("- ")?.split_once(": ")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn every_check_says_five_things_and_nothing_of_the_next() {
        for (_, check) in all() {
            let labels: Vec<&str> = section(check).into_iter().map(|(label, _)| label).collect();
            let wanted = ["What", "Why it matters", "How it is found", "How it is mended", "How to silence it"];
            assert_eq!(labels, wanted, "{}", check.id);
        }
    }
}

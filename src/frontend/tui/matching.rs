//! The filter: which names fit what was typed, the best first, and where they fit. The one place that knows which
//! library matches.

use std::cmp::Reverse;

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

/// A needle and what it found; a needle that only grew searches what its shorter self found.
pub(super) struct Filter {
    matcher: SkimMatcherV2,
    /// What each longer needle found, the empty one left out.
    steps: Vec<(String, Vec<u32>)>,
}

/// The longest needle, in characters: more is no name.
pub(super) const NEEDLE_MAX: usize = 100;

impl Default for Filter {
    fn default() -> Filter {
        // Upper case in the needle asks for upper case, as in vim's smartcase.
        Filter { matcher: SkimMatcherV2::default().smart_case().use_cache(true), steps: Vec::new() }
    }
}

impl Filter {
    /// Forgets what was found: the names have changed.
    pub(super) fn reset(&mut self) {
        self.steps.clear();
    }

    /// The items (indices handed to `name`) that every word of the needle fits, best first; equals keep their order.
    pub(super) fn search<'a>(&mut self, needle: &str, all: &[u32], name: impl Fn(u32) -> &'a str) -> Vec<u32> {
        let needle = needle.trim_start();
        while self.steps.last().is_some_and(|(shorter, _)| !needle.starts_with(shorter.as_str())) {
            self.steps.pop();
        }
        if needle.trim().is_empty() {
            return all.to_vec();
        }
        if let Some((last, found)) = self.steps.last()
            && last == needle
        {
            return found.clone();
        }
        let among = self.steps.last().map_or(all, |(_, found)| found.as_slice());
        let mut scored: Vec<(Reverse<i64>, usize, u32)> = Vec::new();
        for id in among {
            if let Some(score) = self.score(name(*id), needle) {
                scored.push((Reverse(score), name(*id).len(), *id));
            }
        }
        scored.sort_unstable();
        let found: Vec<u32> = scored.into_iter().map(|(_, _, id)| id).collect();
        self.steps.push((needle.to_owned(), found.clone()));
        found
    }

    /// Positions (in characters) of the name that the needle fits, ascending; empty when it does not.
    pub(super) fn positions(&self, name: &str, needle: &str) -> Vec<usize> {
        let words = needle.split_whitespace().map(|word| self.matcher.fuzzy_indices(name, word));
        let Some(found) = words.collect::<Option<Vec<_>>>() else { return Vec::new() };
        let mut positions: Vec<usize> = found.into_iter().flat_map(|(_, positions)| positions).collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    fn score(&self, name: &str, needle: &str) -> Option<i64> {
        needle.split_whitespace().try_fold(0, |sum, word| Some(sum + self.matcher.fuzzy_match(name, word)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["mail/work", "infra/db/root", "infra/db/replica", "Registry", "dabra"];

    fn found(filter: &mut Filter, needle: &str) -> Vec<&'static str> {
        let all: Vec<u32> = (0..NAMES.len() as u32).collect();
        filter.search(needle, &all, |id| NAMES[id as usize]).iter().map(|id| NAMES[*id as usize]).collect()
    }

    #[test]
    fn every_word_must_fit_and_the_best_comes_first() {
        let mut filter = Filter::default();
        assert_eq!(found(&mut filter, "infradb"), ["infra/db/root", "infra/db/replica"]);
        assert_eq!(found(&mut filter, "replica")[0], "infra/db/replica");
        assert_eq!(found(&mut filter, "root inf"), ["infra/db/root"]);
        assert_eq!(found(&mut filter, "zzz"), [""; 0]);
        assert_eq!(found(&mut filter, "  ").len(), NAMES.len());
    }

    #[test]
    fn growing_and_shrinking_find_what_a_fresh_search_finds() {
        let mut grown = Filter::default();
        for needle in ["d", "db", "dbr", "db", "dbre", "", "R", "Re", "re", "re g"] {
            assert_eq!(found(&mut grown, needle), found(&mut Filter::default(), needle), "{needle}");
        }
    }

    #[test]
    fn upper_case_asks_for_upper_case() {
        assert_eq!(found(&mut Filter::default(), "REG"), [""; 0]);
        assert_eq!(found(&mut Filter::default(), "Reg"), ["Registry"]);
    }

    #[test]
    fn positions_are_where_it_fits() {
        assert_eq!(Filter::default().positions("infra/db/root", "db"), [6, 7]);
        assert_eq!(Filter::default().positions("infra", "x"), [0; 0]);
    }
}

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

/// Up to this many fitting names are ranked by the matcher. More are ordered by a rule that costs a tenth: nobody reads
/// thousands of rows, and with 100,000 names a key must show its effect at once.
const RANKED_MAX: usize = 5_000;

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
        let words: Vec<Word> = needle.split_whitespace().map(Word::new).collect();
        let mut fitting: Vec<(u8, usize, u32)> = Vec::new();
        for id in among {
            let name = name(*id);
            if let Some(fit) = words.iter().try_fold(0, |worst, word| Some(word.fit(name)?.max(worst))) {
                fitting.push((fit, name.len(), *id));
            }
        }
        let found = if fitting.len() > RANKED_MAX { in_order(fitting) } else { self.ranked(&fitting, needle, name) };
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

    fn ranked<'a>(&self, fitting: &[(u8, usize, u32)], needle: &str, name: impl Fn(u32) -> &'a str) -> Vec<u32> {
        let score = |(_, length, id): &(u8, usize, u32)| Some((Reverse(self.score(name(*id), needle)?), *length, *id));
        let mut scored: Vec<(Reverse<i64>, usize, u32)> = fitting.iter().filter_map(score).collect();
        scored.sort_unstable();
        scored.into_iter().map(|(_, _, id)| id).collect()
    }

    fn score(&self, name: &str, needle: &str) -> Option<i64> {
        needle.split_whitespace().try_fold(0, |sum, word| Some(sum + self.matcher.fuzzy_match(name, word)?))
    }
}

/// A word of the needle, for the cheap look at every name.
struct Word<'a> {
    bytes: &'a [u8],
    same: fn(&u8, &u8) -> bool,
}

impl<'a> Word<'a> {
    fn new(word: &'a str) -> Word<'a> {
        // As the matcher: an upper-case letter in the needle asks for upper case.
        let exact = word.chars().any(char::is_uppercase);
        Word { bytes: word.as_bytes(), same: if exact { |a, b| a == b } else { |a, b| a.eq_ignore_ascii_case(b) } }
    }

    /// How it fits, the smaller the better: at the beginning of a part, as a whole, or letter by letter. None: not at all.
    /// Compares bytes, so it may let through a name whose letters beyond ASCII do not fit; the matcher does not.
    fn fit(&self, name: &str) -> Option<u8> {
        let name = name.as_bytes();
        let mut wanted = self.bytes.iter();
        let mut next = wanted.next()?;
        let fits = name.iter().any(|byte| {
            (self.same)(byte, next)
                && match wanted.next() {
                    Some(after) => {
                        next = after;
                        false
                    }
                    None => true,
                }
        });
        if !fits {
            return None;
        }
        let whole = |part: &[u8]| part.iter().zip(self.bytes).all(|(a, b)| (self.same)(a, b));
        let mut places = name.windows(self.bytes.len()).enumerate().filter(|(_, part)| whole(part)).map(|(at, _)| at);
        let Some(first) = places.next() else { return Some(2) };
        let begins = |at: usize| at == 0 || !name[at - 1].is_ascii_alphanumeric();
        Some(u8::from(!(begins(first) || places.any(begins))))
    }
}

fn in_order(mut fitting: Vec<(u8, usize, u32)>) -> Vec<u32> {
    fitting.sort_unstable();
    fitting.into_iter().map(|(_, _, id)| id).collect()
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
    fn many_names_are_found_as_few_are() {
        let names: Vec<String> = (0..RANKED_MAX * 3).map(|number| format!("team/{number}/Post-x")).collect();
        let all: Vec<u32> = (0..names.len() as u32).collect();
        let name = |id: u32| names[id as usize].as_str();
        let filter = Filter::default();
        for needle in ["p", "post", "7", "77", "P", "tp", "x 1", "é", "pp"] {
            let mut found = Filter::default().search(needle, &all, name);
            found.sort_unstable();
            let expected: Vec<u32> =
                all.iter().copied().filter(|id| filter.score(name(*id), needle).is_some()).collect();
            assert_eq!(found, expected, "{needle}");
        }
    }

    #[test]
    fn of_many_the_beginnings_of_parts_come_first() {
        let mut names: Vec<String> = (0..RANKED_MAX).map(|number| format!("xdb{number}")).collect();
        names.push("infra/db".to_owned());
        names.push("d/b".to_owned());
        let all: Vec<u32> = (0..names.len() as u32).collect();
        let found = Filter::default().search("db", &all, |id| names[id as usize].as_str());
        let name = |index: usize| names[found[index] as usize].as_str();
        assert_eq!((name(0), name(found.len() - 1)), ("infra/db", "d/b"));
    }

    #[test]
    fn positions_are_where_it_fits() {
        assert_eq!(Filter::default().positions("infra/db/root", "db"), [6, 7]);
        assert_eq!(Filter::default().positions("infra", "x"), [0; 0]);
    }
}

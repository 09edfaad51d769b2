//! What an audit says: verdicts, findings, how bad they are and where they stand. Plain data; a secret is in none of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::model::{Login, misplaced};

/// How bad it is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Worst first.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    pub fn id(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    pub fn named(id: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.id() == id)
    }
}

/// How sure it is that this is what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    Guess,
    Likely,
    Certain,
}

impl Confidence {
    pub fn id(self) -> &'static str {
        match self {
            Confidence::Guess => "guess",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    Whole,
    /// Counted from 1.
    Line(usize),
    /// RFC 6901.
    Pointer(String),
}

/// Something that is wrong, and what mends it.
#[derive(Clone, Debug)]
pub struct Finding {
    pub id: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    /// One sentence, escaped, without a full stop.
    pub title: String,
    /// None: it is about the surroundings, not about a file.
    pub path: Option<PathBuf>,
    pub spot: Spot,
    pub registry: Option<String>,
    pub account: Option<Login>,
    /// What to do, escaped.
    pub fix: String,
    /// The name that a misspelt one should be.
    pub meant: Option<String>,
    /// Which one it is of those that are alike: two lines of one history about one registry.
    pub ordinal: usize,
}

impl Finding {
    /// With certainty, about the whole of no file; the check's usual severity is the caller's to give.
    pub fn new(id: &'static str, severity: Severity, title: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding {
            id,
            severity,
            confidence: Confidence::Certain,
            title: title.into(),
            path: None,
            spot: Spot::Whole,
            registry: None,
            account: None,
            fix: fix.into(),
            meant: None,
            ordinal: 0,
        }
    }

    pub fn at(self, path: &Path, spot: Spot) -> Finding {
        Finding { path: Some(path.to_owned()), spot, ..self }
    }

    pub fn about(self, registry: Option<String>, account: Option<Login>) -> Finding {
        Finding { registry, account, ..self }
    }

    pub fn meaning(self, name: impl Into<String>) -> Finding {
        Finding { meant: Some(name.into()), ..self }
    }

    pub fn with(self, confidence: Confidence) -> Finding {
        Finding { confidence, ..self }
    }

    /// Its file, as it may be told: a store's files are named for servers and users.
    pub fn place(&self) -> Option<PathBuf> {
        self.path.as_deref().map(misplaced::path)
    }

    /// Without what may be a secret in a name.
    #[must_use]
    pub(super) fn told(self) -> Finding {
        Finding { title: misplaced::words(&self.title), fix: misplaced::remedy(&self.fix), ..self }
    }

    /// What stays the same as long as this stays wrong: of the check, the place and the registry. No secret goes into it,
    /// which could be found again by trying. The line is not in it: a history grows at its front and back.
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |bytes: &[u8]| {
            digest.update(bytes);
            digest.update([0]);
        };
        add(self.id.as_bytes());
        add(self.path.as_ref().map_or(&[][..], |path| path.as_os_str().as_encoded_bytes()));
        if let Spot::Pointer(pointer) = &self.spot {
            add(pointer.as_bytes());
        }
        add(self.registry.as_deref().unwrap_or_default().as_bytes());
        if self.ordinal > 0 {
            add(self.ordinal.to_string().as_bytes());
        }
        digest.finalize().iter().take(FINGERPRINT).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Bytes of the digest that are kept: enough that no two findings of a fleet share one.
const FINGERPRINT: usize = 16;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    Found,
    /// It does not apply here, or was not asked for.
    Skipped,
    /// It could not look, at all or everywhere.
    Failed,
}

impl Verdict {
    pub fn id(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Found => "found",
            Verdict::Skipped => "skipped",
            Verdict::Failed => "failed",
        }
    }
}

/// The answer of one check.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub findings: Vec<Finding>,
    /// What it could not look at, and why, escaped.
    pub missed: Vec<String>,
    /// Why it did not look at all.
    pub skipped: Option<String>,
}

impl Answer {
    pub fn skipped(why: impl Into<String>) -> Answer {
        Answer { skipped: Some(why.into()), ..Answer::default() }
    }

    /// Without what may be a secret in a name.
    pub(super) fn told(self) -> Answer {
        let words = |why: String| misplaced::words(&why);
        Answer {
            findings: self.findings.into_iter().map(Finding::told).collect(),
            missed: self.missed.into_iter().map(words).collect(),
            skipped: self.skipped.map(words),
        }
    }

    /// What another look answered is part of this one.
    pub fn add(&mut self, other: Answer) {
        self.findings.extend(other.findings);
        self.missed.extend(other.missed);
    }

    /// What could not be looked at is never clean.
    pub fn verdict(&self) -> Verdict {
        match (&self.findings[..], &self.missed[..], &self.skipped) {
            ([_, ..], ..) => Verdict::Found,
            ([], [_, ..], _) => Verdict::Failed,
            ([], [], Some(_)) => Verdict::Skipped,
            ([], [], None) => Verdict::Clean,
        }
    }

    /// Why it is skipped, failed, or found without having seen everything.
    pub fn why(&self) -> Option<String> {
        self.skipped.clone().or_else(|| (!self.missed.is_empty()).then(|| self.missed.join("; ")))
    }
}

impl FromIterator<Finding> for Answer {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Answer {
        Answer { findings: findings.into_iter().collect(), ..Answer::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Finding {
        Finding::new("INL01", Severity::High, "x", "y").at(Path::new("/a"), Spot::Pointer("/auths/b".into()))
    }

    #[test]
    fn a_fingerprint_is_of_the_place_and_nothing_else() {
        let about = |registry: &str| one().about(Some(registry.to_owned()), None).fingerprint();
        assert_eq!(
            about("b.test"),
            Finding { title: "z".into(), severity: Severity::Low, ..one() }
                .about(Some("b.test".into()), None)
                .fingerprint()
        );
        assert_ne!(about("b.test"), about("c.test"));
        assert_ne!(one().fingerprint(), one().at(Path::new("/b"), one().spot).fingerprint());
        assert_ne!(one().fingerprint(), one().at(Path::new("/a"), Spot::Pointer("/auths/c".into())).fingerprint());
        let line = |line| one().at(Path::new("/a"), Spot::Line(line)).fingerprint();
        assert_eq!(line(1), line(2));
        assert_eq!(one().fingerprint().len(), 32);
    }

    #[test]
    fn what_was_not_looked_at_is_never_clean() {
        assert_eq!(Answer::default().verdict(), Verdict::Clean);
        let missed = Answer { missed: vec!["/a".into()], ..Answer::default() };
        assert_eq!((missed.verdict(), missed.why().as_deref()), (Verdict::Failed, Some("/a")));
        let found = Answer { findings: vec![one()], ..missed };
        assert_eq!((found.verdict(), found.why().as_deref()), (Verdict::Found, Some("/a")));
        assert_eq!(Answer::skipped("no").verdict(), Verdict::Skipped);
    }
}

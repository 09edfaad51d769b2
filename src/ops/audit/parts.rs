//! Which parts of the evidence a check needs, so that one is asked again without looking at everything. Data; a test asks
//! every case of every check with no more than the parts named here.

use super::evidence::Source;
use super::sources;

/// What can be left out of a gathering. Files with logins, Docker's folder and the names of the store's logins cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Histories, start-up files, units, cron tables, projects.
    Texts,
    Processes,
    /// Where Docker may be run from.
    Contexts,
    Helpers,
    Tls,
    Window,
    /// What is in the stores, and GnuPG.
    Stores,
}

/// A part, and the checks or groups (by the front of their ids) that read it.
const OF: &[(Part, &[&str])] = &[
    (Part::Texts, &["INL06", "INL09", "INL12", "INL13", "INL14", "INL15", "INL18"]),
    (Part::Processes, &["INL10", "INL11"]),
    (Part::Contexts, &["CTX"]),
    (Part::Helpers, &["HLP"]),
    (Part::Tls, &["TLS"]),
    (Part::Window, &["WIN"]),
    (Part::Stores, &["STO", "GPG", "CRD"]),
];

/// Sources that are told of by a part: what depends on one is not clean without it.
const TOLD_BY: &[(Part, &[Source])] = &[
    (Part::Texts, &[Source::Startup, Source::Services]),
    (Part::Contexts, &[Source::Contexts]),
    (Part::Stores, &[Source::Store, Source::SecretKeys]),
];

/// What is gathered.
#[derive(Clone, Debug)]
pub(super) struct Parts(Vec<String>);

impl Parts {
    /// Those that these checks need; everything for none.
    pub(super) fn of(ids: &[String]) -> Parts {
        Parts(ids.iter().map(|id| id.to_ascii_uppercase()).collect())
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.0.is_empty() || self.0.iter().any(|id| reads(id, part))
    }
}

fn reads(id: &str, wanted: Part) -> bool {
    let reads = OF.iter().any(|(part, ids)| *part == wanted && ids.iter().any(|front| id.starts_with(front)));
    let told = TOLD_BY.iter().filter(|(part, _)| *part == wanted).flat_map(|(_, told)| *told);
    reads || told.into_iter().any(|told| sources::OF.iter().any(|(source, ids)| source == told && ids.contains(&id)))
}

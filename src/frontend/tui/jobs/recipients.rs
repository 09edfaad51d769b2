//! Who may read which folder: looked at, looked up, changed; entries encrypted anew for it. Called by `jobs.rs` alone.

use super::super::watch::Watch;
use crate::model::{EntryPath, Problem, Recipient, UserId, text};
use crate::ops::opening::Failed;
use crate::ops::recipients::{self, Access, Edit, Governed, Person};
use crate::ops::reencrypt::{self, Extent};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// Every folder that has recipients of its own.
    List,
    /// Who can really read an entry.
    Access(EntryPath),
    /// The keys here that a name, an address or a key id means.
    LookUp(String),
    /// What would be done.
    Foresee(Change),
    Carry(Change),
}

/// An edit of a folder's recipients, and what is stored encrypted anew; without an edit only the latter.
#[derive(Clone, Debug)]
pub(in super::super) struct Change {
    pub(in super::super) folder: EntryPath,
    pub(in super::super) edit: Option<Edit>,
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Listed(Vec<Governed>),
    Access(Access),
    LookedUp(Vec<Person>),
    Foreseen(Outlook),
    Carried(Outcome),
}

/// What would be done.
#[derive(Debug, Default)]
pub(in super::super) struct Outlook {
    pub(in super::super) added: Vec<String>,
    pub(in super::super) removed: Vec<String>,
    /// The folder gets a list of its own.
    pub(in super::super) new_file: bool,
    pub(in super::super) due: Vec<EntryPath>,
    pub(in super::super) up_to_date: usize,
    pub(in super::super) failed: Vec<Failed>,
}

impl Outlook {
    pub(in super::super) fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.due.is_empty()
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(in super::super) struct Outcome {
    pub(in super::super) done: usize,
    pub(in super::super) up_to_date: usize,
    pub(in super::super) failed: Vec<Failed>,
    pub(in super::super) warnings: Vec<Problem>,
    /// How many are left, and why.
    pub(in super::super) stopped: Option<(usize, Problem)>,
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::List => recipients::list(system, &EntryPath::root()).map(Report::Listed),
            Job::Access(entry) => recipients::access(system, &entry).map(Report::Access),
            Job::LookUp(text) => look_up(system, &text).map(Report::LookedUp),
            Job::Foresee(change) => foresee(system, &change, watch).map(Report::Foreseen),
            Job::Carry(change) => carry(system, &change, watch).map(Report::Carried),
        }
    }
}

fn look_up(system: &System, text: &str) -> Result<Vec<Person>, Problem> {
    let unfit = || Problem::usage(format!("{} names no key", text::quoted(text)));
    let wanted = Recipient::new(text.trim()).filter(|_| !text.contains(['#', '\0'])).ok_or_else(unfit)?;
    let people = recipients::candidates(system, &wanted)?;
    match people.is_empty() {
        true => Err(Problem::not_found(format!("no key here is for {}", text::quoted(text)))
            .hint("import the key first, with gpg --import, and look whose it is")),
        false => Ok(people),
    }
}

fn foresee(system: &System, change: &Change, watch: &Watch<'_>) -> Result<Outlook, Problem> {
    let mut outlook = Outlook::default();
    let plan = match &change.edit {
        None => reencrypt::plan(system, &change.folder, Extent::Differing, watch.cancel())?,
        Some(edit) => {
            let proposal = recipients::propose(system, &change.folder, edit, false)?;
            let name = |recipient: &Recipient| text::escaped(recipient.as_str().as_bytes()).into_owned();
            let added =
                proposal.added.iter().map(|(one, key)| key.name.as_ref().map_or_else(|| name(one), UserId::to_string));
            outlook.added = added.collect();
            let known =
                if proposal.removed.is_empty() { Vec::new() } else { recipients::list(system, &EntryPath::root())? };
            outlook.removed = proposal.removed.iter().map(|one| name_of(one, &known).unwrap_or(name(one))).collect();
            outlook.new_file = proposal.new_file;
            if proposal.is_nothing() {
                return Ok(outlook);
            }
            reencrypt::foresee(system, &change.folder, &proposal.after, watch.cancel())?
        }
    };
    outlook.up_to_date = plan.up_to_date;
    outlook.failed = plan.failed;
    outlook.due = plan.due.into_iter().map(|due| due.entry).collect();
    Ok(outlook)
}

/// The name of the key that a recipient means, as the folders' lists know it.
fn name_of(recipient: &Recipient, known: &[Governed]) -> Option<String> {
    let mut people = known.iter().flat_map(|one| &one.recipients);
    people
        .find(|person| person.reader.recipient == *recipient)
        .and_then(|person| person.reader.name.as_ref().map(UserId::to_string))
}

/// Refuses what would shut us out. Called off half-way, the same change again goes on where it stopped.
fn carry(system: &System, change: &Change, watch: &Watch<'_>) -> Result<Outcome, Problem> {
    let report = match &change.edit {
        Some(edit) => {
            let proposal = recipients::propose(system, &change.folder, edit, false)?;
            recipients::carry(system, &proposal, watch, watch.cancel())?
        }
        None => {
            let plan = reencrypt::plan(system, &change.folder, Extent::Differing, watch.cancel())?;
            reencrypt::run(system, plan, watch, watch.cancel())?
        }
    };
    Ok(Outcome {
        done: report.done.len(),
        up_to_date: report.up_to_date,
        failed: report.failed,
        warnings: report.warnings,
        stopped: report.stopped.map(|problem| (report.left, problem)),
    })
}

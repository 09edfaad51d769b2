//! Who can really read an entry, beside whom its folder names: what `.gpg-id` says counts for what is written next, not
//! for what is stored. Reads packets, decrypts nothing, and asks nobody but a key daemon that keeps the ring.

use crate::model::{EntryPath, Problem};
use crate::ops::readers::{self, Reader};
use crate::system::System;
use crate::system::cipher::{Addressees, Reach, Stranger};
use crate::system::store::not_in_store;

/// Who can read an entry.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Those whom `.gpg-id` names now, in its order, and whether the entry is encrypted to each.
    pub listed: Vec<(Reader, Reach)>,
    /// Those who can read it although nobody names them.
    pub others: Vec<Stranger>,
    /// Whether the two differ; None when that cannot be told.
    pub differs: Option<bool>,
    /// Readers that the entry does not name.
    pub hidden: usize,
    /// A passphrase opens it too.
    pub by_passphrase: bool,
    /// What keeps the entry from being compared, or the recipients from being known.
    pub problem: Option<Problem>,
}

impl Access {
    /// Nothing is known, and why.
    pub fn unknown(problem: Problem) -> Access {
        Access { problem: Some(problem), ..Access::default() }
    }
}

/// Looks at an entry's message. What is wrong with the message or the recipients is part of the answer.
pub fn access(system: &System, entry: &EntryPath) -> Result<Access, Problem> {
    let (store, inner) = system.stores()?.locate(entry);
    let message = store.read(&inner)?.ok_or_else(|| not_in_store(entry))?;
    let (named, problem) = match store.recipients_for(&inner.parent(), &system.options) {
        Ok(found) => (found.recipients, None),
        Err(error) => (Vec::new(), Some(error.into())),
    };
    let readers = readers::describe(system, &named);
    Ok(match system.cipher()?.addressees(&message, &named) {
        Ok(found) => compared(readers, found, problem),
        Err(error) => Access {
            listed: readers.into_iter().map(|reader| (reader, Reach::Untold)).collect(),
            problem: problem.or(Some(error.into())),
            ..Access::default()
        },
    })
}

fn compared(readers: Vec<Reader>, found: Addressees, problem: Option<Problem>) -> Access {
    let differs = if problem.is_some() { None } else { found.differ() };
    let Addressees { wanted, others, hidden, by_passphrase } = found;
    Access { listed: readers.into_iter().zip(wanted).collect(), others, differs, hidden, by_passphrase, problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, path};

    #[test]
    fn what_the_file_says_is_held_against_what_the_folder_says() {
        let bench = Bench::new();
        bench.put("team/.gpg-id", "alice\nbob\n");
        bench.put("team/db.gpg", "for alice carol\nsecret");
        let found = access(&bench.system, &path("team/db")).expect("looked at");
        let listed: Vec<(&str, Reach)> =
            found.listed.iter().map(|(reader, reach)| (reader.recipient.as_str(), *reach)).collect();
        assert_eq!(listed, [("alice", Reach::Reached), ("bob", Reach::Missed)]);
        let others: Vec<&str> = found.others.iter().map(|other| other.key.as_str()).collect();
        assert_eq!((others, found.differs), (vec!["CAROL"], Some(true)));

        bench.put("team/db.gpg", "for alice bob\nsecret");
        let found = access(&bench.system, &path("team/db")).expect("looked at");
        assert_eq!((found.others.len(), found.differs), (0, Some(false)));
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let bench = Bench::new();
        bench.put("team/.gpg-id", "# nobody\n");
        bench.put("team/db.gpg", "for alice\nsecret");
        bench.put("junk.gpg", "hello");
        let found = access(&bench.system, &path("team/db")).expect("looked at");
        assert!(found.problem.is_some() && found.differs.is_none(), "{found:?}");
        let found = access(&bench.system, &path("junk")).expect("looked at");
        assert_eq!(found.listed[0].1, Reach::Untold);
        assert!(found.problem.expect("a problem").message.contains("not a message"));
        assert!(access(&bench.system, &path("nothing")).is_err());
    }
}

//! An edit of a folder's recipients made: file, signature, carried keys, and what is stored encrypted anew, in one commit.

use super::edit::Proposal;
use crate::model::{EntryPath, Problem, Recipient, text};
use crate::ops::change::{self, Change, Written};
use crate::ops::footprint::{self, Footprint};
use crate::ops::opening::Waiting;
use crate::ops::progress::{Cancel, Progress};
use crate::ops::reencrypt::{self, Begun, Extent, Plan, Reencrypted};
use crate::system::System;
use crate::system::keyring::KeyringError;
use crate::system::store::{PUBLIC_KEYS, Store, StoreError};

/// Makes the edit: the file, its signature where one is asked for, the public keys where the store carries them, and
/// one commit.
pub fn apply(system: &System, proposal: &Proposal) -> Result<Written, Problem> {
    if proposal.is_nothing() {
        return Ok(Written::default());
    }
    let (change, _) = write(system, proposal)?;
    Ok(change.finish(&subject(proposal)))
}

/// Makes the edit and encrypts anew what it is about, in one commit. Whenever it ends, `reencrypt` goes on with it, and all
/// that was done by then can be taken back.
pub fn carry(
    system: &System,
    proposal: &Proposal,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Reencrypted, Problem> {
    let _underway = system.action.begin();
    let begun = if proposal.is_nothing() {
        None
    } else {
        let (change, step) = write(system, proposal)?;
        let subject = subject(proposal);
        Some(Begun { store: proposal.store, change: change.pause(), subject, can_be_taken_back: step.is_some() })
    };
    let waiting = Waiting { progress, cancel };
    match reencrypt::plan(system, &proposal.folder, Extent::Differing, cancel) {
        Err(problem) if begun.is_some() => {
            let report = reencrypt::go_on(system, begun, Plan::default(), waiting)?;
            Ok(Reencrypted { stopped: Some(problem), ..report })
        }
        plan => reencrypt::go_on(system, begun, plan?, waiting),
    }
}

/// Writes the files. What is needed to take it back is kept before the first of them is touched: the step that has it, if any.
fn write<'a>(system: &'a System, proposal: &Proposal) -> Result<(Change<'a>, Option<u64>), Problem> {
    let store = &system.stores()?.all()[proposal.store];
    change::check_writable(system, store)?;
    let signature = if system.options.signing_required { Some(signed(system, &proposal.new)?) } else { None };
    let mut change = Change::begin_unrecorded(system, store)?;
    if store.own_recipients(&proposal.inner)? != proposal.old {
        return Err(Problem::failed(format!(
            "{} was changed by somebody else meanwhile",
            text::quoted_path(&proposal.file)
        ))
        .hint("look at it, then try again: regpass recipients"));
    }
    let files = Files { signature, come: keys_to_carry(store, proposal), go: keys_to_drop(system, store, proposal) };
    let step = match files.foretold(store, proposal)?.save(system, store, &subject(proposal)) {
        Ok(step) => step,
        Err(problem) => {
            change.warnings.push(problem);
            None
        }
    };
    if let Err(problem) = files.write(&mut change, proposal) {
        step.map_or(Ok(()), |step| footprint::correct(system, store, step))?;
        return Err(problem.into());
    }
    if files.signature.is_none() && store.has_signature(&proposal.inner) {
        change.warnings.push(
            Problem::failed(format!("the signature of {} does not fit it any more", text::quoted_path(&proposal.file)))
                .hint(format!("sign it: gpg --yes --detach-sign {}", text::shell_word(&proposal.file))),
        );
    }
    Ok((change, step))
}

/// What an edit writes beside the recipients file itself.
struct Files {
    signature: Option<Vec<u8>>,
    /// Public keys that the store is to carry, by their names there (store-compat 2.2: as `.gpg-id` names the key).
    come: Vec<(Recipient, Vec<u8>)>,
    go: Vec<Recipient>,
}

impl Files {
    fn foretold(&self, store: &Store, proposal: &Proposal) -> Result<Footprint, StoreError> {
        let mut footprint = Footprint::default();
        footprint.foretell(store, &proposal.inner.join(".gpg-id")?, Some(&proposal.new));
        if let Some(signature) = &self.signature {
            footprint.foretell(store, &proposal.inner.join(".gpg-id.sig")?, Some(signature));
        }
        let place = |recipient: &Recipient| EntryPath::parse(format!("{PUBLIC_KEYS}/{}", recipient.as_str()));
        for (recipient, key) in &self.come {
            footprint.foretell(store, &place(recipient)?, Some(key));
        }
        for recipient in &self.go {
            footprint.foretell(store, &place(recipient)?, None);
        }
        Ok(footprint)
    }

    fn write(&self, change: &mut Change<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        change.write_recipients(&proposal.inner, &proposal.new, self.signature.as_deref())?;
        for (recipient, key) in &self.come {
            change.carry_key(recipient.as_str(), key)?;
        }
        self.go.iter().try_for_each(|recipient| change.drop_key(recipient.as_str()))
    }
}

fn signed(system: &System, text: &[u8]) -> Result<Vec<u8>, Problem> {
    let keys = &system.options.signing_keys;
    if keys.is_empty() {
        return Err(KeyringError::NoSigningKey.into());
    }
    let signature = system.sign(text).map_err(|error| {
        Problem::from(error).hint("see whether the key that PASSWORD_STORE_SIGNING_KEY names is here: gpg -K")
    })?;
    system.keyring().verify_gpg_id_signature(text, &signature, keys)?;
    Ok(signature)
}

fn keys_to_carry(store: &Store, proposal: &Proposal) -> Vec<(Recipient, Vec<u8>)> {
    let added = proposal.added.iter().filter(|(recipient, _)| store.carries(recipient.as_str()));
    added.filter_map(|(recipient, identity)| Some((recipient.clone(), identity.armored()?))).collect()
}

/// The keys of those who are recipients nowhere in the store any more.
fn keys_to_drop(system: &System, store: &Store, proposal: &Proposal) -> Vec<Recipient> {
    let folders = store.holdings(&EntryPath::root()).governed;
    let mut others: Vec<Recipient> = proposal.after.clone();
    for folder in folders.iter().filter(|folder| **folder != proposal.inner) {
        let found = store.recipients_for(folder, &system.options);
        others.extend(found.map(|found| found.recipients).unwrap_or_default());
    }
    let removed = proposal.removed.iter().filter(|recipient| !others.contains(recipient));
    removed.filter(|recipient| store.carries(recipient.as_str())).cloned().collect()
}

/// pass's own words (pass 1.7.4, line 350).
fn subject(proposal: &Proposal) -> String {
    let names: Vec<&str> = proposal.after.iter().map(Recipient::as_str).collect();
    let below = if proposal.inner.is_root() { String::new() } else { format!(" ({})", proposal.inner.display()) };
    format!("Set GPG id to {}{below}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::ops::double::Bench;
    use crate::ops::progress::Step;
    use crate::ops::recipients::{Edit, propose};
    use crate::ops::undo;

    const ENTRIES: usize = 150;

    /// In git, with this many entries for alice.
    fn bench() -> Bench {
        let bench = Bench::with_git();
        (0..ENTRIES).for_each(|number| drop(bench.put(&format!("e{number}.gpg"), &format!("for alice\n{number}"))));
        bench.git(&["add", "-A"]);
        bench.git(&["commit", "-q", "-m", "many"]);
        bench
    }

    fn bob_joins(bench: &Bench, progress: &dyn Progress, cancel: &Cancel) -> Reencrypted {
        let bob = Edit::Add(vec![Recipient::new("bob").expect("a name")]);
        let proposal = propose(&bench.system, &EntryPath::root(), &bob, false).expect("worked out");
        carry(&bench.system, &proposal, progress, cancel).expect("a report")
    }

    fn go_on(bench: &Bench) -> Reencrypted {
        let plan = reencrypt::plan(&bench.system, &EntryPath::root(), Extent::Differing, &Cancel::default());
        reencrypt::run(&bench.system, plan.expect("a plan"), &(), &Cancel::default()).expect("done")
    }

    fn subjects(bench: &Bench) -> Vec<String> {
        bench.git(&["log", "--format=%s"]).lines().map(str::to_owned).collect()
    }

    fn files_of_last_commit(bench: &Bench) -> usize {
        bench.git(&["show", "--format=", "--name-only"]).lines().count()
    }

    fn is_for_both(bench: &Bench, number: usize) -> bool {
        let text = std::fs::read_to_string(bench.root().join(format!("e{number}.gpg"))).expect("an entry");
        assert!([format!("for alice\n{number}"), format!("for alice BOB\n{number}")].contains(&text), "{text}");
        text.starts_with("for alice BOB")
    }

    /// Calls it off, or ends as a process does that is killed.
    struct Stop<'a> {
        at: usize,
        cancel: Option<&'a Cancel>,
    }

    impl Progress for Stop<'_> {
        fn step(&self, step: Step<'_>) {
            if step.done == self.at {
                self.cancel.unwrap_or_else(|| std::panic::panic_any(())).call_off();
            }
        }
    }

    #[test]
    fn the_list_its_keys_and_every_entry_are_one_commit() {
        let bench = bench();
        bench.put("nobody-s.txt", "business");
        let done = bob_joins(&bench, &(), &Cancel::default());
        assert_eq!((done.done.len(), done.left, done.warnings), (ENTRIES, 0, Vec::new()));
        assert_eq!(subjects(&bench), ["Set GPG id to alice, BOB.", "many", "start"]);
        assert_eq!(
            (files_of_last_commit(&bench), bench.git(&["status", "--porcelain"])),
            (ENTRIES + 1, "?? nobody-s.txt\n".into())
        );
        undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(bench.git(&["diff", "--stat", "HEAD~2", "HEAD"]), "");
        undo::undo(&bench.system, undo::steps(&bench.system).expect("steps").steps.first().map(|step| step.id))
            .expect("and again");
        assert_eq!(bench.git(&["diff", "--stat", "HEAD~2", "HEAD"]), "");
    }

    #[test]
    fn called_off_what_was_done_is_committed_with_the_list_and_the_rest_follows() {
        let bench = bench();
        let cancel = Cancel::default();
        let report = bob_joins(&bench, &Stop { at: 10, cancel: Some(&cancel) }, &cancel);
        assert!(
            report.stopped.is_some() && report.left == ENTRIES - report.done.len() && report.left > 0,
            "{report:?}"
        );
        assert_eq!((files_of_last_commit(&bench), subjects(&bench).len()), (report.done.len() + 1, 3));
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        assert_eq!((go_on(&bench).done.len(), subjects(&bench).len()), (report.left, 4));
        assert!((0..ENTRIES).all(|number| is_for_both(&bench, number)));
        for _ in 0..2 {
            undo::undo(&bench.system, None).expect("taken back");
        }
        assert_eq!(bench.git(&["diff", "--stat", "HEAD~4", "HEAD"]), "");
    }

    #[test]
    fn without_the_list_nothing_is_kept_to_take_back() {
        let bench = bench();
        let state = bench.system.options.state_dir.clone();
        std::fs::create_dir_all(&state).expect("a folder");
        std::fs::write(state.join("undo"), "in the way").expect("a file");
        struct Clear(std::path::PathBuf);
        impl Progress for Clear {
            fn step(&self, _: Step<'_>) {
                let _ = std::fs::remove_file(&self.0);
            }
        }
        let report = bob_joins(&bench, &Clear(state.join("undo")), &Cancel::default());
        assert_eq!((report.done.len(), report.warnings.len()), (ENTRIES, 1), "{:?}", report.warnings);
        assert!(undo::last(&bench.system).expect("steps").is_none());
    }

    #[test]
    fn called_off_before_the_entries_the_list_is_committed() {
        let bench = bench();
        let cancel = Cancel::default();
        cancel.call_off();
        let report = bob_joins(&bench, &(), &cancel);
        assert!(report.stopped.is_some() && report.done.is_empty(), "{report:?}");
        assert_eq!((files_of_last_commit(&bench), bench.git(&["status", "--porcelain"])), (1, String::new()));
    }

    #[test]
    fn killed_half_way_it_goes_on_in_one_commit_or_is_taken_back() {
        for (at, goes_on) in [(1, true), (100, true), (ENTRIES, true), (1, false), (100, false), (ENTRIES, false)] {
            let bench = bench();
            let killed =
                catch_unwind(AssertUnwindSafe(|| bob_joins(&bench, &Stop { at, cancel: None }, &Cancel::default())));
            assert!(killed.is_err() && bench.git(&["status", "--porcelain"]).contains(" M .gpg-id\n"), "at {at}");
            let done = (0..ENTRIES).filter(|number| is_for_both(&bench, *number)).count();
            assert!(done < ENTRIES && (at < 64 || done >= 64), "{done} at {at}");
            let left = crate::ops::recipients::astray(&bench.system, &EntryPath::root(), &Cancel::default());
            assert_eq!(left.expect("looked at").entries, ENTRIES - done);
            if goes_on {
                assert_eq!(go_on(&bench).done.len(), ENTRIES - done);
                assert_eq!((subjects(&bench).len(), files_of_last_commit(&bench)), (3, ENTRIES + 1));
            } else {
                let told = undo::undo(&bench.system, None).expect("taken back").step;
                assert_eq!((told.what.as_str(), told.parts.len()), ("Set GPG id to alice, BOB.", 1));
                assert_eq!(subjects(&bench).len(), 2, "nothing was committed");
                assert!(!(0..ENTRIES).any(|number| is_for_both(&bench, number)));
            }
            assert_eq!(bench.git(&["status", "--porcelain"]), "", "at {at}");
        }
    }
}

//! An edit of a folder's recipients, worked out and refused or shown before it is made (`make.rs`). Lines that are not meant
//! stay as they are.

use std::path::PathBuf;

use super::{own, standing};
use crate::model::{EntryPath, GpgIdFile, Problem, ProblemKind, Recipient, text};
use crate::ops::change;
use crate::system::System;
use crate::system::cipher::Identity;
use crate::system::keyring::RecipientStanding;
use crate::system::store::{StoreError, not_in_store};

/// What is to become of a folder's recipients.
#[derive(Clone, Debug)]
pub enum Edit {
    Add(Vec<Recipient>),
    Remove(Vec<Recipient>),
    /// These and no others.
    Set(Vec<Recipient>),
}

/// An edit worked out and not yet made.
#[derive(Debug)]
pub struct Proposal {
    /// As it was asked for.
    pub folder: EntryPath,
    /// The file that will be written.
    pub file: PathBuf,
    /// The folder has none of its own yet: it starts with those that govern it now.
    pub new_file: bool,
    pub added: Vec<(Recipient, Identity)>,
    pub removed: Vec<Recipient>,
    pub after: Vec<Recipient>,
    pub(super) store: usize,
    pub(super) inner: EntryPath,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Vec<u8>,
}

impl Proposal {
    /// True when everything is as asked for already.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Works an edit out. Refuses keys that cannot be written to, names that several keys have, and with `lock_out` false
/// what would leave no recipient whose secret key is here.
pub fn propose(system: &System, folder: &EntryPath, edit: &Edit, lock_out: bool) -> Result<Proposal, Problem> {
    if !system.options.forced_recipients.is_empty() {
        return Err(Problem::failed("PASSWORD_STORE_KEY says who may read, whatever .gpg-id names")
            .hint("change it, or let .gpg-id count: unset PASSWORD_STORE_KEY"));
    }
    let (store, inner) = system.stores()?.locate(folder);
    if !store.exists() {
        return Err(StoreError::NoStore { root: store.root().to_owned() }.into());
    }
    if !store.has_folder(&inner) {
        return Err(not_in_store(folder));
    }
    let old = store.own_recipients(&inner)?;
    let before = match change::recipients(system, store, &inner) {
        Ok((before, _)) => before,
        // `set` makes the first file of a store, as `pass init` does.
        Err(_) if old.is_none() && matches!(edit, Edit::Set(_)) && store.governing_file(&inner).is_none() => Vec::new(),
        Err(problem) => return Err(problem),
    };
    let asked = Asked { system, folder, before: &before };
    let (added, removed) = match edit {
        Edit::Add(keys) => (asked.new_among(&asked.meant(keys)?)?, Vec::new()),
        Edit::Remove(keys) => (Vec::new(), asked.lines_of(keys)?),
        Edit::Set(keys) => {
            let wanted = asked.meant(keys)?;
            (asked.new_among(&wanted)?, asked.others_than(&wanted)?)
        }
    };
    let base = match &old {
        Some(old) => old.clone(),
        None => GpgIdFile::edited(b"", |_| false, &before),
    };
    let names: Vec<Recipient> = added.iter().map(|(recipient, _)| recipient.clone()).collect();
    let new = GpgIdFile::edited(&base, |recipient| removed.contains(recipient), &names);
    let after = GpgIdFile::parse(&new).map_err(|_| {
        Problem::usage(format!("nobody would be left who may read {}", named(folder)))
            .hint("name those who may with regpass recipients set")
    })?;
    if !lock_out && !asked.can_still_read(&after.recipients)? {
        return Err(shut_out(folder, edit));
    }
    let file = store.recipients_file(&inner);
    let (store, new_file) = (store.index(), old.is_none());
    let folder = folder.clone();
    Ok(Proposal { folder, file, new_file, added, removed, after: after.recipients, store, inner, old, new })
}

/// The edit of one folder's recipients, as far as looking goes.
struct Asked<'a> {
    system: &'a System,
    folder: &'a EntryPath,
    before: &'a [Recipient],
}

impl Asked<'_> {
    fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, Problem> {
        Ok(self.system.cipher()?.identities(recipient)?)
    }

    /// The one certificate that each text means, which must be fit to be written to; and how it is to be named.
    fn meant(&self, keys: &[Recipient]) -> Result<Vec<(Recipient, Identity)>, Problem> {
        keys.iter().map(|key| self.one_meant(key)).collect()
    }

    fn one_meant(&self, key: &Recipient) -> Result<(Recipient, Identity), Problem> {
        let cipher = self.system.cipher()?;
        let found = self.identities(key)?;
        let named = |identity: &Identity| match key.is_exact() {
            true => Some(key.clone()),
            false => Recipient::new(&identity.fingerprint),
        };
        let (mut fit, mut untrusted, mut unfit) = (Vec::new(), None, None);
        for identity in found {
            let Some(name) = named(&identity) else { continue };
            match cipher.audience(std::slice::from_ref(&name)) {
                Ok(_) => fit.push((name, identity)),
                Err(error) if standing(&error) == Some(RecipientStanding::Untrusted) => {
                    untrusted = Some(error);
                    fit.push((name, identity));
                }
                // gpg takes what cannot be used for not being there.
                Err(error) => unfit = unfit.or(Some(error)),
            }
        }
        match (fit.len(), untrusted, unfit) {
            (1, None, _) => Ok(fit.remove(0)),
            (1, Some(error), _) | (0, _, Some(error)) => Err(error.into()),
            (0, ..) => Err(match cipher.audience(std::slice::from_ref(key)) {
                Err(error) => error.into(),
                Ok(_) => Problem::failed(format!("{} stands for no single key", text::quoted(key.as_str())))
                    .hint("name the key by its fingerprint: gpg --list-keys"),
            }),
            _ => Err(several(key, fit.iter().map(|(_, identity)| identity))),
        }
    }

    /// Those that are no recipients yet.
    fn new_among(&self, wanted: &[(Recipient, Identity)]) -> Result<Vec<(Recipient, Identity)>, Problem> {
        let mut new: Vec<(Recipient, Identity)> = Vec::new();
        for (name, identity) in wanted {
            let known = self.before.iter().map(|line| self.is_line_of(line, identity));
            let known = known.collect::<Result<Vec<bool>, Problem>>()?.contains(&true);
            if !known && !new.iter().any(|(_, other)| other.fingerprint == identity.fingerprint) {
                new.push((name.clone(), identity.clone()));
            }
        }
        Ok(new)
    }

    /// The lines that stand for none of these.
    fn others_than(&self, wanted: &[(Recipient, Identity)]) -> Result<Vec<Recipient>, Problem> {
        let mut others = Vec::new();
        for line in self.before {
            let kept = wanted.iter().map(|(_, identity)| self.is_line_of(line, identity));
            if !kept.collect::<Result<Vec<bool>, Problem>>()?.contains(&true) {
                others.push(line.clone());
            }
        }
        Ok(others)
    }

    fn is_line_of(&self, line: &Recipient, identity: &Identity) -> Result<bool, Problem> {
        let meant = self.identities(line)?;
        Ok(meant.len() == 1 && meant[0].fingerprint == identity.fingerprint)
    }

    /// The lines that are named, by their own text or by another name of the same key. A key need not be here for that.
    fn lines_of(&self, keys: &[Recipient]) -> Result<Vec<Recipient>, Problem> {
        let mut lines = Vec::new();
        for key in keys {
            let mut meant: Vec<&Recipient> = self.before.iter().filter(|line| is_same_text(line, key)).collect();
            if meant.is_empty() {
                let identities = self.identities(key)?;
                for line in self.before {
                    let known = identities.iter().map(|identity| self.is_line_of(line, identity));
                    if known.collect::<Result<Vec<bool>, Problem>>()?.contains(&true) {
                        meant.push(line);
                    }
                }
                if identities.len() > 1 && meant.len() > 1 {
                    return Err(several(key, identities.iter()));
                }
            }
            if meant.is_empty() {
                let name = text::quoted(key.as_str());
                return Err(Problem::not_found(format!("{name} is no recipient of {}", named(self.folder)))
                    .hint("see who is: regpass recipients"));
            }
            lines.extend(meant.into_iter().cloned());
        }
        Ok(lines)
    }

    /// False when entries can be read here now, as far as anybody can say, and could not be any more.
    fn can_still_read(&self, after: &[Recipient]) -> Result<bool, Problem> {
        let own = |recipients: &[Recipient]| -> Result<Vec<Option<bool>>, Problem> {
            recipients.iter().map(|recipient| Ok(own(&self.identities(recipient)?))).collect()
        };
        let (now, then) = (own(self.before)?, own(after)?);
        Ok(then.contains(&Some(true)) || !self.before.is_empty() && now.iter().all(|own| *own == Some(false)))
    }
}

/// The same text, or one key id that is the end of the other.
fn is_same_text(line: &Recipient, key: &Recipient) -> bool {
    match (line.hex(), key.hex()) {
        (Some(line), Some(key)) => line.ends_with(&key) || key.ends_with(&line),
        _ => line == key,
    }
}

fn named(folder: &EntryPath) -> String {
    if folder.is_root() { "the store".to_owned() } else { text::quoted(folder.as_bytes()) }
}

fn several<'i>(key: &Recipient, identities: impl Iterator<Item = &'i Identity>) -> Problem {
    let mut problem = Problem::failed(format!("{} means more than one key", text::quoted(key.as_str())));
    for identity in identities {
        let name = identity.name.as_deref().unwrap_or("without a name");
        problem.causes.push(format!("{}  {name}", identity.fingerprint));
    }
    problem.hint("name the one that is meant by its fingerprint")
}

fn shut_out(folder: &EntryPath, edit: &Edit) -> Problem {
    let verb = match edit {
        Edit::Add(_) => "add",
        Edit::Remove(_) => "remove",
        Edit::Set(_) => "set",
    };
    let folder = named(folder);
    Problem::new(ProblemKind::Failed, format!("you could not read {folder} any more"))
        .because("none of the recipients that would be left is known to be a key of yours")
        .hint("add your own key first with regpass recipients add")
        .option(format!("if that is what you want: regpass recipients {verb} --force"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::change::Written;
    use crate::ops::double::{Bench, path};
    use crate::ops::recipients::apply;

    fn keys(names: &[&str]) -> Vec<Recipient> {
        names.iter().filter_map(|name| Recipient::new(name)).collect()
    }

    fn gpg_id(bench: &Bench, folder: &str) -> String {
        std::fs::read_to_string(bench.root().join(folder).join(".gpg-id")).expect("recipients")
    }

    fn proposed(bench: &Bench, folder: &EntryPath, edit: Edit) -> Result<Proposal, Problem> {
        propose(&bench.system, folder, &edit, false)
    }

    fn edited(bench: &Bench, folder: &EntryPath, edit: Edit) -> Written {
        apply(&bench.system, &proposed(bench, folder, edit).expect("a proposal")).expect("made")
    }

    #[test]
    fn added_and_removed_lines_leave_the_others_as_they_are() {
        let bench = Bench::new();
        bench.put(".gpg-id", "# team\nalice # me");
        let root = EntryPath::root();
        assert!(edited(&bench, &root, Edit::Add(keys(&["bob", "BOB"]))).changed);
        assert_eq!(gpg_id(&bench, ""), "# team\nalice # me\nBOB\n");
        assert!(!edited(&bench, &root, Edit::Add(keys(&["bob", "alice"]))).changed);
        assert!(edited(&bench, &root, Edit::Remove(keys(&["bob"]))).changed);
        assert_eq!(gpg_id(&bench, ""), "# team\nalice # me\n");
        let absent = proposed(&bench, &root, Edit::Remove(keys(&["carol"]))).expect_err("no recipient");
        assert_eq!(absent.kind, ProblemKind::NotFound);
        edited(&bench, &root, Edit::Set(keys(&["carol", "alice"])));
        assert_eq!(gpg_id(&bench, ""), "# team\nalice # me\nCAROL\n");
    }

    #[test]
    fn a_folder_without_a_file_starts_with_those_that_govern_it() {
        let bench = Bench::new();
        bench.put("team/x.gpg", "for alice\nx");
        let proposal = proposed(&bench, &path("team"), Edit::Add(keys(&["bob"]))).expect("a proposal");
        assert!(proposal.new_file && !bench.root().join("team/.gpg-id").exists());
        apply(&bench.system, &proposal).expect("made");
        assert_eq!((gpg_id(&bench, "team"), gpg_id(&bench, "")), ("alice\nBOB\n".into(), "alice\n".into()));
        assert_eq!(
            proposed(&bench, &path("none"), Edit::Add(keys(&["bob"]))).expect_err("absent").kind,
            ProblemKind::NotFound
        );
    }

    #[test]
    fn nobody_shuts_themselves_out_by_accident() {
        let bench = Bench::new();
        bench.put(".gpg-id", "alice\nbob\n");
        let root = EntryPath::root();
        for edit in [Edit::Remove(keys(&["alice"])), Edit::Set(keys(&["carol"]))] {
            let problem = proposed(&bench, &root, edit.clone()).expect_err("shut out");
            assert!(problem.message.contains("could not read"), "{problem}");
            assert!(propose(&bench.system, &root, &edit, true).is_ok());
        }
        let none = propose(&bench.system, &root, &Edit::Remove(keys(&["alice", "bob"])), true);
        assert_eq!(none.expect_err("nobody left").kind, ProblemKind::Usage);
        // Where nothing could be read before, nothing is lost.
        bench.put("theirs/.gpg-id", "bob\ncarol\n");
        assert!(proposed(&bench, &path("theirs"), Edit::Remove(keys(&["bob"]))).is_ok());
    }

    #[test]
    fn unknown_and_ambiguous_keys_are_refused() {
        let bench = Bench::new();
        let refused =
            |name: &str| proposed(&bench, &EntryPath::root(), Edit::Add(keys(&["bob", name]))).expect_err("refused");
        assert!(refused("missing").message.contains("missing"));
        let several = refused("several");
        assert_eq!(several.causes, ["ONE  one", "TWO  two"]);
        assert_eq!(gpg_id(&bench, ""), "alice\n");
    }

    #[test]
    fn what_somebody_changed_meanwhile_stays() {
        let bench = Bench::new();
        let proposal = proposed(&bench, &EntryPath::root(), Edit::Add(keys(&["bob"]))).expect("a proposal");
        bench.put(".gpg-id", "alice\ncarol\n");
        let problem = apply(&bench.system, &proposal).expect_err("changed");
        assert!(problem.message.contains("meanwhile"), "{problem}");
        assert_eq!(gpg_id(&bench, ""), "alice\ncarol\n");
    }
}

//! What taking a change back would do, for the question before it: what comes back, what goes, who can read it then. Looks
//! at what was kept; opens nothing and changes nothing.

use std::path::Path;

use super::{Side, Was, named, sides, steps};
use crate::model::{EntryPath, Problem, text};
use crate::system::System;
use crate::system::store::{Content, ContentKind, layout};
use crate::system::undo_log::{After, Before};

/// The most messages whose readers are looked up.
const LOOKED_AT_MAX: usize = 20;

/// Names are told as a person knows them, escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// There again.
    pub back: Vec<String>,
    /// As it was before.
    pub as_before: Vec<String>,
    pub gone: Vec<String>,
    /// Who can read what comes back.
    pub readers: Vec<String>,
    /// Some readers hide who they are.
    pub is_hidden: bool,
    /// A passphrase opens some of it too.
    pub by_passphrase: bool,
    /// Of how many that come back it is not known who can read them: nobody looked, or could.
    pub untold: usize,
}

impl Effect {
    /// In sentences.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        let mut say = |names: &[String], verbs: [&str; 2]| {
            if !names.is_empty() {
                words.push(format!("{} {}.", named(names.to_vec()), verbs[usize::from(names.len() > 1)]));
            }
        };
        say(&self.back, ["comes back", "come back"]);
        say(&self.as_before, ["becomes what it was", "become what they were"]);
        say(&self.gone, ["is removed", "are removed"]);
        words.extend(self.readable());
        words.join(" ")
    }

    /// Who can read what comes back, and of how much that is not known.
    fn readable(&self) -> Vec<String> {
        let by_name = (!self.readers.is_empty()).then(|| named(self.readers.clone()));
        let by_passphrase = self.by_passphrase.then(|| "whoever knows its passphrase".to_owned());
        let mut by: Vec<String> = by_name.into_iter().chain(by_passphrase).collect();
        let mut words = Vec::new();
        match (by.is_empty(), self.is_hidden) {
            (true, true) => words.push("Who can read it then is hidden.".to_owned()),
            (true, false) => {}
            (false, hidden) => {
                by.extend(hidden.then(|| "others that are hidden".to_owned()));
                words.push(format!("Readable then by {}.", by.join(" and ")));
            }
        }
        match (self.untold, words.is_empty()) {
            (0, _) => {}
            (_, true) => words.push("Who can read it then is not known.".to_owned()),
            (count, false) => words.push(format!("Who can read {count} of them is not known.")),
        }
        words
    }
}

/// None where nobody can tell, such as of a change of a file that is kept encrypted.
pub fn effect(system: &System, id: u64) -> Result<Option<Effect>, Problem> {
    let Some(chosen) = steps(system)?.steps.into_iter().find(|step| step.id == id) else { return Ok(None) };
    if super::file_step(system, &chosen).is_some() {
        return Ok(None);
    }
    let mut effect = Effect::default();
    let mut left = LOOKED_AT_MAX;
    for side in sides(system, &chosen)? {
        for (file, was) in &side.places {
            let name = told(&side, file);
            match (&was.place.before, &was.place.after) {
                (Before::Nothing, _) => effect.gone.push(name),
                (_, After::Nothing) => effect.back.push(name),
                _ => effect.as_before.push(name),
            }
            if matches!(was.place.before, Before::Nothing) || entry_of(file).is_none() {
                continue;
            }
            let is_told = left > 0 && effect.learn(system, was);
            left = left.saturating_sub(1);
            effect.untold += usize::from(!is_told);
        }
    }
    Ok(Some(effect))
}

impl Effect {
    /// False where its readers cannot be told.
    fn learn(&mut self, system: &System, was: &Was) -> bool {
        let (Some(message), Ok(cipher)) = (&was.bytes, system.cipher()) else { return false };
        let Ok(found) = cipher.addressees(message, &[]) else { return false };
        self.is_hidden |= found.hidden > 0;
        self.by_passphrase |= found.by_passphrase;
        for reader in found.others {
            let name = reader.name.map(|name| name.to_string()).or(reader.fingerprint).unwrap_or(reader.key);
            if !self.readers.contains(&name) {
                self.readers.push(name);
            }
        }
        true
    }
}

/// An entry as it is known, any other file by its path in the store.
fn told(side: &Side<'_>, file: &EntryPath) -> String {
    let within = |name: &EntryPath| side.store.mount.join(name.as_os_str()).unwrap_or_else(|_| name.clone());
    match entry_of(file) {
        Some(entry) => {
            let whole = within(&entry);
            let told = layout::told(&whole);
            if told == whole.display() { text::quoted(whole.as_bytes()) } else { told.into_owned() }
        }
        None => text::quoted_path(Path::new(within(file).as_os_str())),
    }
}

fn entry_of(file: &EntryPath) -> Option<EntryPath> {
    (Content { path: file.clone(), kind: ContentKind::Entry }).entry()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::{entries, undo};

    fn words(bench: &Bench) -> String {
        let last = undo::last(&bench.system).expect("steps").expect("a step");
        effect(&bench.system, last.id).expect("known").expect("told").words()
    }

    #[test]
    fn the_question_says_what_comes_back_what_goes_and_who_can_read_it() {
        let bench = Bench::new();
        entries::insert(&bench.system, &path("a"), secret("one"), false).expect("made");
        assert_eq!(words(&bench), "\"a\" is removed.");
        bench.put(".gpg-id", "alice\nbob\n");
        entries::insert(&bench.system, &path("a"), secret("two"), true).expect("replaced");
        assert_eq!(words(&bench), "\"a\" becomes what it was. Readable then by alice.");
        entries::remove(&bench.system, &path("a"), false).expect("removed");
        assert_eq!(words(&bench), "\"a\" comes back. Readable then by alice, bob.");
        let folder = "docker-credential-helpers/Z2hjci5pbw==";
        for number in 0..7 {
            bench.put(&format!("{folder}/u{number}.gpg"), "for alice\nx");
        }
        entries::remove(&bench.system, &path(folder), true).expect("removed");
        let told = words(&bench);
        assert!(told.starts_with("u0 at ghcr.io, u1 at ghcr.io") && told.contains("and 2 more come back"), "{told}");
    }

    #[test]
    fn who_nobody_could_look_up_is_not_left_out() {
        let bench = Bench::new();
        bench.put("a.gpg", "no message");
        entries::remove(&bench.system, &path("a"), false).expect("removed");
        assert_eq!(words(&bench), "\"a\" comes back. Who can read it then is not known.");
        bench.put("b.gpg", "for bob passphrase hidden\nx");
        entries::remove(&bench.system, &path("b"), false).expect("removed");
        let by = "bob and whoever knows its passphrase and others that are hidden";
        assert_eq!(words(&bench), format!("\"b\" comes back. Readable then by {by}."));
        for number in 0..LOOKED_AT_MAX + 3 {
            bench.put(&format!("many/{number}.gpg"), "for alice\nx");
        }
        bench.put("many/0.gpg", "no message");
        entries::remove(&bench.system, &path("many"), true).expect("removed");
        let told = words(&bench);
        assert!(told.ends_with("Readable then by alice. Who can read 4 of them is not known."), "{told}");
    }
}

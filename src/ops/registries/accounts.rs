//! Several accounts of one registry: which of them Docker gets, and under which user name one is kept.

use super::{Registries, RegistryLogin, list};
use crate::model::{EntryPath, Login, Problem, RegistryKey, text};
use crate::ops::change::{Change, Written};
use crate::system::System;
use crate::system::store::{LoginFile, Store, StoreError, layout};

/// What a switch came to.
#[derive(Debug)]
pub struct Switched {
    /// The spellings under which the account is kept, each of which it now answers.
    pub servers: Vec<RegistryKey>,
    /// Whom the official helper answers instead under one of them: it goes by file names, not by which is newest.
    pub official: Option<Login>,
}

/// Makes this user's login the one that the credential helper answers, under every spelling of the registry that has
/// it: its file becomes the newest. No text is written, so there is nothing to commit; other copies of the store have
/// a choice of their own.
pub fn activate(system: &System, server: &RegistryKey, login: &Login) -> Result<Switched, Problem> {
    let found = list(system)?;
    let chosen = of_user(&found, server, login)?;
    let store = system.stores()?.root();
    let mut change = Change::begin_unrecorded(system, store)?;
    for one in &chosen {
        make_active(&mut change, store, &one.server, &one.entry)?;
    }
    let told = |one: &RegistryLogin| chosen.iter().any(|chosen| chosen.server == one.server) && one.official;
    let official = found.logins.iter().find(|one| told(one) && one.login != *login).map(|one| one.login.clone());
    Ok(Switched { servers: chosen.into_iter().map(|one| one.server.clone()).collect(), official })
}

/// Keeps a user's login under another user name, at every spelling of the registry that has it. Which login answers
/// stays as it is.
pub fn rename(system: &System, server: &RegistryKey, from: &Login, to: &Login) -> Result<Written, Problem> {
    let found = list(system)?;
    let chosen = of_user(&found, server, from)?;
    if from == to {
        return Err(Problem::usage(format!("the login at {} is {} already", quoted(server), to.quoted())));
    }
    let store = system.stores()?.root();
    let mut change = Change::begin(system, store)?;
    let mut moves = Vec::new();
    for one in &chosen {
        let target = layout::login_entry(&one.server, to)?;
        if store.logins(&one.server)?.files.iter().any(|file| file.login == *to) {
            return Err(Problem::failed(format!("{} has a login at {} too", to.quoted(), quoted(&one.server)))
                .hint("remove one of the two first"));
        }
        moves.push((*one, target));
    }
    for (one, target) in &moves {
        let file = target.parent().join(format!("{}{}", layout::user_file(to.as_str())?, layout::SUFFIX));
        let file = file.map_err(StoreError::from)?;
        change.carry(&one.file, &file)?;
        change.remove(&one.entry)?;
        let active = found.logins.iter().find(|other| other.server == one.server && other.active);
        let active = active.map_or(target, |active| if active.entry == one.entry { target } else { &active.entry });
        make_active(&mut change, store, &one.server, active)?;
    }
    let names: Vec<_> = moves.iter().map(|(one, target)| (one.entry.display(), target.display())).collect();
    let subject = names.first().map(|(from, to)| format!("Rename {from} to {to}.")).unwrap_or_default();
    Ok(change.finish(&subject))
}

/// The newest file is the one that answers.
fn make_active(change: &mut Change<'_>, store: &Store, server: &RegistryKey, entry: &EntryPath) -> Result<(), Problem> {
    let others: Vec<LoginFile> = store.logins(server)?.files.into_iter().filter(|file| file.entry != *entry).collect();
    change.make_newest(entry, &others).map_err(Problem::from)
}

/// This user's logins in the root store: those under exactly this spelling, and under the others of the registry.
fn of_user<'a>(found: &'a Registries, server: &RegistryKey, login: &Login) -> Result<Vec<&'a RegistryLogin>, Problem> {
    let canonical = server.canonical();
    let here: Vec<&RegistryLogin> =
        found.logins.iter().filter(|one| one.canonical == canonical && one.mount.is_root()).collect();
    let chosen: Vec<&RegistryLogin> = here.iter().copied().filter(|one| one.login == *login).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let problem = Problem::not_found(format!("{} has no login at {}", login.quoted(), quoted(server)));
    let users: Vec<String> = here.iter().map(|one| one.login.quoted().to_string()).collect();
    Err(if users.is_empty() {
        problem.hint("which registries have one: regpass registries")
    } else {
        problem.because(format!("there is one of {}", users.join(", ")))
    })
}

fn quoted(server: &RegistryKey) -> String {
    text::quoted(server.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    fn folder(server: &str) -> String {
        layout::registry_folder(&RegistryKey::new(server)).expect("a folder").display().into_owned()
    }

    /// Logins of these users, the last one the newest.
    fn with_logins(bench: &Bench, server: &str, users: &[&str]) {
        for (index, user) in users.iter().enumerate() {
            let file = bench.put(&format!("{}/{user}.gpg", folder(server)), "for alice\npw");
            let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + index as u64);
            std::fs::File::open(&file).and_then(|file| file.set_modified(then)).expect("an age");
        }
    }

    fn active(bench: &Bench, server: &str) -> Vec<String> {
        let found = list(&bench.system).expect("listed").logins;
        let here = found.iter().filter(|one| one.active && one.server == RegistryKey::new(server));
        here.map(|one| one.login.as_str().to_owned()).collect()
    }

    #[test]
    fn a_switch_makes_one_answer_under_every_spelling_and_says_whom_the_official_helper_takes() {
        let bench = Bench::with_git();
        with_logins(&bench, "h.test", &["bob", "amy", "zoe"]);
        with_logins(&bench, "https://h.test", &["bob", "carl"]);
        with_logins(&bench, "http://h.test", &["carl"]);
        bench.git(&["add", "-A"]);
        bench.git(&["commit", "-q", "-m", "logins"]);
        let head = bench.git(&["rev-parse", "HEAD"]);
        assert_eq!(active(&bench, "h.test"), ["zoe"]);
        let bob = Login::new("bob");
        let done = activate(&bench.system, &RegistryKey::new("H.test/v2/"), &bob).expect("switched");
        assert_eq!(done.servers, ["h.test", "https://h.test"].map(RegistryKey::new));
        assert_eq!(done.official, Some(Login::new("amy")));
        for server in ["h.test", "https://h.test"] {
            assert_eq!(active(&bench, server), ["bob"], "{server}");
        }
        assert_eq!(active(&bench, "http://h.test"), ["carl"]);
        let amy = activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("amy")).expect("switched");
        assert_eq!((amy.official, active(&bench, "h.test")), (None, vec!["amy".to_owned()]));
        assert_eq!(bench.git(&["rev-parse", "HEAD"]), head, "no text has changed");
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        let none = activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("eve")).expect_err("not there");
        assert!(none.exit_code() == 3 && none.one_line().contains("\"bob\""), "{none:?}");
    }

    #[test]
    fn a_rename_keeps_who_answers_and_takes_no_other_s_place() {
        let bench = Bench::with_git();
        with_logins(&bench, "h.test", &["bob", "amy"]);
        let (key, bob) = (RegistryKey::new("h.test"), Login::new("bob"));
        rename(&bench.system, &key, &bob, &Login::new("team/ci")).expect("renamed");
        assert_eq!(active(&bench, "h.test"), ["amy"]);
        rename(&bench.system, &key, &Login::new("amy"), &Login::new("zed")).expect("renamed");
        assert_eq!(active(&bench, "h.test"), ["zed"]);
        let folder = folder("h.test");
        let tree: Vec<String> = bench.tree().into_iter().filter(|path| path.ends_with(".gpg")).collect();
        assert_eq!(tree, [format!("{folder}/team%2Fci.gpg"), format!("{folder}/zed.gpg")]);
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        let taken = rename(&bench.system, &key, &Login::new("zed"), &Login::new("team/ci")).expect_err("refused");
        assert!(taken.message.contains("\"team/ci\" has a login"), "{taken:?}");
        for wrong in ["..", "", "../../x"] {
            rename(&bench.system, &key, &Login::new("zed"), &Login::new(wrong)).expect_err("refused");
        }
        assert_eq!(active(&bench, "h.test"), ["zed"]);
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(active(&bench, "h.test"), ["amy"]);
    }
}

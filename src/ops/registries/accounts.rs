//! Several accounts of one registry: which of them Docker gets, and under which user name one is kept.

use std::collections::BTreeSet;

use super::{Asked, Registries, RegistryLogin, fold, list};
use crate::model::{EntryPath, Login, Problem, RegistryKey, misplaced, text};
use crate::ops::answering;
use crate::ops::change::{Change, Written};
use crate::system::System;
use crate::system::store::{LoginFile, Store, StoreError, layout};

/// What a switch came to.
#[derive(Debug, Default)]
pub struct Switched {
    pub written: Written,
    /// The spellings under which the account is kept, each of which it now answers.
    pub servers: Vec<RegistryKey>,
    /// Whom the official helper answers instead under one of them: it goes by file names.
    pub official: Option<Login>,
    /// Whom Docker asks about the registry; None: not known, as where it has no configuration and looks for helpers itself.
    pub asked: Option<Asked>,
}

/// A login's file that goes to another name: its entry before, and after.
type Move = (EntryPath, EntryPath);

/// Makes this user's login the one that the credential helper answers, under every spelling of the registry that has
/// it: its file becomes the newest. For the official helper, which answers the first name in a registry's folder, those
/// before it go aside, into a folder that comes last.
pub fn activate(system: &System, server: &RegistryKey, login: &Login) -> Result<Switched, Problem> {
    let found = list(system)?;
    let chosen = of_user(&found, server, login)?;
    let store = system.stores()?.root();
    let servers: BTreeSet<RegistryKey> = chosen.into_iter().map(|one| one.server.clone()).collect();
    let moves: Vec<Vec<Move>> = servers.iter().map(|server| moves(store, server, login)).collect::<Result<_, _>>()?;
    let mut change = if moves.iter().all(Vec::is_empty) {
        Change::begin_unrecorded(system, store)?
    } else {
        Change::begin(system, store)?
    };
    for (from, to) in moves.iter().flatten() {
        carry(&mut change, store, from, to)?;
    }
    for server in &servers {
        let own = store.logins(server)?.files.into_iter().filter(|file| file.login == *login);
        if let Some(own) = own.min_by_key(|file| layout::is_aside(&file.entry)) {
            make_active(&mut change, store, server, &own.entry)?;
        }
    }
    let written = if moves.iter().all(Vec::is_empty) {
        Written::default()
    } else {
        change.finish(&format!("Use {} at {}.", login.quoted(), super::shown_name(&server.canonical())))
    };
    let told = |one: &RegistryLogin| one.official && servers.contains(&one.server) && one.login != *login;
    let now = list(system)?;
    let asked =
        now.docker.as_ref().filter(|docker| docker.exists).map(|docker| fold::asked(docker, &fold::name_of(server)));
    let official = now.logins.into_iter().find(told).map(|one| one.login);
    Ok(Switched { written, servers: servers.into_iter().collect(), official, asked })
}

/// What has to go where so that this user's file is the first one of the registry's folder.
fn moves(store: &Store, server: &RegistryKey, login: &Login) -> Result<Vec<Move>, Problem> {
    let files = store.logins(server)?.files;
    let place = layout::login_entry(server, login)?;
    let mut moves: Vec<Move> = Vec::new();
    let own = files.iter().find(|file| file.login == *login && !layout::is_aside(&file.entry));
    let own_entry = own.map_or(&place, |own| &own.entry);
    if own.is_none() {
        let aside = files.iter().filter(|file| file.login == *login);
        moves.extend(aside.map(|file| (file.entry.clone(), place.clone())));
    }
    // Behind a name that comes after the folder for them nothing can go.
    let first = answering::place(own_entry);
    if first.as_slice() > layout::ASIDE.as_bytes() {
        return Ok(moves);
    }
    for other in files.iter().filter(|file| file.login != *login && !layout::is_aside(&file.entry)) {
        if answering::place(&other.entry) < first {
            moves.push((other.entry.clone(), layout::entry_aside(server, &other.login)?));
        }
    }
    Ok(moves)
}

fn carry(change: &mut Change<'_>, store: &Store, from: &EntryPath, to: &EntryPath) -> Result<(), Problem> {
    // One that went away meanwhile has nothing to move.
    let Some(there) = store.entry_file(from)? else { return Ok(()) };
    let mut name = to.name().to_owned();
    name.push(layout::SUFFIX);
    let file = to.parent().join(&name).map_err(StoreError::from)?;
    change.carry(&there.file, &file)?;
    change.remove(from)?;
    Ok(())
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
    let behind = layout::user_file(to.as_str())?.as_str() > layout::ASIDE;
    for one in &chosen {
        let aside = layout::is_aside(&one.entry);
        let target = if aside { layout::entry_aside(&one.server, to)? } else { layout::login_entry(&one.server, to)? };
        if store.logins(&one.server)?.files.iter().any(|file| file.login == *to) {
            return Err(Problem::failed(format!("{} has a login at {} too", to.quoted(), quoted(&one.server)))
                .hint("remove one of the two first"));
        }
        if behind && !aside && store.logins(&one.server)?.files.iter().any(|file| layout::is_aside(&file.entry)) {
            return Err(Problem::failed(format!(
                "the official helper would take {} for a folder's: accounts kept aside at {} would come first",
                to.quoted(),
                quoted(&one.server)
            ))
            .hint("use the other accounts first, which brings them back, or choose another name"));
        }
        moves.push((*one, target));
    }
    for (one, target) in &moves {
        carry(&mut change, store, &one.entry, target)?;
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
    text::quoted(misplaced::server(server.as_bytes()))
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
    fn a_switch_makes_one_answer_under_every_spelling_and_the_official_helper_takes_it_too() {
        let bench = Bench::with_git();
        with_logins(&bench, "h.test", &["bob", "amy", "zoe"]);
        with_logins(&bench, "https://h.test", &["bob", "carl"]);
        with_logins(&bench, "http://h.test", &["carl"]);
        bench.git(&["add", "-A"]);
        bench.git(&["commit", "-q", "-m", "logins"]);
        let entries = || bench.tree().into_iter().filter(|path| !path.starts_with(".git/")).collect::<Vec<_>>();
        let before = entries();
        assert_eq!(active(&bench, "h.test"), ["zoe"]);
        let bob = Login::new("bob");
        let done = activate(&bench.system, &RegistryKey::new("H.test/v2/"), &bob).expect("switched");
        assert_eq!(done.servers, ["h.test", "https://h.test"].map(RegistryKey::new));
        assert_eq!((done.official, done.asked), (None, None));
        for server in ["h.test", "https://h.test"] {
            assert_eq!(active(&bench, server), ["bob"], "{server}");
        }
        assert_eq!(active(&bench, "http://h.test"), ["carl"]);
        // Of those before it only, and in one commit that can be taken back.
        let folder = folder("h.test");
        let tree = bench.tree();
        for there in ["~/amy.gpg", "bob.gpg", "zoe.gpg"] {
            assert!(tree.contains(&format!("{folder}/{there}")), "{there}: {tree:?}");
        }
        assert_eq!(bench.git(&["log", "-1", "--format=%s"]).trim_end(), "Use \"bob\" at h.test.");
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        // One that is aside does not answer, however new its file is.
        std::fs::File::open(bench.root().join(&folder).join("~/amy.gpg"))
            .and_then(|file| file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(900)))
            .expect("an age");
        assert_eq!(active(&bench, "h.test"), ["bob"]);
        let amy = activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("amy")).expect("switched");
        assert_eq!((amy.official, active(&bench, "h.test")), (None, vec!["amy".to_owned()]));
        assert_eq!(entries(), before, "nothing is left aside");
        // Nothing has to move: nothing is committed.
        let head = bench.git(&["rev-parse", "HEAD"]);
        activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("amy")).expect("switched");
        assert_eq!(bench.git(&["rev-parse", "HEAD"]), head);
        let none = activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("eve")).expect_err("not there");
        assert!(none.exit_code() == 3 && none.one_line().contains("\"bob\""), "{none:?}");
    }

    #[test]
    fn what_is_aside_is_renamed_there_replaced_and_erased_with_the_rest() {
        let bench = Bench::with_git();
        with_logins(&bench, "h.test", &["amy", "team%2Fci", "zoe"]);
        let (key, zoe) = (RegistryKey::new("h.test"), Login::new("zoe"));
        bench.put(&format!("{}/deep/er.gpg", folder("h.test")), "for alice\npw");
        activate(&bench.system, &key, &zoe).expect("switched");
        let users = || {
            let found = list(&bench.system).expect("listed").logins;
            found.into_iter().map(|one| one.login.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(users(), ["amy", "deep/er", "team/ci", "zoe"]);
        rename(&bench.system, &key, &Login::new("amy"), &Login::new("ann")).expect("renamed");
        assert!(bench.tree().contains(&format!("{}/~/ann.gpg", folder("h.test"))), "{:?}", bench.tree());
        assert_eq!(active(&bench, "h.test"), ["zoe"]);
        activate(&bench.system, &key, &Login::new("team/ci")).expect("switched");
        assert_eq!(active(&bench, "h.test"), ["team/ci"]);
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(active(&bench, "h.test"), ["zoe"]);
        super::super::erase(&bench.system, &key).expect("erased");
        assert_eq!(users(), Vec::<String>::new());
    }

    #[test]
    fn a_name_behind_the_folder_for_the_others_is_told() {
        let bench = Bench::new();
        with_logins(&bench, "h.test", &["amy", "\u{e9}lise"]);
        let done = activate(&bench.system, &RegistryKey::new("h.test"), &Login::new("\u{e9}lise")).expect("switched");
        assert_eq!(done.official, Some(Login::new("amy")));
        assert_eq!(active(&bench, "h.test"), ["\u{e9}lise"]);
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

//! Logins of other helpers moved into the store, one by one: got, tried at their registry, stored where nothing is in the way,
//! read back. Only where that is wanted do they leave the other helper, and only after that. What stands in clear is `fix`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::choice::{self, READ_ONLY, shown};
use super::files;
use super::keeper::{Keeper, keeper};
use super::key_of;
use super::mark;
use super::verdict::{Verify, is_to_be_kept, refusal};
use crate::model::{Credential, Login, Problem, RegistryKey, misplaced, text};
use crate::ops::audit::Scope;
use crate::ops::credentials::CredentialStore;
use crate::ops::fix::{self, Applied, Fix, Kind};
use crate::ops::read_only;
use crate::ops::registries::name_of;
use crate::ops::shims::{self, PREFIX};
use crate::system::System;
use crate::system::docker::config;
use crate::system::docker::helper_program::HelperProgram;

/// Checks whose findings are logins in clear that can be moved.
const IN_CLEAR: [&str; 6] = ["INL01", "INL02", "INL03", "INL04", "INL05", "INL06"];

/// In place of a helper's name: the files in which logins stand in clear.
pub const INLINE: &str = "inline";

/// A login that another helper has.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// As it is kept there.
    pub server: RegistryKey,
    /// The name under which Docker will ask the store.
    pub key: RegistryKey,
    pub name: String,
    pub login: Login,
    /// Whose login of it the store has.
    pub standing: Option<Login>,
    program: HelperProgram,
}

impl Foreign {
    /// `docker-credential-…`, escaped.
    pub fn helper(&self) -> String {
        self.program.shown()
    }
}

/// What could be moved.
#[derive(Debug, Default)]
pub struct Migration {
    pub foreign: Vec<Foreign>,
    /// Logins in clear, in words.
    pub in_clear: Vec<String>,
    pub problems: Vec<Problem>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Stored,
    /// The store had the same already.
    Already,
}

/// Lists what other helpers on PATH have, and what stands in clear; only of these registries, where some are named. Gets no
/// secret.
pub fn migration(
    system: &System,
    scope: &Scope,
    from: Option<&str>,
    only: &[RegistryKey],
) -> Result<Migration, Problem> {
    let only: BTreeSet<String> = only.iter().map(name_of).collect();
    let is_wanted = |name: &String| only.is_empty() || only.contains(name);
    let mut found = Migration::default();
    for program in sources(system, from)? {
        match program.list(&system.env) {
            Ok(listed) => {
                for (server, login) in listed {
                    if is_wanted(&name_of(&server)) {
                        found.add(system, &program, server, login);
                    }
                }
            }
            Err(error) if from.is_some() => return Err(error.into()),
            Err(error) => found.problems.push(error.into()),
        }
    }
    if from.is_none_or(|from| from == INLINE) {
        found.in_clear = files::in_clear(system, scope)
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(_, words)| words)
            .collect();
    }
    Ok(found)
}

impl Migration {
    fn add(&mut self, system: &System, program: &HelperProgram, server: RegistryKey, login: Login) {
        let key = if server.is_hub_token() { Ok(server.clone()) } else { key_of(&server.to_text()) };
        match key {
            Ok(key) => {
                let standing = CredentialStore::new(system).answering(&key).ok().flatten();
                let (name, program) = (name_of(&key), program.clone());
                self.foreign.push(Foreign { server, key, name, login, standing, program });
            }
            Err(problem) => {
                let server = text::quoted(misplaced::server(server.as_bytes()));
                let told = format!("{} has a login for {server} that cannot be moved", program.shown());
                self.problems.push(Problem::failed(told).because(problem.one_line()));
            }
        }
    }
}

/// The helpers on PATH that keep logins elsewhere than in the store; or the one that is named.
fn sources(system: &System, from: Option<&str>) -> Result<Vec<HelperProgram>, Problem> {
    if let Some(from) = from.filter(|from| *from != INLINE) {
        if shims::is_ours(from) {
            return Err(Problem::usage("what the official helper keeps is in a pass store already")
                .hint("to look into another store, name it with --store: regpass registries"));
        }
        return match keeper(system, from) {
            Keeper::Program(program) => Ok(vec![program]),
            Keeper::Store => Err(Problem::usage(format!("{} is regpass", shown(from)))),
            Keeper::Missing(_) => Err(Problem::not_found(format!("{} is not on PATH", shown(from)))),
        };
    }
    if from.is_some() {
        return Ok(Vec::new());
    }
    let mut names = BTreeSet::new();
    for folder in system.env.path_dirs().into_iter().filter(|folder| folder.is_absolute()) {
        for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = item.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_prefix(PREFIX)).map(str::to_owned));
        }
    }
    let other = names.into_iter().filter(|name| !shims::is_ours(name) && !READ_ONLY.contains(&name.as_str()));
    let programs = other.filter_map(|name| match keeper(system, &name) {
        Keeper::Program(program) => Some(program),
        Keeper::Store | Keeper::Missing(_) => None,
    });
    Ok(programs.collect())
}

/// Where Docker asks others about registries whose logins are moved, and so will not find them in the store.
pub fn asked_elsewhere(system: &System, logins: &[Foreign]) -> Result<Vec<Problem>, Problem> {
    let mut others: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
    for one in logins {
        let asked = choice::asked_about(system, &one.key)?.filter(|helper| !helper.is_empty());
        if asked.as_deref().is_none_or(|helper| !shims::is_ours(helper)) {
            others.entry(asked).or_default().insert(text::quoted(&one.name));
        }
    }
    let told = others.into_iter().map(|(asked, names)| {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let file = text::quoted_path(&system.options.docker_config.join(config::FILE));
        match asked {
            Some(helper) => {
                Problem::failed(format!("Docker asks {}, and not the store, about {names}", shown(&helper)))
                    .hint(format!("to have it ask the store, change that name into pass in {file}"))
            }
            None => Problem::failed(format!("Docker asks no helper about {names}"))
                .hint("let it ask the store: regpass fix --apply CFG10"),
        }
    });
    Ok(told.collect())
}

/// Refuses before anything is asked for where nothing may be written.
pub fn check_writable(system: &System) -> Result<(), Problem> {
    read_only::check(system, &system.options.docker_config)
}

/// Moves one. It leaves the other helper only with `erase`, once it was read back from the store.
pub fn move_one(
    system: &System,
    one: &Foreign,
    verify: Option<Verify<'_>>,
    erase: bool,
) -> Result<(Moved, Vec<Problem>), Problem> {
    check_writable(system)?;
    // Another user's stays, whatever that one's password is.
    if let Some(there) = one.standing.as_ref().filter(|there| **there != one.login) {
        return Err(one.in_the_way(there));
    }
    let found = one.program.get(&system.env, &one.server)?;
    let found = found.ok_or_else(|| one.stays("it has none any more"))?;
    let mut warnings = Vec::new();
    let moved = if one.compared(system, &found)? {
        Moved::Already
    } else {
        if let Some(verify) = verify.filter(|_| !one.key.is_hub_token()) {
            let checked = verify(&one.key, &found);
            if !is_to_be_kept(&checked) {
                let word = text::shell_word(Path::new(&one.name));
                return Err(refusal(&checked, &format!("regpass migrate --apply --no-verify {word}")));
            }
        }
        let written = CredentialStore::recorded(system).add(&one.key, copy(&found))?;
        warnings.extend(written.into_iter().flat_map(|written| written.warnings));
        if !one.compared(system, &found)? {
            return Err(one.stays("it was stored, and nothing came back"));
        }
        warnings.extend(mark(system, one));
        Moved::Stored
    };
    if erase {
        one.program.erase(&system.env, &one.server)?;
        // A helper may lead to the same store.
        if !one.compared(system, &found)? {
            CredentialStore::new(system).store(&one.key, found)?;
            return Err(one.stays("that helper keeps its logins in this store"));
        }
        if one.program.get(&system.env, &one.server)?.is_some() {
            warnings.push(Problem::failed(format!("{} still answers for {}", one.helper(), text::quoted(&one.name))));
        }
    }
    Ok((moved, warnings))
}

impl Foreign {
    /// True where the store has the same, false where it has none. Err where it has another one.
    fn compared(&self, system: &System, found: &Credential) -> Result<bool, Problem> {
        match CredentialStore::new(system).get(&self.key)? {
            None => Ok(false),
            Some(there) if there.login != found.login => Err(self.in_the_way(&there.login)),
            Some(there) if there.secret.same_as(&found.secret) => Ok(true),
            Some(_) => Err(self.stays("the store has another password for it").hint(self.erase_hint())),
        }
    }

    fn in_the_way(&self, there: &Login) -> Problem {
        self.stays(&format!("the store has the login of {} there", there.quoted())).hint(self.erase_hint())
    }

    fn stays(&self, why: &str) -> Problem {
        let whose = format!("the login of {} at {}", self.login.quoted(), text::quoted(&self.name));
        Problem::failed(format!("{whose} stays in {}", self.helper())).because(why)
    }

    fn erase_hint(&self) -> String {
        let name = text::shell_word(Path::new(&self.name));
        format!("if the other one is meant, erase what the store has first: regpass registries erase {name}")
    }
}

/// As Docker marks what it asks this store for.
fn mark(system: &System, one: &Foreign) -> Option<Problem> {
    let target = choice::target(system, &one.name, None).ok()?;
    if one.key.is_hub_token() || !(target.keeper == Keeper::Store || shims::is_ours(target.keeper_word())) {
        return None;
    }
    mark::put(&target).err()
}

fn copy(found: &Credential) -> Credential {
    Credential::new(found.login.clone(), found.secret.part(0..found.secret.len()))
}

/// Moves what stands in clear, file by file, as `fix` does; what came of each. A file stays as it is where a registry does not
/// take one of its logins.
pub fn move_inline(
    system: &System,
    scope: &Scope,
    verify: Option<Verify<'_>>,
) -> Result<Vec<Result<Applied, Problem>>, Problem> {
    let plan = fix::plan(system, scope, &IN_CLEAR.map(str::to_owned))?;
    let done = plan.fixes.iter().map(|fix| {
        if fix.kind != Kind::Auto {
            let problem = Problem::failed(fix.title.clone()).hint("see what to do: regpass fix");
            return Err(fix.why.iter().fold(problem, Problem::because));
        }
        verify.map_or(Ok(()), |verify| all_taken(fix, verify))?;
        fix::apply(system, scope, fix)
    });
    Ok(done.collect())
}

fn all_taken(fix: &Fix, verify: Verify<'_>) -> Result<(), Problem> {
    for (key, credential) in fix.logins()?.into_iter().filter(|(key, _)| !key.is_hub_token()) {
        let checked = verify(&key, &credential);
        if !is_to_be_kept(&checked) {
            let problem = refusal(&checked, "regpass migrate --from inline --apply --no-verify");
            let whose = format!("the login of {} at {}", credential.login.quoted(), text::quoted(name_of(&key)));
            return Err(problem.because(format!("{whose} is one of those of: {}", fix.title)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, secret};
    use crate::system::registry::checked::Checked;
    use crate::system::registry::outcome::LoginOutcome;

    /// Keeps one login a file, by its server's name.
    const HELPER: &str = r#"#!/bin/sh
d=${0%/*}/kept; f=$(cat | tr / @)
case $1 in
list) cd "$d" || exit 1; s={; for f in *; do [ -e "$f" ] && printf '%s"%s":"bob"' "$s" "$(echo "$f" | tr @ /)" && s=,; done; [ "$s" = { ] && echo {} || echo };;
get) [ -e "$d/$f" ] && echo "{\"Username\":\"bob\",\"Secret\":\"$(cat "$d/$f")\"}" || { echo "credentials not found in native keychain"; exit 1; };;
erase) rm "$d/$f";;
esac
"#;

    fn bench(kept: &[(&str, &str)]) -> Bench {
        let bench = Bench::with_programs(&[
            ("docker-credential-odd", HELPER),
            ("docker-credential-ecr-login", "#!/bin/sh\nexit 9\n"),
        ]);
        let folder = bench.home().join("bin/kept");
        std::fs::create_dir(&folder).expect("a folder");
        for (server, password) in kept {
            std::fs::write(folder.join(server), password).expect("a login");
        }
        bench
    }

    fn scope(bench: &Bench) -> Scope {
        Scope { machine: bench.home().join("machine"), ..Scope::default() }
    }

    /// Of one helper: the machine may have others on its PATH.
    fn listed_from(bench: &Bench, from: &str, only: &[&str]) -> Migration {
        let only: Vec<RegistryKey> = only.iter().map(|name| RegistryKey::new(*name)).collect();
        migration(&bench.system, &scope(bench), Some(from), &only).expect("listed")
    }

    fn listed(bench: &Bench, only: &[&str]) -> Migration {
        listed_from(bench, "odd", only)
    }

    fn stored(bench: &Bench, server: &str) -> Option<(String, Vec<u8>)> {
        let found = CredentialStore::new(&bench.system).get(&RegistryKey::new(server)).expect("answered")?;
        Some((found.login.as_str().to_owned(), found.secret.expose().to_vec()))
    }

    fn left(bench: &Bench) -> usize {
        std::fs::read_dir(bench.home().join("bin/kept")).expect("listed").count()
    }

    #[test]
    fn each_is_stored_under_docker_s_name_and_leaves_only_when_told() {
        let bench = bench(&[("h.test", "1"), ("https:@@g.test@v1@", "2")]);
        let found = listed(&bench, &[]);
        let names: Vec<&str> = found.foreign.iter().map(|one| one.name.as_str()).collect();
        assert!(names == ["h.test", "g.test"] && found.problems.is_empty(), "{found:?}");
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let file = folder.join("config.json");
        for (text, helper, hint) in [
            (
                r#"{"credsStore":"odd"}"#,
                "docker-credential-odd, and not the store, about \"g.test\", \"h.test\"",
                "into pass",
            ),
            (r#"{"auths":{"o.test":{}}}"#, "Docker asks no helper about", "regpass fix --apply CFG10"),
        ] {
            std::fs::write(&file, text).expect("a config");
            let told = asked_elsewhere(&bench.system, &found.foreign).expect("told");
            assert!(told.len() == 1 && told[0].message.contains(helper) && told[0].hints[0].contains(hint), "{told:?}");
        }
        std::fs::write(&file, r#"{"credsStore":"pass"}"#).expect("a config");
        assert_eq!(asked_elsewhere(&bench.system, &found.foreign), Ok(Vec::new()));
        for (erase, moved, count) in [(false, Moved::Stored, 2), (true, Moved::Already, 1)] {
            let done = move_one(&bench.system, &found.foreign[1], None, erase).expect("moved");
            assert!(done.0 == moved && done.1.is_empty() && left(&bench) == count, "{done:?}");
            assert_eq!(stored(&bench, "g.test"), Some(("bob".to_owned(), b"2".to_vec())));
        }
        assert_eq!(
            std::fs::read_to_string(&file).expect("it"),
            "{\"auths\": {\n\t\t\"g.test\": {}\n\t},\"credsStore\":\"pass\"}"
        );
        assert_eq!(listed(&bench, &["HTTPS://h.test/"]).foreign.len(), 1);
        assert!(listed(&bench, &["none.test"]).foreign.is_empty());
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(stored(&bench, "g.test"), None);
    }

    #[test]
    fn nothing_is_stored_over_another_or_against_the_registry() {
        let bench = bench(&[("h.test", "1")]);
        let one = listed(&bench, &[]).foreign.remove(0);
        let refuses: Verify<'_> = &|_, _| Checked::before_the_network(LoginOutcome::BadCredentials, "no");
        assert!(move_one(&bench.system, &one, Some(refuses), true).is_err());
        assert_eq!((stored(&bench, "h.test"), left(&bench)), (None, 1));
        for (user, why) in [("amy", "the login of \"amy\""), ("bob", "another password")] {
            let store = CredentialStore::new(&bench.system);
            store.store(&one.key, Credential::new(Login::new(user), secret("x"))).expect("stored");
            let again = listed(&bench, &[]).foreign.remove(0);
            assert_eq!(again.standing, Some(Login::new(user)));
            for one in [&one, &again] {
                let problem = move_one(&bench.system, one, None, true).expect_err("in the way");
                assert!(problem.causes[0].contains(why), "{problem:?}");
            }
            assert_eq!((stored(&bench, "h.test"), left(&bench)), (Some((user.to_owned(), b"x".to_vec())), 1));
        }
    }

    #[test]
    fn a_helper_on_the_same_store_takes_nothing_away() {
        let bench = bench(&[("h.test", "1")]);
        let one = listed(&bench, &[]).foreign.remove(0);
        let folder = crate::system::store::layout::registry_folder(&one.key).expect("a folder");
        let there = bench.root().join(folder.as_os_str());
        let script = HELPER.replace("rm \"$d/$f\"", &format!("rm -r '{}'", there.display()));
        std::fs::write(bench.home().join("bin/docker-credential-odd"), script).expect("a helper");
        let problem = move_one(&bench.system, &one, None, true).expect_err("told");
        assert_eq!(problem.causes, ["that helper keeps its logins in this store"]);
        assert!(stored(&bench, "h.test").is_some());
    }

    #[test]
    fn a_file_in_clear_is_moved_once_its_registries_take_the_logins() {
        let bench = Bench::with_programs(&[("docker-credential-pass", "#!/bin/sh\nexit 1\n")]);
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let file = folder.join("config.json");
        let text = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}},"credsStore":"pass"}"#;
        std::fs::write(&file, text).expect("a config");
        let found = listed_from(&bench, INLINE, &[]);
        assert!(found.foreign.is_empty() && found.in_clear.len() == 1, "{found:?}");
        assert!(listed_from(&bench, INLINE, &["o.test"]).in_clear.is_empty());
        let moved = |outcome| {
            let verify = move |_: &RegistryKey, credential: &Credential| {
                assert_eq!(credential.secret.expose(), b"hunter2");
                Checked::before_the_network(outcome, "what it said")
            };
            move_inline(&bench.system, &scope(&bench), Some(&verify)).expect("planned").remove(0)
        };
        let problem = moved(LoginOutcome::BadCredentials).expect_err("refused");
        assert!(problem.message.contains("what it said") && !format!("{problem:?}").contains("hunter2"), "{problem:?}");
        assert_eq!((stored(&bench, "h.test"), std::fs::read_to_string(&file).expect("it")), (None, text.to_owned()));
        moved(LoginOutcome::OkProved).expect("moved");
        assert_eq!(stored(&bench, "h.test"), Some(("bob".to_owned(), b"hunter2".to_vec())));
        assert_eq!(std::fs::read_to_string(&file).expect("it"), r#"{"auths":{"h.test":{}},"credsStore":"pass"}"#);
    }

    #[test]
    fn only_helpers_that_keep_logins_are_asked() {
        let bench = bench(&[]);
        let names: Vec<String> = sources(&bench.system, None).expect("some").into_iter().map(|one| one.name).collect();
        assert!(names.contains(&"odd".to_owned()) && !names.contains(&"ecr-login".to_owned()), "{names:?}");
        let code =
            |from| sources(&bench.system, Some(from)).map_err(|problem| problem.exit_code()).map(|some| some.len());
        assert_eq!([code("pass"), code("nowhere"), code(INLINE), code("odd")], [Err(2), Err(3), Ok(0), Ok(1)]);
        std::fs::remove_dir(bench.home().join("bin/kept")).expect("nothing to list");
        assert!(migration(&bench.system, &scope(&bench), Some("odd"), &[]).is_err());
        assert!(migration(&bench.system, &scope(&bench), Some(INLINE), &[]).is_ok());
    }
}

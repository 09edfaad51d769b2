//! Logged in: the registry is asked first, then the login is kept where Docker looks for it, read back as Docker would and
//! compared, marked as Docker marks it; then the files are looked at in which a login could stand in clear.

use std::path::Path;

use super::choice::{Target, standing};
use super::files;
use super::keeper::Keeper;
use super::mark;
use super::verdict::{Verify, is_to_be_kept, refusal};
use crate::model::{Credential, Login, Problem, text};
use crate::ops::audit::Scope;
use crate::ops::credentials::CredentialStore;
use crate::ops::last_checks::{self, LastCheck};
use crate::system::System;
use crate::system::registry::checked::Checked;

/// What became of a login.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was stored: what the registry said, and that in words.
    Refused(Box<Checked>, Problem),
    Kept(Entered),
}

/// A login that is kept.
#[derive(Debug)]
pub struct Entered {
    pub login: Login,
    /// None: the registry was not asked.
    pub checked: Option<Box<Checked>>,
    /// Whose login answered before.
    pub replaced: Option<Login>,
    /// False when the same was there already.
    pub changed: bool,
    /// It was in the store: `undo` takes it back.
    pub is_undoable: bool,
    /// Docker's mark was written.
    pub marked: bool,
    /// Where a login of this registry stands in clear, in words.
    pub in_clear: Vec<String>,
    pub warnings: Vec<Problem>,
}

/// Asks, keeps, reads back. Without `verify` the registry is not asked.
pub fn login(
    system: &System,
    scope: &Scope,
    target: &Target,
    credential: Credential,
    verify: Option<Verify<'_>>,
) -> Result<Outcome, Problem> {
    let checked = verify.map(|verify| Box::new(verify(&target.key, &credential)));
    if let Some(checked) = checked.as_ref().filter(|checked| !is_to_be_kept(checked)) {
        let unasked = format!("regpass login --no-verify {}", text::shell_word(Path::new(&target.name)));
        return Ok(Outcome::Refused(checked.clone(), refusal(checked, &unasked)));
    }
    let replaced = standing(system, target).filter(|before| *before != credential.login);
    let (changed, mut warnings) = keep(system, target, &credential)?;
    read_back(system, target, &credential)?;
    let marked = mark::put(target).unwrap_or_else(|problem| {
        warnings.push(problem);
        false
    });
    let (held, untold) = files::of_registry(system, scope, &target.name);
    warnings.extend(untold.into_iter().map(Problem::failed));
    if let Some(checked) = &checked {
        warnings.extend(remember(system, target, &credential.login, checked).err());
    }
    Ok(Outcome::Kept(Entered {
        login: credential.login,
        checked,
        replaced,
        changed,
        is_undoable: target.keeper == Keeper::Store && changed,
        marked,
        in_clear: held.iter().flat_map(files::InFile::words).collect(),
        warnings,
    }))
}

/// What the registry said of the login that is kept now.
fn remember(system: &System, target: &Target, login: &Login, checked: &Checked) -> Result<(), Problem> {
    let source = match &target.keeper {
        Keeper::Store => "store".to_owned(),
        Keeper::Program(_) | Keeper::Missing(_) => last_checks::of_helper(target.keeper_word()),
    };
    let result = LastCheck::of(&target.name, Some(login), source, checked, system.env.now());
    last_checks::remember(system, result.into_iter().collect())
}

/// True when something was written.
fn keep(system: &System, target: &Target, credential: &Credential) -> Result<(bool, Vec<Problem>), Problem> {
    match &target.keeper {
        Keeper::Store => {
            let secret = credential.secret.part(0..credential.secret.len());
            let copy = Credential::new(credential.login.clone(), secret);
            let written = CredentialStore::recorded(system).store(&target.key, copy)?;
            Ok((written.changed, written.warnings))
        }
        Keeper::Program(program) => {
            program.store(&system.env, &target.key, credential).map_err(|error| elsewhere(error.into(), target))?;
            Ok((true, Vec::new()))
        }
        Keeper::Missing(_) => Err(missing(target)),
    }
}

/// A helper that makes its logins itself says so only when it is to keep one.
fn elsewhere(problem: Problem, target: &Target) -> Problem {
    let name = text::shell_word(Path::new(&target.name));
    problem.hint(format!("if it keeps no logins, keep this one in the store: regpass login --to pass {name}"))
}

fn missing(target: &Target) -> Problem {
    Problem::failed(format!("{} is not there any more", target.keeper()))
}

/// What is kept there, as Docker would get it; None where nothing is.
pub fn found(system: &System, target: &Target) -> Result<Option<Credential>, Problem> {
    match &target.keeper {
        Keeper::Store => CredentialStore::new(system).get(&target.key),
        Keeper::Program(program) => program.get(&system.env, &target.key).map_err(Problem::from),
        Keeper::Missing(_) => Err(missing(target)),
    }
}

fn read_back(system: &System, target: &Target, credential: &Credential) -> Result<(), Problem> {
    let unproved = |why: String| {
        let name = text::quoted(&target.name);
        Problem::failed(format!("the login of {name} was stored, and that it can be read back is not proved"))
            .because(why)
    };
    match found(system, target) {
        Ok(Some(found)) if found.login == credential.login && found.secret.same_as(&credential.secret) => Ok(()),
        Ok(Some(found)) if found.login == credential.login => Err(unproved("another secret came back".to_owned())),
        Ok(Some(found)) => Err(unproved(format!("the login of {} came back", found.login.quoted()))),
        Ok(None) => Err(unproved("nothing came back".to_owned())),
        Err(problem) => Err(problem.hints.iter().cloned().fold(unproved(problem.one_line()), Problem::hint)),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::model::{IDENTITY_TOKEN_USER, RegistryKey};
    use crate::ops::double::{Bench, secret};
    use crate::ops::login::target;
    use crate::system::registry::outcome::LoginOutcome;

    const NONE: Option<Verify<'_>> = None;

    /// Keeps one login in a file beside it; spoils or loses it where it is told to by another.
    const HELPER: &str = r#"#!/bin/sh
d=${0%/*}; cat > "$d/in"
case $1 in
store) cp "$d/in" "$d/kept"; [ -e "$d/spoil" ] && sed -i s/pw/other/ "$d/kept"; [ -e "$d/lose" ] && rm "$d/kept"; true;;
get) [ -e "$d/kept" ] && cat "$d/kept" || { echo "credentials not found in native keychain"; exit 1; };;
list) echo '{"h.test":"old"}';;
esac
"#;

    fn config(bench: &Bench, text: &str) -> std::path::PathBuf {
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let file = folder.join("config.json");
        std::fs::write(&file, text).expect("a config");
        file
    }

    fn scope(bench: &Bench) -> Scope {
        Scope { machine: bench.home().join("machine"), ..Scope::default() }
    }

    fn bob(password: &str) -> Credential {
        Credential::new(Login::new("bob"), secret(password))
    }

    fn enter(
        bench: &Bench,
        to: Option<&str>,
        credential: Credential,
        verify: Option<Verify<'_>>,
    ) -> Result<Outcome, Problem> {
        let target = target(&bench.system, "h.test", to)?;
        login(&bench.system, &scope(bench), &target, credential, verify)
    }

    fn kept(outcome: Result<Outcome, Problem>) -> Entered {
        match outcome {
            Ok(Outcome::Kept(entered)) => entered,
            other => panic!("{other:?}"),
        }
    }

    fn stored(bench: &Bench) -> Option<(String, Vec<u8>)> {
        let found = CredentialStore::new(&bench.system).get(&RegistryKey::new("h.test")).expect("answered")?;
        Some((found.login.as_str().to_owned(), found.secret.expose().to_vec()))
    }

    fn says(outcome: LoginOutcome) -> Checked {
        Checked::before_the_network(outcome, "what it said")
    }

    #[test]
    fn what_the_registry_refuses_is_not_stored_and_what_it_takes_is() {
        let bench = Bench::new();
        let file = config(&bench, r#"{"credsStore":"pass"}"#);
        for (outcome, exit) in
            [(LoginOutcome::BadCredentials, 10), (LoginOutcome::DnsFailure, 11), (LoginOutcome::CalledOff, 130)]
        {
            let asked = Cell::new(0);
            let verify = |key: &RegistryKey, credential: &Credential| {
                assert_eq!((key.as_bytes(), credential.login.as_str()), (&b"h.test"[..], "bob"));
                asked.set(asked.get() + 1);
                says(outcome)
            };
            let Outcome::Refused(checked, problem) = enter(&bench, None, bob("pw"), Some(&verify)).expect("asked")
            else {
                panic!("{outcome:?} is kept");
            };
            assert_eq!((asked.get(), checked.outcome.class().exit), (1, exit));
            let names_a_way = problem.hints.iter().any(|hint| hint.ends_with("regpass login --no-verify h.test"));
            assert_eq!(names_a_way, outcome == LoginOutcome::DnsFailure, "{problem:?}");
            assert_eq!((stored(&bench), std::fs::read_to_string(&file).expect("it").len()), (None, 21));
            assert!(last_checks::read(&bench.system).0.is_empty(), "it says nothing of a login that is kept");
        }
        for outcome in [LoginOutcome::OkProved, LoginOutcome::OkUnproven, LoginOutcome::NoAuthRequired] {
            let done = kept(enter(&bench, None, bob("pw"), Some(&|_, _| says(outcome))));
            assert_eq!(done.checked.map(|checked| checked.outcome), Some(outcome));
            assert_eq!(stored(&bench), Some(("bob".to_owned(), b"pw".to_vec())));
            let (known, _) = last_checks::read(&bench.system);
            let told = known.of_registry("h.test").map(|one| (one.outcome, one.user.as_deref(), &*one.source));
            assert_eq!(told, Some((outcome, Some("bob"), "store")));
        }
    }

    #[test]
    fn it_is_marked_as_docker_does_and_an_old_one_comes_back() {
        let bench = Bench::new();
        let file = config(&bench, "{\n\t\"credsStore\": \"pass\"\n}");
        let first = kept(enter(&bench, None, Credential::new(Login::new("amy"), secret("1")), NONE));
        assert!(first.marked && first.changed && first.replaced.is_none() && first.is_undoable, "{first:?}");
        let marked = "{\n\t\"auths\": {\n\t\t\"h.test\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}";
        assert_eq!(std::fs::read_to_string(&file).expect("it"), marked);
        let second = kept(enter(&bench, None, bob("pw"), NONE));
        assert_eq!((second.replaced, second.marked), (Some(Login::new("amy")), false));
        assert!(!kept(enter(&bench, None, bob("pw"), NONE)).changed);
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(stored(&bench), Some(("amy".to_owned(), b"1".to_vec())));
        let token = Credential::new(Login::new(IDENTITY_TOKEN_USER), secret("t"));
        assert!(kept(enter(&bench, None, token, NONE)).login.is_identity_token());
    }

    #[test]
    fn a_login_in_clear_is_told_and_a_broken_file_stops_it() {
        let bench = Bench::new();
        config(&bench, r#"{"credsStore":"pass","auths":{"https://h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#);
        let done = kept(enter(&bench, None, bob("pw"), NONE));
        assert!(done.in_clear[0].ends_with("holds a secret for \"https://h.test\" in clear"), "{done:?}");
        config(&bench, "{");
        assert!(enter(&bench, None, bob("pw"), NONE).is_err());
    }

    #[test]
    fn a_helper_that_keeps_none_leads_to_the_store() {
        let bench = Bench::with_programs(&[("docker-credential-odd", "#!/bin/sh\necho not implemented; exit 1\n")]);
        let problem = enter(&bench, Some("odd"), bob("pw"), NONE).expect_err("it keeps none");
        assert!(problem.message.ends_with("failed: not implemented"), "{problem:?}");
        assert!(problem.hints[0].ends_with("regpass login --to pass h.test"), "{problem:?}");
    }

    #[test]
    fn where_nobody_would_be_asked_it_is_refused_before_a_password_is() {
        let bench = Bench::new();
        let refused = |registry: &str, to: Option<&str>| target(&bench.system, registry, to).expect_err("refused");
        assert!(refused("h.test", None).message.ends_with("would keep the login in clear"));
        config(&bench, r#"{"credsStore":"ecr-login","credHelpers":{"g.test":"","n.test":"nowhere"}}"#);
        assert!(refused("h.test", None).message.contains("keeps none"));
        assert!(refused("g.test", None).message.ends_with("would keep the login in clear"));
        assert!(refused("n.test", None).message.contains("docker-credential-nowhere is not on PATH"));
        // The store all the same, where Docker does not look.
        let to = target(&bench.system, "h.test", Some("pass")).expect("a place");
        assert!(!to.is_docker_s && to.warnings[0].message.contains("it asks docker-credential-ecr-login"), "{to:?}");
        let done = kept(enter(&bench, Some("pass"), bob("pw"), NONE));
        assert!(!done.marked && stored(&bench).is_some(), "{done:?}");
    }

    #[test]
    fn docker_s_own_choice_is_written_down_as_docker_does() {
        let bench = Bench::with_programs(&[("pass", "#!/bin/sh\n"), ("docker-credential-pass", HELPER)]);
        let done = kept(enter(&bench, None, bob("pw"), NONE));
        let file = bench.system.options.docker_config.join("config.json");
        let text = std::fs::read_to_string(file).expect("it");
        assert_eq!(text, "{\n\t\"credsStore\": \"pass\",\n\t\"auths\": {\n\t\t\"h.test\": {}\n\t}\n}");
        assert!(done.marked && !done.is_undoable, "{done:?}");
        assert_eq!(stored(&bench), None, "the program that Docker starts keeps it");
    }

    #[test]
    fn another_helper_keeps_it_and_what_comes_back_is_compared() {
        let bench = Bench::with_programs(&[("docker-credential-odd", HELPER)]);
        config(&bench, r#"{"credHelpers":{"h.test":"odd"}}"#);
        let bin = bench.home().join("bin");
        let done = kept(enter(&bench, None, bob("pw"), NONE));
        assert_eq!((done.replaced, done.marked, done.is_undoable), (Some(Login::new("old")), true, false));
        assert_eq!(stored(&bench), None);
        let seen = std::fs::read_to_string(bin.join("kept")).expect("it");
        assert_eq!(seen, "{\"ServerURL\":\"h.test\",\"Username\":\"bob\",\"Secret\":\"pw\"}\n");
        for (fault, why) in [("spoil", "another secret came back"), ("lose", "nothing came back")] {
            std::fs::write(bin.join(fault), "").expect("a fault");
            let problem = enter(&bench, None, bob("pw"), NONE).expect_err("told");
            assert_eq!(problem.causes[0], why);
        }
    }
}

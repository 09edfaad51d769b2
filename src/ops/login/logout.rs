//! Logged out: every spelling of a registry, wherever a login of it is kept, and then asked again. What belongs to files in
//! which logins stand in clear is taken out where somebody agreed; Docker's marks go as Docker takes them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::files::{self, InFile};
use super::keeper::{Keeper, keeper};
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Problem, RegistryKey, Secret, text};
use crate::ops::audit::Scope;
use crate::ops::read_only;
use crate::ops::registries::{self, name_of};
use crate::ops::shims::PREFIX;
use crate::system::System;
use crate::system::docker::auth_config::{self, AuthConfig};
use crate::system::docker::auth_file::{self, Layout, State};
use crate::system::docker::helper_program::{HelperError, HelperProgram};

/// Docker Hub's tokens (docker/cli `internal/oauth/manager`), beside its key.
const TOKENS: [&str; 2] = ["access-token", "refresh-token"];

/// What a logout would do.
#[derive(Debug)]
pub struct Plan {
    /// `docker.io` for Docker Hub, else the host with its port.
    pub name: String,
    /// Files with entries of it, and with Docker's marks.
    pub files: Vec<InFile>,
    /// Why other files may have some too, in words.
    pub untold: Vec<String>,
    /// Helpers besides the store that may be asked about it.
    keepers: Vec<Keeper>,
}

/// What a logout did, and what it proved.
#[derive(Debug)]
pub struct LoggedOut {
    pub name: String,
    pub erased: Vec<Erased>,
    /// How many questions were asked again: spellings of the store and of each helper.
    pub asked: usize,
    /// What still has a login, or may have one, in words. Empty: proved, nothing has.
    pub still: Vec<String>,
    /// What to do about that.
    pub hints: Vec<String>,
    pub warnings: Vec<Problem>,
}

/// Where a login was, and is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    Store(Vec<RegistryKey>),
    /// `docker-credential-…`.
    Helper(String, Vec<RegistryKey>),
    /// Entries with a secret.
    File(PathBuf, Vec<String>),
    /// Docker's marks.
    Marks(PathBuf, Vec<String>),
}

/// Every registry that has a login here: in the store, in another helper, in a file; Docker's marks too. By name.
pub fn registries(system: &System, scope: &Scope) -> Result<Vec<String>, Problem> {
    let mut names: BTreeSet<String> = files::registries(system, scope).into_iter().collect();
    let listed = registries::list(system)?;
    names.extend(listed.logins.iter().filter(|one| one.mount.is_root()).map(|one| name_of(&one.server)));
    for keeper in keepers(system, None) {
        if let Keeper::Program(program) = keeper
            && let Ok(listed) = program.list(&system.env)
        {
            names.extend(listed.keys().map(name_of));
        }
    }
    Ok(names.into_iter().collect())
}

/// Looks where logins of the registry are; opens nothing.
pub fn plan(system: &System, scope: &Scope, server: &RegistryKey) -> Plan {
    let name = name_of(server);
    let (files, untold) = files::of_registry(system, scope, &name);
    Plan { keepers: keepers(system, Some(&name)), name, files, untold }
}

/// The helpers that Docker's configuration names, for this registry or for any; without those that the store answers for.
fn keepers(system: &System, name: Option<&str>) -> Vec<Keeper> {
    let file = auth_file::read(&system.options.docker_config.join(crate::system::docker::config::FILE), Layout::Nested);
    let State::Read(contents) = file.state else { return Vec::new() };
    let is_of_it = |server: &String| name.is_none_or(|name| name_of(&RegistryKey::new(server.as_str())) == name);
    let own = contents.cred_helpers.iter().filter(|(server, helper)| !helper.is_empty() && is_of_it(server));
    let mut helpers: Vec<&String> = own.map(|(_, helper)| helper).chain(&contents.creds_store).collect();
    helpers.sort();
    helpers.dedup();
    let found = helpers.into_iter().map(|helper| keeper(system, helper));
    found.filter(|keeper| *keeper != Keeper::Store).collect()
}

/// Does it. Entries with a secret leave the files only where `files` says so. Goes on after what fails: that is told as what
/// still has a login.
pub fn logout(system: &System, scope: &Scope, plan: &Plan, files: bool) -> Result<LoggedOut, Problem> {
    read_only::check(system, &system.options.docker_config)?;
    let mut done = LoggedOut {
        name: plan.name.clone(),
        erased: Vec::new(),
        asked: 0,
        still: plan.untold.clone(),
        hints: Vec::new(),
        warnings: Vec::new(),
    };
    done.clear_store(system);
    for keeper in &plan.keepers {
        match keeper {
            Keeper::Program(program) => done.clear_helper(system, program),
            Keeper::Missing(helper) => {
                let helper = text::escaped(format!("{PREFIX}{helper}").as_bytes()).into_owned();
                done.still.push(format!("{helper}, which Docker is told to ask, is not on PATH and was not asked"));
            }
            Keeper::Store => {}
        }
    }
    done.clear_files(system, plan, files);
    done.look_again(system, scope, files);
    Ok(done)
}

impl LoggedOut {
    pub fn is_proved(&self) -> bool {
        self.still.is_empty()
    }

    fn key(&self) -> RegistryKey {
        RegistryKey::new(if self.name == HUB_NAME { HUB_KEY } else { self.name.as_str() })
    }

    fn hint(&mut self, hint: String) {
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }

    fn clear_store(&mut self, system: &System) {
        match registries::erase_from_stores(system, &self.key()) {
            Ok(done) => {
                self.asked += done.asked.len();
                self.still.extend(done.still.iter().map(registries::Still::words));
                self.warnings.extend(done.written.warnings);
                if !done.servers.is_empty() {
                    self.erased.push(Erased::Store(done.servers));
                }
            }
            Err(problem) => {
                self.still.push(format!("the store may have a login: {}", problem.one_line()));
                problem.hints.into_iter().for_each(|hint| self.hint(hint));
            }
        }
    }

    /// What it lists is erased; what clients ask for besides is asked for first: other helpers take an erase of what is not
    /// there for a fault.
    fn clear_helper(&mut self, system: &System, program: &HelperProgram) {
        let shown = program.shown();
        let listed = match program.list(&system.env) {
            Ok(listed) => listed.into_keys().filter(|key| name_of(key) == self.name).collect(),
            Err(error) => {
                self.warnings.push(error.into());
                BTreeSet::new()
            }
        };
        let mut asked = registries::usual_spellings(&self.name);
        asked.extend(
            TOKENS.iter().filter(|_| self.name == HUB_NAME).map(|token| RegistryKey::new(format!("{HUB_KEY}{token}"))),
        );
        asked.extend(listed.iter().cloned());
        let (mut gone, mut failed) = (Vec::new(), Vec::new());
        for key in &asked {
            if !listed.contains(key) {
                match program.get(&system.env, key) {
                    Ok(None) => continue,
                    Ok(Some(_)) => {}
                    // The proof, below, asks again and tells.
                    Err(HelperError::Process(_)) => break,
                    Err(_) => continue,
                }
            }
            match program.erase(&system.env, key) {
                Ok(()) => gone.push(key.clone()),
                Err(error) => failed.push(Problem::from(error)),
            }
        }
        let before = self.still.len();
        self.ask_again(system, program, &asked);
        gone.retain(|key| !self.still[before..].iter().any(|still| still.contains(&*key.display())));
        // Where nothing answers afterwards, nothing failed.
        if self.still.len() > before {
            self.warnings.extend(failed);
        }
        if !gone.is_empty() {
            self.erased.push(Erased::Helper(shown, gone));
        }
    }

    fn ask_again(&mut self, system: &System, program: &HelperProgram, asked: &BTreeSet<RegistryKey>) {
        let shown = program.shown();
        for key in asked {
            self.asked += 1;
            match program.get(&system.env, key) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let whose = found.login.quoted();
                    self.still.push(format!("{shown} still answers for {} with {whose}", key.display()));
                }
                Err(error) => {
                    self.still.push(format!("whether {shown} has a login for {} is not known: {error}", key.display()));
                    // One that hangs is waited for once.
                    if matches!(error, HelperError::Process(_)) {
                        return;
                    }
                }
            }
        }
    }

    fn clear_files(&mut self, system: &System, plan: &Plan, agreed: bool) {
        for file in plan.files.iter().filter(|file| !file.is_copy()) {
            let held = agreed && !file.held().is_empty();
            if !(held || file.has_marks_only_to_go()) {
                continue;
            }
            match files::take_out(system, file, &self.name, held) {
                Ok(warning) => {
                    self.warnings.extend(warning);
                    let all = [(held, file.held(), false), (true, file.marks(), true)];
                    for (_, servers, are_marks) in all.into_iter().filter(|(is, servers, _)| *is && !servers.is_empty())
                    {
                        let path = file.path.clone();
                        self.erased.push(if are_marks {
                            Erased::Marks(path, servers)
                        } else {
                            Erased::File(path, servers)
                        });
                    }
                }
                Err(problem) => self.warnings.push(problem),
            }
        }
    }

    fn look_again(&mut self, system: &System, scope: &Scope, agreed: bool) {
        let (files, untold) = files::of_registry(system, scope, &self.name);
        for file in &files {
            self.still.extend(file.words());
            if file.is_copy() {
                self.hint("remove copies of Docker's file: regpass fix --apply INL19".to_owned());
            } else if !file.held().is_empty() && !agreed {
                let name = text::shell_word(std::path::Path::new(&self.name));
                self.hint(format!("take it out of the files too: regpass logout --yes {name}"));
            }
        }
        self.still.extend(untold);
        let mut known = BTreeSet::new();
        self.still.retain(|still| known.insert(still.clone()));
        if let Some(value) = system.env.var("DOCKER_AUTH_CONFIG")
            && let AuthConfig::Answers(servers) = auth_config::judge(&Secret::new(value.as_encoded_bytes().to_vec()))
            && servers.iter().any(|server| name_of(&RegistryKey::new(server.as_str())) == self.name)
        {
            let told = "DOCKER_AUTH_CONFIG has a login, which Docker 28.3 and later takes before all others";
            self.still.push(told.to_owned());
            self.hint("take it out of the environment: unset DOCKER_AUTH_CONFIG".to_owned());
        }
    }
}

impl Plan {
    /// The files with entries in clear that could be taken out.
    pub fn in_clear(&self) -> impl Iterator<Item = &InFile> {
        self.files.iter().filter(|file| !file.is_copy() && !file.held().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;
    use crate::system::store::layout;

    fn put(bench: &Bench, server: &str, user: &str) {
        let folder = layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
        bench.put(&format!("{}/{user}.gpg", folder.display()), "for alice\npw");
    }

    /// A machine without anything of this one's.
    fn scope(bench: &Bench) -> Scope {
        Scope { machine: bench.home().join("machine"), ..Scope::default() }
    }

    fn docker(bench: &Bench, text: &str) -> PathBuf {
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let file = folder.join("config.json");
        std::fs::write(&file, text).expect("a config");
        file
    }

    fn out(bench: &Bench, registry: &str, files: bool) -> LoggedOut {
        let scope = scope(bench);
        let key = super::super::key_of(registry).expect("a key");
        logout(&bench.system, &scope, &plan(&bench.system, &scope, &key), files).expect("logged out")
    }

    #[test]
    fn every_spelling_and_the_marks_go_and_others_stay() {
        let bench = Bench::new();
        for server in ["h.test", "https://h.test", "h.test:5000"] {
            put(&bench, server, "bob");
        }
        let file = docker(
            &bench,
            "{\n\t\"auths\": {\n\t\t\"h.test\": {},\n\t\t\"o.test\": {},\n\t\t\"https://h.test\": {}\n\t},\n\t\"credsStore\": \"pass\",\n\t\"x\": 1\n}",
        );
        let done = out(&bench, "HTTPS://h.test/v2/", false);
        assert!(done.is_proved() && done.asked >= 5 && done.warnings.is_empty(), "{done:?}");
        assert_eq!(done.erased[0], Erased::Store(["h.test", "https://h.test"].map(RegistryKey::new).to_vec()));
        assert_eq!(
            std::fs::read_to_string(&file).expect("it"),
            "{\n\t\"auths\": {\n\t\t\"o.test\": {}\n\t},\n\t\"credsStore\": \"pass\",\n\t\"x\": 1\n}"
        );
        let again = out(&bench, "h.test", false);
        assert!(again.is_proved() && again.erased.is_empty(), "{again:?}");
        assert_eq!(registries(&bench.system, &scope(&bench)).expect("names"), ["h.test:5000", "o.test"]);
    }

    #[test]
    fn a_secret_in_a_file_goes_only_where_that_was_agreed_to_and_comes_back() {
        let bench = Bench::new();
        let text = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="},"o.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;
        let file = docker(&bench, text);
        let copy = file.with_file_name("config.json.bak");
        let kept = out(&bench, "h.test", false);
        assert!(!kept.is_proved() && kept.erased.is_empty(), "{kept:?}");
        assert!(kept.hints.iter().any(|hint| hint.ends_with("regpass logout --yes h.test")), "{kept:?}");
        assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
        let done = out(&bench, "h.test", true);
        assert!(done.is_proved(), "{done:?}");
        assert_eq!(done.erased, [Erased::File(file.clone(), vec!["h.test".to_owned()])]);
        assert_eq!(std::fs::read_to_string(&file).expect("it"), r#"{"auths":{"o.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#);
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
        // A copy is not ours to change.
        std::fs::rename(&file, &copy).expect("a copy");
        let done = out(&bench, "h.test", true);
        assert!(done.erased.is_empty() && done.still.len() == 1, "{done:?}");
        assert!(done.hints.iter().any(|hint| hint.ends_with("regpass fix --apply INL19")), "{done:?}");
        assert!(!format!("{done:?}").contains("Ym9i"));
    }

    #[test]
    fn what_cannot_be_read_is_no_proof() {
        let bench = Bench::new();
        docker(&bench, "{\"auths\": ");
        let done = out(&bench, "h.test", true);
        assert!(done.still.iter().any(|still| still.contains("is not known")), "{done:?}");
    }

    /// A helper in shell that keeps its logins in a folder, and answers `stubborn` whatever is erased.
    const HELPER: &str = r#"#!/bin/sh
d=${0%/*}/kept; mkdir -p "$d"
case $1 in
list) cat >/dev/null; cd "$d"; s={; for f in *; do [ -e "$f" ] && printf '%s"%s":"bob"' "$s" "$(echo "$f" | tr @ /)" && s=,; done; [ "$s" = { ] && echo {} || echo };;
get) f=$(tr / @); [ -e "$d/$f" ] && echo '{"Username":"bob","Secret":"pw"}' || { echo "credentials not found in native keychain"; exit 1; };;
erase) f=$(tr / @); [ -e "$d/$f" ] || { echo "no such item"; exit 1; }; [ "$f" = stubborn.test ] || rm "$d/$f";;
*) exit 1;;
esac
"#;

    #[test]
    fn another_helper_is_asked_for_every_spelling_and_then_again() {
        let bench = Bench::with_programs(&[("docker-credential-odd", HELPER)]);
        let folder = bench.home().join("bin");
        std::fs::create_dir(folder.join("kept")).expect("a folder");
        for server in ["h.test", "https:@@h.test@v1@", "o.test", "stubborn.test"] {
            std::fs::write(folder.join("kept").join(server), "").expect("a login");
        }
        docker(&bench, r#"{"auths":{"h.test":{}},"credsStore":"odd","credHelpers":{"gone.test":"nowhere"}}"#);
        let done = out(&bench, "h.test", false);
        assert!(done.is_proved(), "{done:?}");
        let both = vec![RegistryKey::new("h.test"), RegistryKey::new("https://h.test/v1/")];
        assert_eq!(done.erased[0], Erased::Helper("docker-credential-odd".to_owned(), both));
        assert_eq!(std::fs::read_dir(folder.join("kept")).expect("listed").count(), 2);
        let done = out(&bench, "stubborn.test", false);
        assert_eq!(done.still, ["docker-credential-odd still answers for stubborn.test with \"bob\""]);
        assert!(done.erased.is_empty(), "{done:?}");
        let done = out(&bench, "gone.test", false);
        assert!(
            done.still[0].starts_with("docker-credential-nowhere, which Docker is told to ask, is not"),
            "{done:?}"
        );
        assert_eq!(registries(&bench.system, &scope(&bench)).expect("names"), ["o.test", "stubborn.test"]);
    }

    #[test]
    fn a_variable_with_a_login_is_told() {
        let value = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;
        let bench = Bench::with_vars(&[("DOCKER_AUTH_CONFIG", value)]);
        assert!(out(&bench, "h.test", true).still[0].starts_with("DOCKER_AUTH_CONFIG has a login"));
        assert!(out(&bench, "o.test", true).is_proved());
    }
}

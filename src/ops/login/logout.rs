//! Logged out: every spelling of a registry, wherever a login of it is kept, and then asked again. What belongs to files in
//! which logins stand in clear is taken out where somebody agreed; Docker's marks go as Docker takes them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::RawName;
use super::afterwards::Afterwards;
use super::files::{self, InFile};
use super::keeper::{Keeper, chosen, keeper};
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::audit::Scope;
use crate::ops::audit::places::{self, AuthRole};
use crate::ops::read_only;
use crate::ops::registries::{self, name_of};
use crate::ops::shims::PREFIX;
use crate::system::System;
use crate::system::docker::auth_config;
use crate::system::docker::auth_file::{self, State};
use crate::system::docker::config::{self, DockerConfigError};
use crate::system::docker::helper_program::{HelperError, HelperProgram};
use crate::system::registries_conf;

/// Docker Hub's tokens (docker/cli `internal/oauth/manager`), beside its key.
const TOKENS: [&str; 2] = ["access-token", "refresh-token"];

/// What a logout would do.
#[derive(Debug)]
pub struct Plan {
    /// `docker.io` for Docker Hub, else the host with its port; fit to be shown.
    pub name: String,
    raw: RawName,
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
    /// As in the plan.
    pub name: String,
    raw: RawName,
    pub erased: Vec<Erased>,
    /// How many questions were asked again: spellings of the store and of each helper.
    pub asked: usize,
    /// What still has a login, or may have one, in words. Empty: proved, nothing has.
    pub still: Vec<String>,
    /// What to do about that.
    pub hints: Vec<String>,
    pub warnings: Vec<Problem>,
    /// What the registry itself said afterwards, where it was asked.
    pub afterwards: Vec<Afterwards>,
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
    for keeper in keepers(system, scope, None).unwrap_or_default() {
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
    let (files, mut untold) = files::of_registry(system, scope, &name);
    let keepers = keepers(system, scope, Some(&name)).unwrap_or_else(|error| {
        untold.push(format!("which helper Docker asks is not known: {error}"));
        Vec::new()
    });
    let raw = RawName::new(name);
    Plan { keepers, name: raw.shown(), raw, files, untold }
}

/// The helpers that Docker and podman ask about this registry or about any, also one that Docker chose itself; without those
/// that the store answers for.
fn keepers(system: &System, scope: &Scope, name: Option<&str>) -> Result<Vec<Keeper>, DockerConfigError> {
    let docker = config::read(&system.options.docker_config)?;
    let is_of_it = |server: &String| name.is_none_or(|name| name_of(&RegistryKey::new(server.as_str())) == name);
    let own = docker.helpers.iter().filter(|(server, helper)| !helper.is_empty() && is_of_it(server));
    let mut helpers: Vec<String> = own.map(|(_, helper)| helper).chain(&docker.helper).cloned().collect();
    helpers.extend(chosen(system, &docker));
    helpers.extend(of_podman(system, scope, is_of_it));
    helpers.sort();
    helpers.dedup();
    let found = helpers.iter().map(|helper| keeper(system, helper));
    Ok(found.filter(|keeper| *keeper != Keeper::Store).collect())
}

/// Those of `auth.json`, where `credsStore` counts for nothing (containers-auth.json(5)), and of `registries.conf`.
fn of_podman(system: &System, scope: &Scope, is_of_it: impl Fn(&String) -> bool) -> Vec<String> {
    let mut helpers = Vec::new();
    let files = places::auth_files(system, scope).into_iter().filter(|(role, ..)| *role == AuthRole::Containers);
    for (_, layout, path) in files {
        if let State::Read(contents) = auth_file::read(&path, layout).state {
            let own = contents.cred_helpers.into_iter().filter(|(server, _)| is_of_it(server));
            helpers.extend(own.map(|(_, helper)| helper).filter(|helper| !helper.is_empty()));
        }
    }
    let confs = places::registries_confs(system, scope);
    helpers
        .extend(confs.into_iter().filter_map(|file| registries_conf::read(&file).ok()).flat_map(|conf| conf.helpers));
    helpers
}

/// Does it. Entries with a secret leave the files only where `files` says so. Goes on after what fails: that is told as what
/// still has a login.
pub fn logout(system: &System, scope: &Scope, plan: &Plan, files: bool) -> Result<LoggedOut, Problem> {
    read_only::check(system, &system.options.docker_config)?;
    let mut done = LoggedOut {
        name: plan.name.clone(),
        raw: plan.raw.clone(),
        erased: Vec::new(),
        asked: 0,
        still: plan.untold.clone(),
        hints: Vec::new(),
        warnings: Vec::new(),
        afterwards: Vec::new(),
    };
    done.clear_store(system);
    for keeper in &plan.keepers {
        match keeper {
            Keeper::Program(program) => done.clear_helper(system, program),
            Keeper::Missing(helper) => {
                let helper = text::escaped(format!("{PREFIX}{helper}").as_bytes()).into_owned();
                done.still.push(format!("{helper}, which clients are told to ask, is not on PATH and was not asked"));
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

    pub(super) fn key(&self) -> RegistryKey {
        key_of(&self.raw)
    }

    pub(super) fn hint(&mut self, hint: String) {
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
    /// there for a fault. One that hangs is waited for once.
    fn clear_helper(&mut self, system: &System, program: &HelperProgram) {
        let listed: BTreeSet<RegistryKey> = match program.list(&system.env) {
            Ok(listed) => listed.into_keys().filter(|key| name_of(key) == self.raw.as_str()).collect(),
            Err(error @ HelperError::Process(_)) => return self.untold(program, &self.key(), &error),
            Err(error) => {
                self.warnings.push(error.into());
                BTreeSet::new()
            }
        };
        let mut asked = registries::usual_spellings(self.raw.as_str());
        let is_hub = self.raw.as_str() == HUB_NAME;
        asked.extend(TOKENS.iter().filter(|_| is_hub).map(|token| RegistryKey::new(format!("{HUB_KEY}{token}"))));
        asked.extend(listed.iter().cloned());
        let (mut gone, mut failed, mut stuck) = (Vec::new(), Vec::new(), false);
        for key in &asked {
            match cleared(system, program, key, listed.contains(key)) {
                Ok(true) => gone.push(key.clone()),
                Ok(false) => {}
                Err(error @ HelperError::Process(_)) => {
                    self.untold(program, key, &error);
                    stuck = true;
                    break;
                }
                Err(error) => failed.push(Problem::from(error)),
            }
        }
        if !stuck {
            let left = self.ask_again(system, program, &asked);
            gone.retain(|key| !left.contains(key));
            // Where nothing answers afterwards, nothing failed.
            self.warnings.extend(failed.into_iter().filter(|_| !left.is_empty()));
        }
        if !gone.is_empty() {
            self.erased.push(Erased::Helper(program.shown(), gone));
        }
    }

    fn untold(&mut self, program: &HelperProgram, key: &RegistryKey, error: &HelperError) {
        let server = misplaced::server(key.as_bytes());
        self.still.push(format!("whether {} has a login for {server} is not known: {error}", program.shown()));
    }

    /// Those that it still answers for, or may.
    fn ask_again(
        &mut self,
        system: &System,
        program: &HelperProgram,
        asked: &BTreeSet<RegistryKey>,
    ) -> BTreeSet<RegistryKey> {
        let mut left = BTreeSet::new();
        for key in asked {
            self.asked += 1;
            match program.get(&system.env, key) {
                Ok(None) => continue,
                Ok(Some(found)) => {
                    let (server, whose) = (misplaced::server(key.as_bytes()), found.login.quoted());
                    self.still.push(format!("{} still answers for {server} with {whose}", program.shown()));
                }
                Err(error) => {
                    self.untold(program, key, &error);
                    if matches!(error, HelperError::Process(_)) {
                        left.extend(asked.range(key..).cloned());
                        return left;
                    }
                }
            }
            left.insert(key.clone());
        }
        left
    }

    fn clear_files(&mut self, system: &System, plan: &Plan, agreed: bool) {
        for file in plan.files.iter().filter(|file| !file.is_copy()) {
            if !(agreed && !file.held().is_empty() || file.has_marks_only_to_go()) {
                continue;
            }
            match files::take_out(system, file, &self.raw, agreed) {
                Ok(taken) => {
                    self.warnings.extend(taken.warning);
                    if !taken.held.is_empty() {
                        self.erased.push(Erased::File(file.path.clone(), taken.held));
                    }
                    if !taken.marks.is_empty() {
                        self.erased.push(Erased::Marks(file.path.clone(), taken.marks));
                    }
                }
                Err(problem) => self.warnings.push(problem),
            }
        }
    }

    fn look_again(&mut self, system: &System, scope: &Scope, agreed: bool) {
        let (files, untold) = files::of_registry(system, scope, self.raw.as_str());
        for file in &files {
            self.still.extend(file.words());
            if file.is_copy() {
                self.hint("remove copies of Docker's file: regpass fix --apply INL19".to_owned());
            } else if !file.held().is_empty() && !agreed {
                self.hint(match self.name == self.raw.as_str() {
                    true => {
                        let name = text::shell_word(std::path::Path::new(&self.name));
                        format!("take it out of the files too: regpass logout --yes {name}")
                    }
                    // No command can name it without telling it.
                    false => format!("take it out of {} by hand", text::quoted_path(&file.path)),
                });
            }
        }
        self.still.extend(untold);
        let mut known = BTreeSet::new();
        self.still.retain(|still| known.insert(still.clone()));
        if let Some(value) = system.env.var("DOCKER_AUTH_CONFIG")
            && auth_config::answers_for(&Secret::new(value.as_encoded_bytes().to_vec()), |server| {
                name_of(server) == self.raw.as_str()
            })
        {
            let told = "DOCKER_AUTH_CONFIG has a login, which Docker 28.3 and later takes before all others";
            self.still.push(told.to_owned());
            self.hint("take it out of the environment: unset DOCKER_AUTH_CONFIG".to_owned());
        }
    }
}

/// Whether something was erased there.
fn cleared(system: &System, program: &HelperProgram, key: &RegistryKey, listed: bool) -> Result<bool, HelperError> {
    if !listed {
        match program.get(&system.env, key) {
            Ok(Some(_)) => {}
            Err(error @ HelperError::Process(_)) => return Err(error),
            // Whoever asks again is told.
            Ok(None) | Err(_) => return Ok(false),
        }
    }
    program.erase(&system.env, key).map(|()| true)
}

/// What Docker asks for.
fn key_of(name: &RawName) -> RegistryKey {
    RegistryKey::new(if name.as_str() == HUB_NAME { HUB_KEY } else { name.as_str() })
}

impl Plan {
    pub(super) fn key(&self) -> RegistryKey {
        key_of(&self.raw)
    }

    pub(super) fn keepers(&self) -> &[Keeper] {
        &self.keepers
    }

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
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        let text = std::fs::read_to_string(&file).expect("it");
        assert!(text.contains("\"h.test\": {}") && !text.contains("https://h.test"), "{text}");
        assert!(out(&bench, "h.test", false).is_proved());
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
            done.still[0].starts_with("docker-credential-nowhere, which clients are told to ask, is not"),
            "{done:?}"
        );
        assert_eq!(registries(&bench.system, &scope(&bench)).expect("names"), ["o.test", "stubborn.test"]);
    }

    #[test]
    fn docker_s_own_choice_is_asked_where_its_file_says_nothing() {
        for text in [None, Some(""), Some("{}"), Some(r#"{"auths":{},"credsStore":"","x":1}"#)] {
            let bench = Bench::with_programs(&[("pass", "#!/bin/sh\n"), ("docker-credential-pass", HELPER)]);
            let kept = bench.home().join("bin/kept");
            std::fs::create_dir(&kept).expect("a folder");
            std::fs::write(kept.join("h.test"), "").expect("a login");
            text.map(|text| docker(&bench, text));
            assert_eq!(registries(&bench.system, &scope(&bench)).expect("names"), ["h.test"], "{text:?}");
            let done = out(&bench, "h.test", false);
            let gone = Erased::Helper("docker-credential-pass".to_owned(), vec![RegistryKey::new("h.test")]);
            assert!(done.is_proved() && done.erased == [gone], "{text:?}: {done:?}");
        }
    }

    #[test]
    fn a_name_that_may_be_a_secret_is_asked_about_all_the_same() {
        let bench = Bench::with_programs(&[("docker-credential-odd", HELPER)]);
        let kept = bench.home().join("bin/kept");
        std::fs::create_dir(&kept).expect("a folder");
        std::fs::write(kept.join("registry2"), "").expect("a login");
        let file = docker(&bench, r#"{"credHelpers":{"registry2":"odd"}}"#);
        let done = out(&bench, "registry2", false);
        assert!(done.is_proved() && matches!(done.erased[..], [Erased::Helper(..)]), "{done:?}");
        std::fs::remove_file(file).expect("no config");
        std::fs::write(bench.home().join(".dockercfg"), r#"{"registry2":{"auth":"Ym9iOmh1bnRlcjI="}}"#).expect("it");
        let done = out(&bench, "registry2", false);
        assert!(!done.is_proved() && done.erased.is_empty(), "{done:?}");
        let done = out(&bench, "registry2", true);
        assert!(done.is_proved() && matches!(done.erased[..], [Erased::File(..)]), "{done:?}");
        let value = r#"{"auths":{"registry2":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;
        let bench = Bench::with_vars(&[("DOCKER_AUTH_CONFIG", value)]);
        assert!(!out(&bench, "registry2", true).is_proved());
    }

    #[test]
    fn a_mark_beside_a_secret_of_the_same_name_takes_nothing_with_it() {
        for text in [
            r#"{"AUTHS":{"h.test":{}},"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#,
            // Docker takes the last one: without that the first one would count.
            r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="},"h.test":{}}}"#,
        ] {
            let bench = Bench::new();
            let file = docker(&bench, text);
            let kept = out(&bench, "h.test", false);
            assert!(!kept.is_proved() && kept.erased.is_empty(), "{kept:?}");
            assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
            let done = out(&bench, "h.test", true);
            assert!(done.is_proved() && !std::fs::read_to_string(&file).expect("it").contains("h.test"), "{done:?}");
            crate::ops::undo::undo(&bench.system, None).expect("taken back");
            assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
        }
    }

    #[test]
    fn what_became_a_secret_since_it_was_looked_at_stays() {
        let bench = Bench::new();
        let file = docker(&bench, r#"{"auths":{"h.test":{}}}"#);
        let scope = scope(&bench);
        let plan = plan(&bench.system, &scope, &RegistryKey::new("h.test"));
        let text = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;
        std::fs::write(&file, text).expect("logged in meanwhile");
        let done = logout(&bench.system, &scope, &plan, false).expect("logged out");
        assert!(!done.is_proved() && done.erased.is_empty(), "{done:?}");
        assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
    }

    #[test]
    fn a_password_in_a_server_s_name_is_written_nowhere() {
        let bench = Bench::with_git();
        let named = "https://u:hunter2@h.test";
        let file = docker(&bench, &format!(r#"{{"auths":{{"{named}":{{"auth":"Ym9iOnB3"}}}}}}"#));
        put(&bench, named, "bob");
        bench.git(&["add", "-A"]);
        bench.git(&["commit", "-q", "-m", "x"]);
        let scope = scope(&bench);
        for agreed in [false, true] {
            let all = registries(&bench.system, &scope).expect("names");
            assert_eq!(all.len(), 1);
            let plan = plan(&bench.system, &scope, &RegistryKey::new(&*all[0]));
            assert_eq!((plan.name.as_str(), plan.in_clear().count()), ("***@h.test", 1));
            let done = logout(&bench.system, &scope, &plan, agreed).expect("logged out");
            assert_eq!(done.is_proved(), agreed, "{done:?}");
            let told = [&[done.name.clone()][..], &done.still, &done.hints].concat().join(" ");
            assert!(!told.contains("hunter2"), "{told}");
            // A shell would look for files in its place.
            assert!(!done.hints.iter().any(|hint| hint.contains('*')), "{:?}", done.hints);
        }
        assert_eq!(std::fs::read_to_string(&file).expect("it"), r#"{"auths":{}}"#);
        let steps = crate::ops::undo::steps(&bench.system).expect("steps");
        assert!(!format!("{steps:?}").contains("hunter2"), "{steps:?}");
        assert!(!bench.git(&["log", "-p", "--format=%B"]).contains("hunter2"));
    }

    #[test]
    fn a_helper_that_hangs_is_waited_for_once() {
        let bench = Bench::with_programs(&[(
            "docker-credential-odd",
            "#!/bin/sh\necho x >> ${0%/*}/calls; yes | head -c 9000000\n",
        )]);
        docker(&bench, r#"{"credsStore":"odd"}"#);
        let done = out(&bench, "h.test", false);
        assert!(!done.is_proved(), "{done:?}");
        assert_eq!(std::fs::read_to_string(bench.home().join("bin/calls")).expect("calls"), "x\n");
    }

    #[test]
    fn helpers_that_only_podman_is_told_of_are_asked_too() {
        let bench = Bench::with_programs(&[("docker-credential-odd", HELPER)]);
        let kept = bench.home().join("bin/kept");
        std::fs::create_dir(&kept).expect("a folder");
        for (file, text) in [
            (".config/containers/auth.json", r#"{"credHelpers":{"h.test":"odd","o.test":"gone"}}"#),
            (".config/containers/registries.conf", "credential-helpers = [\"containers-auth.json\", \"odd\"]\n"),
        ] {
            let file = bench.home().join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(&file, text).expect("written");
            std::fs::write(kept.join("h.test"), "").expect("a login");
            let done = out(&bench, "h.test", false);
            assert!(done.is_proved() && !kept.join("h.test").exists(), "{done:?}");
            assert_eq!(
                done.erased[0],
                Erased::Helper("docker-credential-odd".to_owned(), vec![RegistryKey::new("h.test")])
            );
            std::fs::remove_file(&file).expect("gone");
        }
    }

    #[test]
    fn a_variable_with_a_login_is_told() {
        let value = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;
        let bench = Bench::with_vars(&[("DOCKER_AUTH_CONFIG", value)]);
        assert!(out(&bench, "h.test", true).still[0].starts_with("DOCKER_AUTH_CONFIG has a login"));
        assert!(out(&bench, "o.test", true).is_proved());
    }
}

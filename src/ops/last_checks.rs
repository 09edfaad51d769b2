//! The last result of trying each login at its registry, as `test` and `login` learned it: remembered, and found again for the
//! lists of registries. Asks no registry. Where results cannot be remembered or read, logins work all the same.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::registries::{Elsewhere, Place, RegistryLogin, name_of};
use crate::model::{Login, Problem, age, misplaced, text};
use crate::system::System;
use crate::system::login_results::{self, LoginResult};
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::{Evidence, LoginOutcome, Severity};

/// How much later than its test a login may have been written without being another one: a login is tried first, then stored.
const WRITTEN: Duration = Duration::from_secs(2);

/// What came of trying one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCheck {
    /// The registry's one name, without what may be a secret in it.
    pub registry: String,
    pub user: Option<String>,
    /// `store`, `inline`, or `helper:` and its name.
    pub source: String,
    pub when: SystemTime,
    pub outcome: LoginOutcome,
    pub evidence: Option<Evidence>,
    /// One sentence, escaped.
    pub message: String,
}

impl LastCheck {
    /// None where the registry was never asked: that says nothing new of the login.
    pub fn of(
        registry: &str,
        user: Option<&Login>,
        source: String,
        checked: &Checked,
        when: SystemTime,
    ) -> Option<LastCheck> {
        use LoginOutcome::{CalledOff, HelperFailed, NoCredentials, StoreLocked};
        if matches!(checked.outcome, CalledOff | HelperFailed | NoCredentials | StoreLocked) {
            return None;
        }
        Some(LastCheck {
            registry: misplaced::server(registry),
            user: user.and_then(told),
            source,
            when,
            outcome: checked.outcome,
            evidence: checked.evidence,
            message: checked.message.clone(),
        })
    }

    /// In a word or two.
    pub fn word(&self) -> &'static str {
        self.evidence.map_or(self.outcome.id(), Evidence::words)
    }

    /// `3 hours ago: proved`.
    pub fn words(&self, now: SystemTime) -> String {
        format!("{}: {}", age::long(now, self.when), self.word())
    }

    pub fn severity(&self) -> Severity {
        self.outcome.severity()
    }

    /// The login is another one by now.
    pub fn is_before(&self, modified: SystemTime) -> bool {
        self.when.checked_add(WRITTEN).is_some_and(|end| end < modified)
    }
}

/// Those that are remembered, the newest first.
#[derive(Clone, Debug, Default)]
pub struct LastChecks(Vec<LastCheck>);

impl LastChecks {
    /// What is remembered of a login in the store that the helper sees.
    pub fn of_login(&self, login: &RegistryLogin) -> Option<&LastCheck> {
        let (registry, user) = (misplaced::server(name_of(&login.server)), told(&login.login));
        let is_it = |one: &&LastCheck| one.source == "store" && one.registry == registry && one.user == user;
        if login.mount.is_root() && !login.server.is_hub_token() { self.0.iter().find(is_it) } else { None }
    }

    /// The same of a login that is in no store.
    pub fn of_place(&self, place: &Elsewhere) -> Option<&LastCheck> {
        let registry = misplaced::server(name_of(&place.server));
        let source = match &place.place {
            Place::Helper(helper) => of_helper(helper),
            Place::Inline(_) => "inline".to_owned(),
            Place::Ours(_) => return None,
        };
        let user = match &place.place {
            Place::Inline(user) => user.as_ref().and_then(told),
            Place::Helper(_) | Place::Ours(_) => None,
        };
        let fits = |one: &LastCheck| user.is_none() || one.user.is_none() || one.user == user;
        self.0.iter().find(|one| one.source == source && one.registry == registry && fits(one))
    }

    /// The newest of a registry, by its one name.
    pub fn of_registry(&self, name: &str) -> Option<&LastCheck> {
        let registry = misplaced::server(name);
        self.0.iter().find(|one| one.registry == registry)
    }

    /// For a test's own.
    #[cfg(test)]
    pub(crate) fn made_of(checks: impl IntoIterator<Item = LastCheck>) -> LastChecks {
        LastChecks(checks.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How a helper is called as a source.
pub fn of_helper(helper: &str) -> String {
    format!("helper:{}", misplaced::helper(helper))
}

fn told(login: &Login) -> Option<String> {
    login.is_showable().then(|| text::escaped(login.as_str().as_bytes()).into_owned())
}

/// What is remembered, and why it is not all there is.
pub fn read(system: &System) -> (LastChecks, Option<Problem>) {
    match login_results::read(&system.options.state_dir) {
        Ok(results) => (LastChecks(results.into_iter().filter_map(understood).collect()), None),
        Err(error) => (LastChecks::default(), Some(error.into())),
    }
}

/// Remembers them in place of what was known of the same logins; nothing is written where regpass was told to write nothing.
pub fn remember(system: &System, news: Vec<LastCheck>) -> Result<(), Problem> {
    if news.is_empty() || system.options.read_only.is_some() {
        return Ok(());
    }
    let results = news.into_iter().map(|one| LoginResult {
        registry: one.registry,
        user: one.user,
        source: one.source,
        at: one.when.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().try_into().unwrap_or(u64::MAX),
        outcome: one.outcome.id().to_owned(),
        evidence: one.evidence.map(|evidence| evidence.id().to_owned()),
        message: one.message,
    });
    login_results::add(&system.options.state_dir, system.env.uid(), results.collect()).map_err(|error| {
        let why = Problem::from(error);
        why.hints.into_iter().fold(Problem::failed("the result is not remembered").because(why.message), Problem::hint)
    })
}

/// None for a class that this version does not know.
fn understood(one: LoginResult) -> Option<LastCheck> {
    let evidence = match &one.evidence {
        Some(id) => Some(Evidence::by_id(id)?),
        None => None,
    };
    Some(LastCheck {
        outcome: LoginOutcome::by_id(&one.outcome)?,
        evidence,
        when: UNIX_EPOCH.checked_add(Duration::from_millis(one.at))?,
        registry: one.registry,
        user: one.user,
        source: one.source,
        message: one.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RegistryKey;
    use crate::ops::double::Bench;
    use crate::ops::registries;
    use crate::system::store::layout;

    const NOON: Duration = Duration::from_secs(1_772_366_400);

    fn noon() -> SystemTime {
        UNIX_EPOCH + NOON
    }

    fn check(registry: &str, user: &str, source: &str, outcome: LoginOutcome) -> Option<LastCheck> {
        let checked = Checked::before_the_network(outcome, "what it said");
        LastCheck::of(registry, Some(&Login::new(user)), source.to_owned(), &checked, noon())
    }

    #[test]
    fn a_login_s_own_result_is_found_again() {
        let bench = Bench::new();
        for (server, user) in [("h.test", "amy"), ("h.test", "bob"), ("https://index.docker.io/v1/", "hub")] {
            let folder = layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
            bench.put(&format!("{}/{user}.gpg", folder.display()), "for alice\npw");
        }
        let folder = &bench.system.options.docker_config;
        std::fs::create_dir_all(folder).expect("a folder");
        let text = r#"{"auths":{"y.test":{"auth":"Ym9iOnB3"}},"credHelpers":{"x.test":"odd","h.test":"pass"}}"#;
        std::fs::write(folder.join("config.json"), text).expect("a config");
        let news = [
            check("h.test", "amy", "store", LoginOutcome::OkProved),
            check("docker.io", "hub", "store", LoginOutcome::BadCredentials),
            check("y.test", "bob", "inline", LoginOutcome::OkUnproven),
            check("x.test", "whoever", "helper:odd", LoginOutcome::DnsFailure),
        ];
        remember(&bench.system, news.into_iter().flatten().collect()).expect("remembered");
        let (known, doubt) = read(&bench.system);
        assert_eq!(doubt, None);
        let found = registries::list(&bench.system).expect("listed");
        let logins: Vec<(&str, Option<LoginOutcome>)> = found
            .logins
            .iter()
            .map(|one| (one.login.as_str(), known.of_login(one).map(|check| check.outcome)))
            .collect();
        let (good, bad) = (Some(LoginOutcome::OkProved), Some(LoginOutcome::BadCredentials));
        assert_eq!(logins, [("hub", bad), ("amy", good), ("bob", None)]);
        let places: Vec<Option<LoginOutcome>> =
            found.elsewhere.iter().map(|one| known.of_place(one).map(|check| check.outcome)).collect();
        assert_eq!(places, [None, Some(LoginOutcome::DnsFailure), Some(LoginOutcome::OkUnproven)]);
        assert_eq!(known.of_registry("h.test").map(|check| check.outcome), good);
        let told = known.of_registry("h.test").expect("known");
        assert_eq!(told.words(noon() + Duration::from_secs(3 * 3600)), "3 hours ago: ok_proved");
        assert!(told.is_before(noon() + Duration::from_secs(60)) && !told.is_before(noon() + Duration::from_secs(1)));
    }

    #[test]
    fn what_never_reached_a_registry_says_nothing_of_a_login_and_no_secret_is_kept() {
        for outcome in [
            LoginOutcome::CalledOff,
            LoginOutcome::StoreLocked,
            LoginOutcome::HelperFailed,
            LoginOutcome::NoCredentials,
        ] {
            assert_eq!(check("h.test", "amy", "store", outcome), None);
        }
        let bench = Bench::new();
        let long = format!("ghp_{}", "a1B2".repeat(12));
        let news = [
            check("bob:hunter2@h.test", "amy", "store", LoginOutcome::OkProved),
            check("o.test", &long, "store", LoginOutcome::OkProved),
        ];
        remember(&bench.system, news.into_iter().flatten().collect()).expect("remembered");
        let file = bench.system.options.state_dir.join(login_results::FILE);
        let text = std::fs::read_to_string(file).expect("it");
        assert!(text.contains("***@h.test") && !text.contains("hunter2") && !text.contains("a1B2"), "{text}");
    }

    #[test]
    fn a_broken_file_is_told_and_kept_and_nothing_is_written_where_nothing_may_be() {
        let mut bench = Bench::new();
        let news = || check("h.test", "amy", "store", LoginOutcome::OkProved).into_iter().collect::<Vec<_>>();
        bench.system.options.read_only = Some("--read-only");
        remember(&bench.system, news()).expect("nothing to do");
        let file = bench.system.options.state_dir.join(login_results::FILE);
        assert!(!file.exists());
        bench.system.options.read_only = None;
        remember(&bench.system, news()).expect("remembered");
        std::fs::write(&file, "{").expect("broken");
        let problem = remember(&bench.system, news()).expect_err("told");
        assert!(problem.hints[0].contains(": mv "), "{problem:?}");
        let (known, doubt) = read(&bench.system);
        assert!(known.is_empty() && doubt.is_some());
        assert_eq!(std::fs::read_to_string(&file).expect("it"), "{");
    }
}

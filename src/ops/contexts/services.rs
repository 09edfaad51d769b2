//! Services and cron jobs that run Docker's client, each a context: the account that it runs as and the variables that it
//! is given (systemd.exec(5), crontab(5)).

use std::path::{Path, PathBuf};

use super::commands::{Runs, runs_docker};
use super::places::{ADMIN_PATH, Place, Places, lossy, of_cron, place};
use super::{Kind, Scope, matters};
use crate::model::text;
use crate::system::System;
use crate::system::accounts::{Accounts, ROOT};
use crate::system::crontabs::{self, Job};
use crate::system::units::{self, Unit};
use crate::system::variables::{self, Variables, assignment};

/// PATH of cron's jobs (crontab(5)).
const CRON_PATH: &str = "/usr/bin:/bin";

/// A file of variables that an account's services may be given, and the most of its bytes, is `variables`'s matter; so
/// many of them one unit may name.
const FILES_MAX: usize = 100;

pub(super) fn add(system: &System, scope: &Scope, accounts: &Accounts, found: &mut Places) {
    let on_machine = |folders: &[&str]| folders.iter().map(|folder| scope.on_machine(folder)).collect::<Vec<_>>();
    let system_units = units::services(&on_machine(units::SYSTEM));
    for unit in &system_units {
        found.places.extend(of_unit(system, scope, accounts, unit));
    }
    let mut folders: Vec<PathBuf> =
        system.env.home().map(|home| home.join(".config/systemd/user")).into_iter().collect();
    folders.extend(on_machine(units::USER));
    for unit in units::services(&folders) {
        found.places.extend(of_user_unit(system, scope, accounts, &unit));
    }
    // Debian's cron is started so that its jobs have the PATH that it has.
    let keeps_path = system_units.iter().any(|unit| {
        unit.name == "cron.service"
            && unit.commands().iter().any(|command| units::words(command).iter().any(|word| word == "-P"))
    });
    let (jobs, closed) = crontabs::jobs(&scope.machine, matters);
    let path = scope.search_path(if keeps_path { ADMIN_PATH } else { CRON_PATH });
    let of_machine = of_cron(scope);
    for job in jobs {
        let Some(place) = of_job(system, accounts, &job, (&path, &of_machine)) else { continue };
        let is_known =
            |other: &Place| other.file == place.file && other.user == place.user && other.variables == place.variables;
        if !found.places.iter().any(is_known) {
            found.places.push(place);
        }
    }
    let shut = closed.iter().map(|path| format!("the cron jobs in {} may not be read", text::quoted_path(path)));
    found.missed.extend(shut);
    number_equal_names(&mut found.places);
}

/// Two jobs of one table and account with other variables.
fn number_equal_names(places: &mut [Place]) {
    for index in 0..places.len() {
        let count = places[..index].iter().filter(|place| place.name == places[index].name).count();
        if count > 0 {
            places[index].name = format!("{} #{}", places[index].name, count + 1);
        }
    }
}

fn docker_of(unit: &Unit) -> Option<Runs> {
    unit.commands().into_iter().find_map(|command| runs_docker(command, matters))
}

fn of_unit(system: &System, scope: &Scope, accounts: &Accounts, unit: &Unit) -> Option<Place> {
    let runs = docker_of(unit)?;
    let user = unit.last("User").unwrap_or("root");
    let is_made_up = unit.last("DynamicUser").is_some_and(is_yes);
    let account = accounts.named(user).filter(|_| !is_made_up);
    let name = format!("unit {}", text::escaped(unit.name.trim_end_matches(".service").as_bytes()));
    let mut place = match account {
        Some(account) => place(name, Kind::Unit, account, accounts, system.env.uid()),
        None => Place { user: None, who: None, own_home: None, ..nobody(name, user, is_made_up) },
    };
    place.variables.insert("PATH".to_owned(), scope.search_path(ADMIN_PATH));
    // Only an account that the unit names gives it a HOME (systemd.exec(5), "Environment variables in spawned processes").
    if let Some(account) = account.filter(|_| unit.last("User").is_some()) {
        place.variables.insert("HOME".to_owned(), lossy(&account.home));
    }
    place.hides_homes = unit.last("ProtectHome").is_some_and(|value| is_yes(value) || value == "tmpfs");
    if ["RootDirectory", "RootImage"].iter().any(|name| unit.last(name).is_some()) {
        place.doubts.push("it runs in a root folder of its own, which is not looked into".to_owned());
        place.who = None;
    }
    let home = Path::new("/root");
    let home = accounts.by_uid(ROOT).map_or(home, |root| root.home.as_path());
    Some(set_by_unit(place, unit, runs, &Specifiers { home, runtime: Path::new("/run"), user: "root" }))
}

fn nobody(name: String, user: &str, is_made_up: bool) -> Place {
    let why = match is_made_up {
        true => "its account is made up when it starts".to_owned(),
        false => format!("its account {} is not in /etc/passwd", text::quoted(user)),
    };
    Place {
        name,
        kind: Kind::Unit,
        user: None,
        who: None,
        own_home: None,
        variables: Variables::new(),
        config: None,
        unattended: true,
        hides_homes: false,
        file: None,
        doubts: vec![why],
    }
}

fn of_user_unit(system: &System, scope: &Scope, accounts: &Accounts, unit: &Unit) -> Option<Place> {
    let runs = docker_of(unit)?;
    let account = accounts.by_uid(system.env.uid())?;
    let name = format!("user unit {}", text::escaped(unit.name.trim_end_matches(".service").as_bytes()));
    let mut place = place(name, Kind::Unit, account, accounts, system.env.uid());
    let home = system.env.home().unwrap_or(&account.home);
    // The manager has what its own login gave it, and no start-up file of a shell.
    place.variables.insert("PATH".to_owned(), scope.search_path(ADMIN_PATH));
    place.variables.insert("HOME".to_owned(), lossy(home));
    let mut files: Vec<PathBuf> = std::fs::read_dir(home.join(".config/environment.d"))
        .map(|items| items.filter_map(|item| Some(item.ok()?.path())).collect())
        .unwrap_or_default();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "conf")) {
        // environment.d(5) knows the same `$NAME` and `${NAME}`.
        let _ = variables::exported(file, &mut place.variables, matters);
    }
    let runtime = PathBuf::from(format!("/run/user/{}", account.uid));
    Some(set_by_unit(place, unit, runs, &Specifiers { home, runtime: &runtime, user: &account.name }))
}

/// What `%h` and its like stand for (systemd.unit(5), "Specifiers"): of the manager, not of `User=`.
struct Specifiers<'a> {
    home: &'a Path,
    runtime: &'a Path,
    user: &'a str,
}

impl Specifiers<'_> {
    fn expand(&self, value: &str, unit: &str) -> String {
        let instance = unit.split_once('@').map_or("", |(_, rest)| rest.trim_end_matches(".service"));
        let mut out = String::new();
        let mut letters = value.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => match letters.next() {
                    Some('h') => out.push_str(&lossy(self.home)),
                    Some('t') => out.push_str(&lossy(self.runtime)),
                    Some('u') => out.push_str(self.user),
                    Some('i' | 'I') => out.push_str(instance),
                    Some('n') => out.push_str(unit),
                    Some('%') | None => out.push('%'),
                    Some(other) => out.extend(['%', other]),
                },
                _ => out.push(letter),
            }
        }
        out
    }
}

fn set_by_unit(mut place: Place, unit: &Unit, runs: Runs, specifiers: &Specifiers<'_>) -> Place {
    let expand = |value: &str| specifiers.expand(value, &unit.name);
    for setting in unit.all("Environment") {
        for word in units::words(setting) {
            if let Some((name, value)) = assignment(&word).filter(|(name, _)| matters(name)) {
                place.variables.insert(name.to_owned(), expand(value));
            }
        }
    }
    for file in unit.all("EnvironmentFile").into_iter().take(FILES_MAX) {
        let path = PathBuf::from(expand(file.trim_start_matches('-')));
        match variables::of_file(&path, matters) {
            Ok(found) => place.variables.extend(found),
            Err(error) if error.is_not_found() && file.starts_with('-') => {}
            Err(error) => place.doubts.push(format!("{error}: what it sets is not known")),
        }
    }
    for name in unit.all("UnsetEnvironment").into_iter().flat_map(units::words) {
        place.variables.remove(&name);
    }
    Place { unattended: true, file: Some(unit.file.clone()), ..with_command(place, runs) }
}

fn with_command(mut place: Place, runs: Runs) -> Place {
    place.variables.extend(runs.variables);
    place.config = runs.config.map(PathBuf::from);
    place
}

fn of_job(system: &System, accounts: &Accounts, job: &Job, of_cron: (&str, &Variables)) -> Option<Place> {
    let runs = runs_docker(&job.command, matters)?;
    let account = accounts.named(&job.user)?;
    let table = job.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = match table == job.user {
        true => format!("cron {}", text::escaped(job.user.as_bytes())),
        false => format!("cron {} ({})", text::escaped(table.as_bytes()), text::escaped(job.user.as_bytes())),
    };
    let mut place = place(name, Kind::Cron, account, accounts, system.env.uid());
    place.variables = of_cron.1.clone();
    place.variables.insert("HOME".to_owned(), lossy(&account.home));
    place.variables.insert("PATH".to_owned(), of_cron.0.to_owned());
    place.variables.extend(job.variables.clone());
    Some(Place { unattended: true, file: Some(job.file.clone()), ..with_command(place, runs) })
}

/// systemd.syntax(7): how a setting says yes.
fn is_yes(value: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

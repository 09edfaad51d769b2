//! Services and cron jobs that run Docker's client, each a context: the account that it runs as and the variables that it
//! is given (systemd.exec(5), crontab(5)).

use std::path::{Path, PathBuf};

use super::commands::{Commands, Runs};
use super::places::{ADMIN_PATH, Place, Places, lossy, of_cron, place};
use super::{DECIDING, Kind, Missed, Scope, matters};
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

/// The most contexts that one cron table makes: an account's own table is not to hide what others run.
const TABLE_MAX: usize = 16;

pub(super) fn add(system: &System, scope: &Scope, accounts: &Accounts, found: &mut Places) {
    let on_machine = |folders: &[&str]| folders.iter().map(|folder| scope.on_machine(folder)).collect::<Vec<_>>();
    let mut commands = Commands::new(matters);
    let mut folders: Vec<PathBuf> =
        system.env.home().map(|home| home.join(".config/systemd/user")).into_iter().collect();
    folders.extend(on_machine(units::USER));
    let of_system = units::services(&on_machine(units::SYSTEM));
    let of_user = units::services(&folders);
    let unseen = |why: String, what: &str| Missed { of: Some(Kind::Unit), why: format!("{why}: {what}") };
    let specifiers = Specifiers::of_system(accounts);
    for unit in &of_system.units {
        let place = docker_of(unit, &specifiers, &mut commands)
            .map(|runs| of_unit(system, scope, accounts, unit, runs, &specifiers));
        found.add_unit(unit, place);
    }
    if let Some(account) = accounts.by_uid(system.env.uid()) {
        let home = system.env.home().unwrap_or(&account.home);
        let runtime = PathBuf::from(format!("/run/user/{}", account.uid));
        let specifiers = Specifiers { home, runtime: &runtime, user: &account.name };
        for unit in &of_user.units {
            let place = docker_of(unit, &specifiers, &mut commands)
                .and_then(|runs| of_user_unit(system, scope, accounts, unit, runs, &specifiers));
            found.add_unit(unit, place);
        }
    }
    for error in of_system.closed.iter().chain(&of_user.closed) {
        found.miss(unseen(error.to_string(), "whether a service runs docker is not known"));
    }
    for error in std::mem::take(&mut commands.closed) {
        found.miss(unseen(error.to_string(), "whether it runs docker is not known"));
    }
    // Debian's cron is started so that its jobs have the PATH that it has.
    let keeps_path = of_system.units.iter().any(|unit| {
        unit.name == "cron.service"
            && unit.commands().iter().any(|command| units::words(command).iter().any(|word| word == "-P"))
    });
    add_jobs(system, scope, (accounts, keeps_path), &mut commands, found);
}

fn add_jobs(
    system: &System,
    scope: &Scope,
    (accounts, keeps_path): (&Accounts, bool),
    commands: &mut Commands,
    found: &mut Places,
) {
    let path = scope.search_path(if keeps_path { ADMIN_PATH } else { CRON_PATH });
    let of_machine = of_cron(scope);
    let mut of_table: (PathBuf, usize) = Default::default();
    let closed = crontabs::visit(&scope.machine, matters, &mut |job| {
        if of_table.0 != job.file {
            of_table = (job.file.to_owned(), 0);
        }
        if found.is_full() || of_table.1 > TABLE_MAX {
            return;
        }
        let Some(place) = of_job(system, accounts, job, commands, (&path, &of_machine)) else { return };
        let is_known = |other: &Place| {
            other.file == place.file
                && other.user == place.user
                && other.variables == place.variables
                && other.config == place.config
        };
        if found.places.iter().any(is_known) {
            return;
        }
        of_table.1 += 1;
        match of_table.1 > TABLE_MAX {
            true => found.miss(Missed {
                of: Some(Kind::Cron),
                why: format!("{} runs docker in more than {TABLE_MAX} ways", text::quoted_path(job.file)),
            }),
            false => found.push(place),
        }
    });
    for error in closed.into_iter().chain(std::mem::take(&mut commands.closed)) {
        found.miss(Missed {
            of: Some(Kind::Cron),
            why: format!("{error}: whether a cron job runs docker is not known"),
        });
    }
}

fn docker_of(unit: &Unit, specifiers: &Specifiers<'_>, commands: &mut Commands) -> Option<Runs> {
    let expanded = unit.commands().into_iter().map(|command| specifiers.expand(command, &unit.name));
    expanded.into_iter().find_map(|command| commands.runs_docker(&command))
}

fn of_unit(
    system: &System,
    scope: &Scope,
    accounts: &Accounts,
    unit: &Unit,
    runs: Runs,
    specifiers: &Specifiers<'_>,
) -> Place {
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
    set_by_unit(place, unit, runs, specifiers)
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
        unclear: None,
    }
}

fn of_user_unit(
    system: &System,
    scope: &Scope,
    accounts: &Accounts,
    unit: &Unit,
    runs: Runs,
    specifiers: &Specifiers<'_>,
) -> Option<Place> {
    let account = accounts.by_uid(system.env.uid())?;
    let name = format!("user unit {}", text::escaped(unit.name.trim_end_matches(".service").as_bytes()));
    let mut place = place(name, Kind::Unit, account, accounts, system.env.uid());
    let home = specifiers.home;
    // The manager has what its own login gave it, and no start-up file of a shell.
    place.variables.insert("PATH".to_owned(), scope.search_path(ADMIN_PATH));
    place.variables.insert("HOME".to_owned(), lossy(home));
    let mut files: Vec<PathBuf> = std::fs::read_dir(home.join(".config/environment.d"))
        .map(|items| items.filter_map(|item| Some(item.ok()?.path())).collect())
        .unwrap_or_default();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "conf"));
    // environment.d(5) knows the same `$NAME`, `${NAME}` and `${NAME:-VALUE}`.
    place.read(files.into_iter().map(|file| (file, (|name, _| matters(name)) as fn(&str, &str) -> bool)));
    Some(set_by_unit(place, unit, runs, specifiers))
}

/// What `%h` and its like stand for (systemd.unit(5), "Specifiers"): of the manager, not of `User=`.
struct Specifiers<'a> {
    home: &'a Path,
    runtime: &'a Path,
    user: &'a str,
}

impl<'a> Specifiers<'a> {
    fn of_system(accounts: &'a Accounts) -> Specifiers<'a> {
        let home = accounts.by_uid(ROOT).map_or(Path::new("/root"), |root| root.home.as_path());
        Specifiers { home, runtime: Path::new("/run"), user: "root" }
    }

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
    place.doubts.extend(unit.closed.iter().map(|error| format!("{error}: what it sets is not known")));
    Place { unattended: true, file: Some(unit.file.clone()), ..with_command(place, runs) }
}

/// What a shell puts into a value is told only as far as it is known here.
fn with_command(mut place: Place, runs: Runs) -> Place {
    let unknown = |what: &str, value: &str| format!("{what} is {}, which only running it tells", text::quoted(value));
    for (name, value) in runs.variables {
        match variables::filled(&value, &place.variables) {
            Some(value) => _ = place.variables.insert(name, value),
            None if DECIDING.contains(&name.as_str()) => {
                let why = unknown(&format!("{name} of its command"), &value);
                place.doubt(why);
            }
            None => {}
        }
    }
    // No shell puts a home in the place of `~` there.
    let config = runs.config.map(|config| match variables::filled(&config, &place.variables) {
        Some(filled) if !config.starts_with('~') => Ok(PathBuf::from(filled)),
        _ => Err(unknown("--config", &config)),
    });
    match config {
        Some(Ok(config)) => place.config = Some(config),
        Some(Err(why)) => place.doubt(why),
        None => {}
    }
    place
}

fn of_job(
    system: &System,
    accounts: &Accounts,
    job: &Job<'_>,
    commands: &mut Commands,
    of_cron: (&str, &Variables),
) -> Option<Place> {
    let runs = commands.runs_docker(job.command)?;
    let account = accounts.named(job.user)?;
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
    Some(Place { unattended: true, file: Some(job.file.to_owned()), ..with_command(place, runs) })
}

/// systemd.syntax(7): how a setting says yes.
fn is_yes(value: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

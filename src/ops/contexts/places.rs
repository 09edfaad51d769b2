//! Which contexts there are, and with which account and variables each begins: this shell, sudo, logins, Docker's snap.
//! Services and cron jobs are `services.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{DECIDING, Kind, Missed, Scope, matters, services};
use crate::model::text;
use crate::system::System;
use crate::system::accounts::{self, Account, Accounts, ROOT, Who};
use crate::system::files;
use crate::system::sudoers::{self, Caller, Settings, SudoersError};
use crate::system::units::Unit;
use crate::system::variables::{self, Variables};

/// Debian's `secure_path` and PATH of root's logins; the last resort where a file says nothing.
pub(super) const ADMIN_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// PATH of other logins (login.defs(5), `ENV_PATH`).
const USER_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

/// The most contexts that are looked at.
const PLACES_MAX: usize = 64;

/// The most files of one folder of start-up files.
const FILES_MAX: usize = 1_000;

/// The most sentences on what was not seen.
const MISSED_MAX: usize = 20;

/// The longest path there is, in bytes (limits.h, `PATH_MAX`).
const PATH_MAX: usize = 4096;

/// Whether what a file sets counts: the name, and the value as written.
type Counts = fn(&str, &str) -> bool;

/// A context before anything in it was looked at.
#[derive(Debug)]
pub(super) struct Place {
    pub name: String,
    pub kind: Kind,
    pub user: Option<String>,
    pub who: Option<Who>,
    /// The home that the account has by `/etc/passwd`.
    pub own_home: Option<PathBuf>,
    pub variables: Variables,
    /// `--config` of the command.
    pub config: Option<PathBuf>,
    pub unattended: bool,
    /// systemd hides homes from it (`ProtectHome=`).
    pub hides_homes: bool,
    pub file: Option<PathBuf>,
    pub doubts: Vec<String>,
    /// Why it is not known which configuration and which store it uses.
    pub unclear: Option<String>,
}

impl Place {
    /// Notes why an answer there would be guessed.
    pub fn doubt(&mut self, why: String) {
        self.unclear.get_or_insert_with(|| why.clone());
        self.doubts.push(why);
    }

    /// What start-up files set, one after the other. Nothing is guessed where one says it in words that only running it tells.
    pub fn read(&mut self, files: impl IntoIterator<Item = (PathBuf, Counts)>) {
        let mut untold = BTreeSet::new();
        for (file, counts) in files {
            if let Err(error) = variables::exported(&file, &mut self.variables, &mut untold, counts)
                && !error.is_not_found()
            {
                self.doubts.push(format!("{error}: what it sets is not known"));
            }
        }
        for name in untold {
            let why = format!("a start-up file sets {name} to what only running it tells");
            // Of a PATH, the folders that are known are looked through.
            match DECIDING.contains(&name.as_str()) && name != "PATH" {
                true => self.doubt(why),
                false => self.doubts.push(why),
            }
        }
    }

    /// A folder that is named from the one that a command runs in can be anywhere.
    fn doubt_folders(&mut self) {
        let config = self.config.as_ref().map(|config| ("--config", lossy(config)));
        let folders = DECIDING.iter().filter(|name| **name != "PATH");
        let set = folders.filter_map(|name| Some((*name, self.variables.get(*name)?.clone())));
        let named: Vec<(&str, String)> = config.into_iter().chain(set).collect();
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            if value.len() > PATH_MAX {
                self.variables.remove(name);
                self.doubt(format!("{name} is longer than any path"));
            } else if !value.starts_with('/') {
                self.doubt(format!("{name} is {}: where that is, only running it tells", text::quoted(value)));
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Places {
    pub places: Vec<Place>,
    pub missed: Vec<Missed>,
    /// Of what was not seen, how much is not told one by one.
    untold: usize,
}

impl Places {
    pub fn is_full(&self) -> bool {
        self.places.len() > PLACES_MAX
    }

    /// One more than is looked at is kept, to know that there are more.
    pub fn push(&mut self, mut place: Place) {
        if self.is_full() {
            return;
        }
        if !matches!(place.kind, Kind::Me | Kind::Snap) {
            place.doubt_folders();
        }
        self.places.push(place);
    }

    pub fn miss(&mut self, missed: Missed) {
        match self.missed.len() < MISSED_MAX {
            true => self.missed.push(missed),
            false => self.untold += 1,
        }
    }

    /// A unit, and the context that it makes if it runs docker.
    pub fn add_unit(&mut self, unit: &Unit, place: Option<Place>) {
        match place {
            Some(place) => self.push(place),
            None => unit.closed.iter().for_each(|error| {
                let why = format!("{error}: whether the service runs docker is not known");
                self.miss(Missed { of: Some(Kind::Unit), why });
            }),
        }
    }

    fn end(mut self) -> Places {
        if self.is_full() {
            let why = format!("docker may be run in more than {PLACES_MAX} ways: the others were not looked at");
            self.places.truncate(PLACES_MAX);
            self.missed.push(Missed { of: None, why });
        }
        if self.untold > 0 {
            self.missed.push(Missed { of: None, why: format!("{} more could not be read", self.untold) });
        }
        // Two jobs of one table and account with other variables.
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for place in &mut self.places {
            let count = counts.entry(place.name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                place.name.push_str(&format!(" #{count}"));
            }
        }
        self
    }
}

pub(super) fn find(system: &System, scope: &Scope) -> Places {
    let accounts = accounts::read(&scope.machine);
    let mut found = Places::default();
    found.push(me(system, &accounts));
    let root = accounts.by_uid(ROOT);
    if let Some(root) = root {
        by_sudo(system, scope, &accounts, root).into_iter().for_each(|place| found.push(place));
        found.push(login("root login", root, system, scope, &accounts));
    }
    // By sudo, "me" is root; whoever called it has logins too.
    let is_other = |one: &&Account| one.uid != ROOT && one.uid != system.env.uid();
    let others = accounts.all().iter().filter(|one| scope.all_users && is_other(one) && has_config(one));
    for account in caller(system, &accounts).into_iter().chain(others) {
        let name = format!("user {}", text::escaped(account.name.as_bytes()));
        if !found.is_full() && found.places.iter().all(|place| place.name != name) {
            found.push(login(&name, account, system, scope, &accounts));
        }
    }
    services::add(system, scope, &accounts, &mut found);
    snap(system, scope, &accounts).into_iter().for_each(|place| found.push(place));
    found.end()
}

/// Who called sudo to start us as root: then it is from there that sudo is called again.
fn caller<'a>(system: &System, accounts: &'a Accounts) -> Option<&'a Account> {
    let name = system.env.text("SUDO_USER").filter(|_| system.env.uid() == ROOT)?;
    accounts.named(name).filter(|account| account.uid != ROOT)
}

/// A home with a configuration of Docker that we can see.
fn has_config(account: &Account) -> bool {
    account.home != Path::new("/") && account.home.join(".docker/config.json").symlink_metadata().is_ok()
}

fn me(system: &System, accounts: &Accounts) -> Place {
    let env = &system.env;
    let account = accounts.by_uid(env.uid());
    Place {
        name: "me".to_owned(),
        kind: Kind::Me,
        user: env.user_name(),
        who: Some(account.map_or_else(
            || Who { uid: env.uid(), is_us: true, gids: Vec::new() },
            |account| accounts.who(account, env.uid()),
        )),
        own_home: env.home().map(Path::to_owned),
        variables: own_variables(system),
        config: None,
        unattended: false,
        hides_homes: false,
        file: None,
        doubts: Vec::new(),
        unclear: None,
    }
}

fn own_variables(system: &System) -> Variables {
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let wanted = system.env.vars().map(|(name, value)| (text(name), text(value)));
    wanted.filter(|(name, value)| matters(name) && !value.is_empty()).collect()
}

/// An account with no variables of its own yet.
pub(super) fn place(name: String, kind: Kind, account: &Account, accounts: &Accounts, us: u32) -> Place {
    Place {
        name,
        kind,
        user: Some(account.name.clone()),
        who: Some(accounts.who(account, us)),
        own_home: Some(account.home.clone()),
        variables: Variables::new(),
        config: None,
        unattended: false,
        hides_homes: false,
        file: None,
        doubts: Vec::new(),
        unclear: None,
    }
}

/// `sudo docker` and `sudo -H docker` from here; none where sudo is not set up.
fn by_sudo(system: &System, scope: &Scope, accounts: &Accounts, root: &Account) -> Vec<Place> {
    let (us, mine) = match caller(system, accounts) {
        Some(caller) => (Some(caller), login("", caller, system, scope, accounts).variables),
        None => (accounts.by_uid(system.env.uid()), own_variables(system)),
    };
    let caller = Caller {
        user: us.map_or("", |account| account.name.as_str()),
        groups: us.map(|account| accounts.groups_of(account)).unwrap_or_default(),
    };
    let (settings, doubt) = match sudoers::settings(&scope.on_machine(sudoers::FILE), Some(&caller)) {
        Ok(settings) => (settings, None),
        Err(SudoersError::Missing(_)) => return Vec::new(),
        Err(error) => {
            let assumed = Settings { secure_path: Some(scope.search_path(ADMIN_PATH)), ..Settings::default() };
            (assumed, Some(format!("{error}: what sudo does is taken to be what it does by itself")))
        }
    };
    let of_machine = of_machine(scope, &["sudo"]);
    let of_kind = |name: &str, kind: Kind| {
        let mut place = place(name.to_owned(), kind, root, accounts, system.env.uid());
        let kept = |name: &&String| settings.keeps(name) && *name != "PATH" && *name != "HOME";
        place.variables = of_machine.clone();
        place.variables.extend(mine.iter().filter(|(name, _)| kept(name)).map(|(n, v)| (n.clone(), v.clone())));
        let keeps_home = kind == Kind::Sudo && settings.keeps("HOME") && !settings.always_set_home;
        let home = mine.get("HOME").filter(|_| keeps_home).cloned();
        place.variables.insert("HOME".to_owned(), home.unwrap_or_else(|| lossy(&root.home)));
        let path = settings.secure_path.clone().or_else(|| mine.get("PATH").cloned());
        place.variables.extend(path.map(|path| ("PATH".to_owned(), path)));
        place.doubts.extend(doubt.clone());
        place
    };
    vec![of_kind("sudo", Kind::Sudo), of_kind("sudo -H", Kind::SudoHome)]
}

/// `/etc/environment`, where a service of PAM sets it (pam_env(8)).
fn of_machine(scope: &Scope, services: &[&str]) -> Variables {
    let sets = |service: &&str| {
        let file = scope.on_machine("/etc/pam.d").join(service);
        files::read_bounded(&file, 64 << 10).is_ok_and(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("pam_env"))
        })
    };
    if !services.iter().any(sets) {
        return Variables::new();
    }
    variables::of_file(&scope.on_machine("/etc/environment"), matters).unwrap_or_default()
}

/// `/etc/environment` as cron's jobs have it.
pub(super) fn of_cron(scope: &Scope) -> Variables {
    of_machine(scope, &["cron", "crond"])
}

/// A new login of an account, as `su -` and a terminal make one.
fn login(name: &str, account: &Account, system: &System, scope: &Scope, accounts: &Accounts) -> Place {
    let mut place = place(name.to_owned(), Kind::Login, account, accounts, system.env.uid());
    place.variables = of_machine(scope, &["su-l", "su", "login", "sshd", "sudo-i"]);
    let is_root = account.uid == ROOT;
    let path = variables::login_path(&scope.on_machine("/etc/login.defs"), is_root)
        .unwrap_or_else(|| scope.search_path(if is_root { ADMIN_PATH } else { USER_PATH }));
    place.variables.insert("HOME".to_owned(), lossy(&account.home));
    place.variables.insert("PATH".to_owned(), path);
    let shell = account.shell.rsplit('/').next().unwrap_or_default();
    let any: Counts = |name, _| matters(name);
    let of_machine = machine_files(scope, shell).into_iter().map(|file| (file, adds as Counts));
    place.read(of_machine.chain(own_files(account, shell).into_iter().map(|file| (file, any))));
    place
}

/// What a start-up file of the machine says. The PATH in it is chosen by the account, as in `login.defs`, unless it adds to
/// the one before.
fn adds(name: &str, value: &str) -> bool {
    matters(name) && (name != "PATH" || value.contains("$PATH") || value.contains("${PATH"))
}

/// What a login shell reads of the machine's, by its manual and as distributions build it.
fn machine_files(scope: &Scope, shell: &str) -> Vec<PathBuf> {
    let named: &[&str] = match shell {
        "zsh" => &[
            "/etc/zshenv",
            "/etc/zsh/zshenv",
            "/etc/zprofile",
            "/etc/zsh/zprofile",
            "/etc/zshrc",
            "/etc/zsh/zshrc",
            "/etc/zlogin",
            "/etc/zsh/zlogin",
        ],
        "bash" => &["/etc/profile", "/etc/bash.bashrc", "/etc/bashrc"],
        _ => &["/etc/profile"],
    };
    let mut files: Vec<PathBuf> = named.iter().map(|file| scope.on_machine(file)).collect();
    let mut more = files::items(&scope.on_machine("/etc/profile.d"), FILES_MAX).paths;
    more.retain(|file| file.extension().is_some_and(|ending| ending == "sh"));
    files.extend(more);
    files
}

/// The same of the account's own.
fn own_files(account: &Account, shell: &str) -> Vec<PathBuf> {
    let at = |name: &str| account.home.join(name);
    let is_there = |name: &&&str| at(name).exists();
    match shell {
        "zsh" => [".zshenv", ".zprofile", ".zshrc", ".zlogin"].map(at).into(),
        "bash" => {
            let first = [".bash_profile", ".bash_login", ".profile"].iter().find(is_there).map(|name| at(name));
            // Its ~/.profile reads it, as distributions ship it.
            first.into_iter().chain([at(".bashrc")]).collect()
        }
        _ => vec![at(".profile")],
    }
}

/// Docker from a snap: its home is the snap's, and it finds only programs of the snap (snapcraft, "Environment variables").
fn snap(system: &System, scope: &Scope, accounts: &Accounts) -> Option<Place> {
    let installed = scope.on_machine("/snap/docker/current");
    let home = system.env.home()?;
    if !installed.exists() && scope.on_machine("/snap/bin/docker").symlink_metadata().is_err() {
        return None;
    }
    let inside = |folder: &str| installed.join(folder).to_string_lossy().into_owned();
    Some(Place {
        name: "snap".to_owned(),
        kind: Kind::Snap,
        variables: Variables::from([
            ("HOME".to_owned(), lossy(&home.join("snap/docker/current"))),
            ("PATH".to_owned(), ["usr/sbin", "usr/bin", "sbin", "bin"].map(inside).join(":")),
        ]),
        ..me(system, accounts)
    })
}

pub(super) fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

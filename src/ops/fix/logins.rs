//! Logins that stand in clear, moved into the store: what would go where, and why some cannot. Nothing is decrypted to plan
//! it; what is in the store already is compared when it is done.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::preview::{Preview, diff};
use super::{Deed, Fix, kept_from, read};
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Credential, Login, Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::audit::evidence::AuthSeen;
use crate::ops::audit::places::AuthRole;
use crate::ops::audit::{Evidence, Finding, Spot};
use crate::ops::credentials::CredentialStore;
use crate::ops::shims;
use crate::system::System;
use crate::system::docker::auth_file::{Contents, Layout};
use crate::system::docker::edit::{self, Edit, EditError, Entry, EntryIndex};
use crate::system::links::Found;

/// All that is moved out of one file.
#[derive(Debug)]
pub(super) struct Moves {
    /// What the file holds.
    pub(super) before: Secret,
    pub(super) layout: Layout,
    pub(super) moves: Vec<Move>,
    /// The helper that has to be named, so that Docker finds them.
    pub(super) helper: Option<String>,
    /// Where the store has another login, that one stays.
    pub(super) keep_store: bool,
}

/// One login.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) entry: Entry,
    /// The name under which Docker will ask for it.
    pub(super) key: RegistryKey,
    /// As the file tells it.
    pub(super) login: Login,
    /// The helper that has to be named for this registry alone.
    pub(super) own_helper: Option<String>,
    /// Of the findings that its entry makes.
    pub(super) fingerprints: Vec<String>,
}

/// What a file has yet to say, so that a login is looked for in the store.
enum Wiring {
    Nothing,
    /// `credsStore`, for every registry.
    ForAll(String),
    /// `credHelpers`, for this one: podman and its kin know no other.
    ForOne(String),
}

impl Moves {
    pub(super) fn edits<'m>(&self, moves: impl Iterator<Item = &'m Move>) -> Vec<Edit> {
        let (mut helpers, mut emptied) = (Vec::new(), Vec::new());
        for one in moves {
            let server = one.entry.server.clone();
            helpers.extend(one.own_helper.clone().map(|helper| Edit::CredHelper { server: server.clone(), helper }));
            emptied.push(Edit::Empty { layout: self.layout, server });
        }
        let for_all = self.helper.iter().cloned().map(Edit::CredsStore);
        // Those of one kind together: they are made in one pass.
        for_all.chain(helpers).chain(emptied).collect()
    }

    pub(super) fn logins(&self) -> Result<Vec<(RegistryKey, Credential)>, Problem> {
        let index = EntryIndex::of(&self.before, self.layout)
            .map_err(|error| Problem::failed("the logins cannot be read").because(error))?;
        self.moves.iter().map(|one| Ok((one.key.clone(), one.held(&index)?))).collect()
    }
}

impl Move {
    /// As it stands in this text of the file.
    pub(super) fn held(&self, index: &EntryIndex<'_>) -> Result<Credential, Problem> {
        index.credential(&self.entry.server).map_err(|error| {
            Problem::failed(format!("{} cannot be moved", whose(&self.login, &self.key))).because(error)
        })
    }
}

/// How many logins that cannot be moved a reason names.
const NAMED_MAX: usize = 3;

/// Checks whose findings are entries of such a file.
pub(super) const OF_ENTRIES: [&str; 6] = ["INL01", "INL02", "INL03", "INL04", "INL05", "INL06"];

pub(super) fn plan(system: &System, evidence: &Evidence, findings: &[&Finding]) -> Vec<Fix> {
    let files = evidence.auth.iter().filter(|seen| seen.role != AuthRole::Leftover);
    files.flat_map(|seen| of_file(system, evidence, seen, findings)).collect()
}

fn of_file(system: &System, evidence: &Evidence, seen: &AuthSeen, findings: &[&Finding]) -> Vec<Fix> {
    let path = seen.file.path.as_path();
    let of_it = |finding: &&&Finding| OF_ENTRIES.contains(&finding.id) && finding.path.as_deref() == Some(path);
    let findings: Vec<&Finding> = findings.iter().filter(of_it).copied().collect();
    let (Some(contents), false) = (seen.contents(), findings.is_empty()) else { return Vec::new() };
    let Some(before) = read(path) else { return Vec::new() };
    let layout = if seen.role == AuthRole::Legacy { Layout::Flat } else { Layout::Nested };
    let entries = edit::entries(&before, layout).unwrap_or_default();
    let findings = ByEntry::of(&entries, &findings);
    let all_guided =
        |why: &str| -> Vec<Fix> { entries.iter().map(|entry| findings.guided(entry, why.to_owned())).collect() };
    if let Some(why) = kept_from(evidence, path) {
        return all_guided(&why);
    }
    let index = match EntryIndex::of(&before, layout) {
        Ok(index) => index,
        Err(error) => return all_guided(&error.to_string()),
    };
    let (mut moves, mut fixes, mut helper, mut stuck) = (Vec::new(), Vec::new(), None, Vec::new());
    for entry in &entries {
        let looked = Looked { system, evidence, role: seen.role, contents };
        match planned(&looked, &index, entry) {
            Ok((one, wanted)) => {
                helper = helper.or(wanted);
                let own = findings.of_entry(entry).iter();
                moves.push(Move { fingerprints: own.map(|finding| finding.fingerprint()).collect(), ..one });
            }
            Err(why) => {
                stuck.push(text::quoted(misplaced::server(&entry.server)));
                fixes.push(findings.guided(entry, why));
            }
        }
    }
    // Docker would ask the helper for those too, which does not have them.
    if let (Some(helper), false) = (&helper, fixes.is_empty()) {
        let stuck = some(&stuck);
        let why = format!(
            "docker-credential-{} would have to be named for it, and then Docker would no longer find the logins that cannot be \
             moved; see to them first: {stuck}",
            text::escaped(helper.as_bytes())
        );
        fixes.extend(moves.iter().map(|one| findings.guided(&one.entry, why.clone())));
        return fixes;
    }
    let parents = parents(&entries);
    let (moves, parted): (Vec<Move>, Vec<Move>) =
        moves.into_iter().partition(|one| one.own_helper.is_none() || !parents.contains(one.entry.server.as_str()));
    let why = "a helper would have to be named for the whole registry, and the logins for parts of it, which no helper keeps, \
               would no longer be used";
    fixes.extend(parted.iter().map(|one| findings.guided(&one.entry, why.to_owned())));
    let mut moves = moves;
    // The name that Docker looks for first goes first: another spelling of it has to be the same.
    moves.sort_by_key(|one| one.key.as_bytes() != one.entry.server.as_bytes());
    let moves = Moves { before, layout, moves, helper, keep_store: false };
    match edit::edited(&moves.before, &moves.edits(moves.moves.iter())) {
        Ok(after) if !moves.moves.is_empty() => fixes.push(moving(system, path, &findings, moves, &after)),
        Ok(_) => {}
        Err(error) => return all_guided(&obstacle(&error)),
    }
    fixes
}

/// What another entry is for a part of.
fn parents(entries: &[Entry]) -> HashSet<&str> {
    let above = |server: &'_ str| server.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    entries.iter().flat_map(|entry| above(&entry.server).into_iter().map(|at| &entry.server[..at])).collect()
}

fn obstacle(error: &EditError) -> String {
    format!("the file cannot be changed line by line: {error}")
}

/// What is known of a file with logins.
struct Looked<'a> {
    system: &'a System,
    evidence: &'a Evidence,
    role: AuthRole,
    contents: &'a Contents,
}

/// The move of one login, and the helper that has to be named for all. Err: why it cannot be moved.
fn planned(looked: &Looked<'_>, index: &EntryIndex<'_>, entry: &Entry) -> Result<(Move, Option<String>), String> {
    let login = index.credential(&entry.server).map_err(|error| error.to_string())?.login;
    let key = match looked.role {
        AuthRole::Containers => own_name(&entry.server)?,
        _ => key_of(&entry.server),
    };
    let (for_all, own_helper) = match looked.wiring(&key)? {
        Wiring::Nothing => (None, None),
        Wiring::ForAll(helper) => (Some(helper), None),
        Wiring::ForOne(helper) => (None, Some(helper)),
    };
    Ok((Move { entry: entry.clone(), key, login, own_helper, fingerprints: Vec::new() }, for_all))
}

/// podman and its kin ask a helper about the registry's plain name, and know logins of a part of a registry too
/// (containers-auth.json(5)).
fn own_name(server: &str) -> Result<RegistryKey, String> {
    if server.contains('/') {
        return Err("it is for a part of a registry, and a helper is asked about whole ones".to_owned());
    }
    Ok(RegistryKey::new(server))
}

/// The name under which Docker asks a helper: the host, and the Hub's own (docker/cli `ConvertToHostname`, `IndexServer`).
pub(super) fn key_of(server: &str) -> RegistryKey {
    let key = RegistryKey::new(server);
    if key.is_hub_token() {
        return key;
    }
    if key.canonical() == HUB_NAME {
        return RegistryKey::new(HUB_KEY);
    }
    let rest = server.strip_prefix("http://").or_else(|| server.strip_prefix("https://")).unwrap_or(server);
    RegistryKey::new(rest.split('/').next().unwrap_or(rest))
}

impl Looked<'_> {
    /// What the file has yet to say, so that this login is looked for in the store.
    fn wiring(&self, key: &RegistryKey) -> Result<Wiring, String> {
        let own = self.contents.cred_helpers.iter().find(|(server, _)| server.as_bytes() == key.as_bytes());
        let own = own.map(|(_, helper)| helper.as_str());
        match self.role {
            AuthRole::Containers => match own {
                Some(helper) => self.named(helper).map(|()| Wiring::Nothing),
                None => self.usable().map(Wiring::ForOne),
            },
            AuthRole::Legacy => match self.evidence.docker().and_then(AuthSeen::contents) {
                // The file itself names no helper: what Docker reads has to.
                Some(contents) => match (Looked { role: AuthRole::Docker, contents, ..*self }).wiring(key)? {
                    Wiring::Nothing => Ok(Wiring::Nothing),
                    _ => Err("no helper is named in config.json: do that first, regpass fix --apply CFG10".to_owned()),
                },
                None => Err("Docker's config.json names no helper".to_owned()),
            },
            _ => match own.or(self.contents.creds_store.as_deref()) {
                Some("") => Err("credHelpers says that Docker keeps it in this file: take that out first".to_owned()),
                Some(helper) => self.named(helper).map(|()| Wiring::Nothing),
                None => self.usable().map(Wiring::ForAll),
            },
        }
    }

    /// Err for a helper that does not answer from the store.
    fn named(&self, helper: &str) -> Result<(), String> {
        if !shims::is_ours(helper) {
            return Err(format!(
                "docker-credential-{} is asked for it, and not the store: log in again, or name another helper",
                text::escaped(helper.as_bytes())
            ));
        }
        self.is_of_our_store(helper)
    }

    fn usable(&self) -> Result<String, String> {
        let none = "no helper of the store is on PATH, so that Docker would not find it: regpass shims install";
        let helper = self.evidence.helper.clone().ok_or_else(|| none.to_owned())?;
        self.is_of_our_store(&helper).map(|()| helper)
    }

    /// The official helper knows pass's own folder only, whatever else regpass opens.
    fn is_of_our_store(&self, helper: &str) -> Result<(), String> {
        let found = shims::found_first(self.system, helper).ok().flatten().map(|shim| shim.found);
        let is_regpass = matches!(found, None | Some(Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy));
        let env = &self.system.env;
        let of_pass = env.var("PASSWORD_STORE_DIR").map(PathBuf::from);
        let of_pass = of_pass.or_else(|| env.home().map(|home| home.join(".password-store")));
        let ours = self.system.stores().ok().map(|stores| stores.root().root().to_owned());
        if is_regpass || ours == of_pass {
            return Ok(());
        }
        Err(format!(
            "docker-credential-{} here is not regpass and reads another store: regpass shims install",
            text::escaped(helper.as_bytes())
        ))
    }
}

fn moving(system: &System, path: &Path, findings: &ByEntry<'_>, moves: Moves, after: &Secret) -> Fix {
    let count = moves.moves.len();
    let logins = if count == 1 { "1 login".to_owned() } else { format!("{count} logins") };
    let title = format!("move {logins} from {} into the store", text::quoted_path(path));
    let own: Vec<&Finding> = moves.moves.iter().flat_map(|one| findings.of_entry(&one.entry)).copied().collect();
    let mut steps: Vec<String> = moves.moves.iter().map(|one| step(system, one)).collect();
    if let Some(helper) = &moves.helper {
        steps.push(format!(
            "names docker-credential-{} in the file, for every registry",
            text::escaped(helper.as_bytes())
        ));
    }
    for (one, helper) in moves.moves.iter().filter_map(|one| Some((one, one.own_helper.as_ref()?))) {
        let server = text::quoted(misplaced::server(one.key.as_bytes()));
        steps.push(format!("names docker-credential-{} in the file for {server}", text::escaped(helper.as_bytes())));
    }
    steps.push("keeps the file as it is now, encrypted, for regpass undo".to_owned());
    let Preview { lines, untold } = diff(&moves.before, Some(after));
    steps.extend(untold.map(|untold| untold.to_string()));
    let advice = vec!["change the passwords at the registries: whoever read the file has them".to_owned()];
    Fix { diff: lines, steps, advice, ..Fix::auto(&own, title, path, Deed::Move(moves)) }
}

fn step(system: &System, one: &Move) -> String {
    let whose = whose(&one.login, &one.key);
    let as_named = if one.key.as_bytes() == one.entry.server.as_bytes() {
        String::new()
    } else {
        format!(" (here {})", text::quoted(misplaced::server(&one.entry.server)))
    };
    match CredentialStore::new(system).answering(&one.key) {
        Ok(None) => format!("stores {whose}{as_named}, and reads it back"),
        Ok(Some(there)) => {
            let whom = if there == one.login { String::new() } else { format!(", that of {},", there.quoted()) };
            format!(
                "compares {whose}{as_named} with what the store has{whom} and takes it out of the file if both are the same"
            )
        }
        Err(problem) => format!("stores {whose}{as_named}, unless the store cannot be read: {}", problem.one_line()),
    }
}

/// `the login of "bob" at "a.test"`.
pub(super) fn whose(login: &Login, key: &RegistryKey) -> String {
    let at = text::quoted(misplaced::server(key.as_bytes()));
    if login.is_identity_token() {
        format!("the identity token at {at}")
    } else if login.is_showable() {
        format!("the login of {} at {at}", login.quoted())
    } else {
        format!("the login at {at}")
    }
}

/// A few of the names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// The findings that each entry of a file makes.
struct ByEntry<'f>(HashMap<&'f str, Vec<&'f Finding>>);

impl<'f> ByEntry<'f> {
    fn of(entries: &'f [Entry], findings: &[&'f Finding]) -> ByEntry<'f> {
        let mut found: HashMap<&str, Vec<&Finding>> =
            entries.iter().map(|entry| (entry.pointer.as_str(), Vec::new())).collect();
        for finding in findings {
            let Spot::Pointer(pointer) = &finding.spot else { continue };
            // A finding is about the entry, or about something in it.
            let ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
            for end in ends {
                if let Some(own) = found.get_mut(&pointer[..end]) {
                    own.push(finding);
                }
            }
        }
        ByEntry(found)
    }

    fn of_entry(&self, entry: &Entry) -> &[&'f Finding] {
        self.0.get(entry.pointer.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    fn guided(&self, entry: &Entry, why: String) -> Fix {
        Fix::guided(self.of_entry(entry), Some(why))
    }
}

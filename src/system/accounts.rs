//! The machine's accounts as its files tell them: `/etc/passwd` and `/etc/group` (passwd(5), group(5)), and what an account
//! may read or run by owner, group and mode. Accounts that only a directory service knows are not seen, nor are ACLs.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files;

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 4 << 20;

pub const ROOT: u32 = 0;

/// One line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: PathBuf,
    pub shell: String,
}

/// Who opens a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub uid: u32,
    /// It is who we are: then the system is asked rather than the modes.
    pub is_us: bool,
    /// Its own group and those that it is in besides.
    pub gids: Vec<u32>,
}

/// Whether somebody may do something with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum May {
    Yes,
    /// This file or folder does not let it.
    No(PathBuf),
    Missing,
    /// We may not even look.
    Unseen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Read,
    Run,
}

/// Everybody the machine knows by its files.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    all: Vec<Account>,
    /// Name, number, members.
    groups: Vec<(String, u32, Vec<String>)>,
}

/// Reads the files below this folder, `/` but in tests. What is not there names nobody.
pub fn read(machine: &Path) -> Accounts {
    let text = |name: &str| files::read_bounded(&machine.join("etc").join(name), SIZE_MAX).unwrap_or_default();
    let lines = |name: &str| {
        let bytes = text(name);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    Accounts {
        all: lines("passwd").iter().filter_map(|line| account(line)).collect(),
        groups: lines("group").iter().filter_map(|line| group(line)).collect(),
    }
}

fn account(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, shell, ..] = fields[..] else { return None };
    let is_usable = !name.is_empty() && home.starts_with('/');
    is_usable.then_some(Account {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: PathBuf::from(home),
        shell: shell.to_owned(),
    })
}

fn group(line: &str) -> Option<(String, u32, Vec<String>)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members, ..] = fields[..] else { return None };
    let members = members.split(',').map(str::trim).filter(|member| !member.is_empty());
    Some((name.to_owned(), gid.parse().ok()?, members.map(str::to_owned).collect()))
}

impl Accounts {
    pub fn all(&self) -> &[Account] {
        &self.all
    }

    pub fn by_uid(&self, uid: u32) -> Option<&Account> {
        self.all.iter().find(|account| account.uid == uid)
    }

    /// By name, or by number as units may give it.
    pub fn named(&self, name: &str) -> Option<&Account> {
        let by_name = self.all.iter().find(|account| account.name == name);
        by_name.or_else(|| self.by_uid(name.parse().ok()?))
    }

    /// The names of the groups that an account is in.
    pub fn groups_of(&self, account: &Account) -> Vec<&str> {
        let is_in = |gid: u32, members: &[String]| gid == account.gid || members.contains(&account.name);
        let groups = self.groups.iter().filter(|(_, gid, members)| is_in(*gid, members));
        groups.map(|(name, ..)| name.as_str()).collect()
    }

    /// Who an account is to the file system; `us` is our own number.
    pub fn who(&self, account: &Account, us: u32) -> Who {
        let others = self.groups.iter().filter(|(.., members)| members.contains(&account.name));
        let gids = std::iter::once(account.gid).chain(others.map(|(_, gid, _)| *gid)).collect();
        Who { uid: account.uid, is_us: account.uid == us, gids }
    }
}

impl Who {
    /// Whether the modes of the file and of every folder on the way let it. root may everything, but run what nobody may.
    pub fn may(&self, deed: Deed, path: &Path) -> May {
        if self.is_us {
            return may_we(deed, path);
        }
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return May::Unseen,
            Err(_) => return May::Missing,
        };
        for (index, part) in real.ancestors().enumerate() {
            let Ok(meta) = part.metadata() else { return May::Unseen };
            let wanted = match (index, deed) {
                (0, Deed::Read) if meta.is_dir() => 0o5,
                (0, Deed::Read) => 0o4,
                _ => 0o1,
            };
            if !self.has(wanted, &meta) {
                return May::No(part.to_owned());
            }
        }
        May::Yes
    }

    fn has(&self, wanted: u32, meta: &std::fs::Metadata) -> bool {
        let mode = meta.mode();
        if self.uid == ROOT {
            return meta.is_dir() || wanted & 0o1 == 0 || mode & 0o111 != 0;
        }
        let shift = match () {
            () if meta.uid() == self.uid => 6,
            () if self.gids.contains(&meta.gid()) => 3,
            () => 0,
        };
        (mode >> shift) & wanted == wanted
    }
}

fn may_we(deed: Deed, path: &Path) -> May {
    use rustix::fs::Access;
    use rustix::io::Errno;
    let wanted = match deed {
        Deed::Run => Access::EXEC_OK,
        Deed::Read if path.is_dir() => Access::READ_OK | Access::EXEC_OK,
        Deed::Read => Access::READ_OK,
    };
    match rustix::fs::access(path, wanted) {
        Ok(()) => May::Yes,
        Err(Errno::ACCESS | Errno::PERM) => May::No(path.to_owned()),
        Err(_) => May::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn accounts_and_their_groups() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("etc")).expect("a folder");
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/sh\nodd:x:x:1::/:\nshort:x:1\n";
        std::fs::write(dir.path().join("etc/passwd"), passwd).expect("written");
        std::fs::write(dir.path().join("etc/group"), "bob:x:1000:\ndocker:x:999:alice,bob\n").expect("written");
        let accounts = read(dir.path());
        let bob = accounts.named("bob").expect("bob");
        assert_eq!(accounts.groups_of(bob), ["bob", "docker"]);
        assert_eq!(accounts.who(bob, 7), Who { uid: 1000, is_us: false, gids: vec![1000, 999] });
        assert_eq!(accounts.named("1000"), Some(bob));
        assert_eq!((accounts.all().len(), read(Path::new("/nonexistent")).all().len()), (2, 0));
    }

    #[test]
    fn modes_and_folders_on_the_way_decide() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a/b");
        std::fs::create_dir(dir.path().join("a")).expect("a folder");
        std::fs::write(&file, "x").expect("written");
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        mode(dir.path(), 0o755);
        let meta = file.metadata().expect("it");
        let stranger = Who { uid: meta.uid() + 1, is_us: false, gids: vec![meta.gid() + 1] };
        let mate = Who { gids: vec![meta.gid()], ..stranger.clone() };
        mode(&dir.path().join("a"), 0o750);
        mode(&file, 0o644);
        assert_eq!(mate.may(Deed::Read, &file), May::Yes);
        assert_eq!(mate.may(Deed::Run, &file), May::No(file.canonicalize().expect("it")));
        assert_eq!(stranger.may(Deed::Read, &file), May::No(dir.path().join("a").canonicalize().expect("it")));
        let root = Who { uid: ROOT, is_us: false, gids: vec![0] };
        assert_eq!(root.may(Deed::Read, &file), May::Yes);
        assert!(matches!(root.may(Deed::Run, &file), May::No(_)), "nobody may run it");
        assert_eq!(stranger.may(Deed::Read, &dir.path().join("none")), May::Missing);
    }
}

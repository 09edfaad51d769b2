//! Who else may write somewhere: owners, modes and groups of files, against who is in which group by the machine's own files
//! (passwd(5), group(5)). Users that only a directory service knows are not found.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files;

/// The most of `passwd` and `group` that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// Owner of what belongs to nobody in this user namespace (user_namespaces(7)).
const NOBODY: u32 = 65534;

/// One user, and everybody besides him and root.
#[derive(Debug, Default)]
pub struct Others {
    uid: u32,
    /// Groups with somebody else in them.
    groups: BTreeSet<u32>,
}

impl Others {
    /// Of the machine whose `/etc` lies in this folder.
    pub fn than(uid: u32, machine: &Path) -> Others {
        let read = |name: &str| files::read_bounded(&machine.join("etc").join(name), SIZE_MAX).unwrap_or_default();
        let (passwd, group) = (read("passwd"), read("group"));
        let mut others = Others { uid, groups: BTreeSet::new() };
        let mut numbers = BTreeMap::new();
        for fields in lines(&passwd) {
            let [name, _, user, primary, ..] = &fields[..] else { continue };
            let (Ok(user), Ok(primary)) = (user.parse::<u32>(), primary.parse::<u32>()) else { continue };
            numbers.insert(name.clone(), user);
            others.groups.extend((user != uid && user != 0).then_some(primary));
        }
        for fields in lines(&group) {
            let [_, _, number, members, ..] = &fields[..] else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            let is_other =
                |member: &str| !member.is_empty() && numbers.get(member).is_none_or(|user| *user != uid && *user != 0);
            others.groups.extend(members.split(',').any(is_other).then_some(number));
        }
        others
    }

    /// True when somebody else may change this file, or make files in this folder.
    pub fn may_write(&self, path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| {
            let (uid, gid, mode) = (meta.uid(), meta.gid(), meta.mode());
            let by_group = mode & 0o020 != 0 && self.groups.contains(&gid);
            ![self.uid, 0, NOBODY].contains(&uid) || mode & 0o002 != 0 || by_group
        })
    }

    /// The first place on the way to a file, or the file itself, where somebody else could put another in its place. Links
    /// are followed.
    pub fn way_in(&self, file: &Path) -> Option<PathBuf> {
        let real = file.canonicalize().ok();
        [Some(file), real.as_deref()].into_iter().flatten().find_map(|file| self.on_the_way(file))
    }

    /// As `way_in`, to a folder in which there is, or is not yet, something; the folder itself may be missing too.
    pub fn way_into(&self, folder: &Path) -> Option<PathBuf> {
        let real = folder.ancestors().find_map(|folder| folder.canonicalize().ok())?;
        if self.may_write(&real) { Some(real) } else { self.on_the_way(&real) }
    }

    fn on_the_way(&self, path: &Path) -> Option<PathBuf> {
        // A link's own mode says nothing, and its target is asked about by itself.
        let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let itself = (!is_link && self.may_write(path)).then(|| path.to_owned());
        // What stands in a sticky folder is its owner's alone to replace (unlink(2)).
        let is_sticky = |folder: &Path| folder.metadata().is_ok_and(|meta| meta.mode() & 0o1000 != 0);
        let above = || path.ancestors().skip(1).find(|folder| self.may_write(folder) && !is_sticky(folder));
        itself.or_else(|| above().map(Path::to_owned))
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = Vec<String>> {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .map(|line| line.split(|byte| *byte == b':').map(|field| String::from_utf8_lossy(field).into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn others_are_those_who_are_neither_we_nor_root() {
        let machine = tempfile::tempdir().expect("a folder");
        let etc = machine.path().join("etc");
        std::fs::create_dir(&etc).expect("a folder");
        std::fs::write(etc.join("passwd"), "root:x:0:0::/:\nann:x:7:100::/:\nbob:x:8:8::/:\nhalf:x\n").expect("writes");
        std::fs::write(
            etc.join("group"),
            "users:x:100:\nstaff:x:50:\nops:x:60:ann,bob\nmine:x:70:ann,root\nodd:x:80:x\n",
        )
        .expect("writes");
        let others = Others::than(7, machine.path());
        assert_eq!(others.groups, BTreeSet::from([8, 60, 80]), "100 is ann's alone");
        assert_eq!(Others::than(8, machine.path()).groups, BTreeSet::from([100, 60, 70, 80]));
        assert_eq!(Others::than(7, Path::new("/nonexistent")).groups, BTreeSet::new());
    }

    #[test]
    fn a_way_in_is_what_others_can_write_and_no_sticky_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().canonicalize().expect("its path");
        let (folder, file) = (dir.join("bin"), dir.join("bin/x"));
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(&file, "").expect("a file");
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        let others = Others::than(std::fs::metadata(&dir).expect("a folder").uid(), &dir);
        mode(&folder, 0o755);
        assert_eq!((others.way_in(&file), others.way_into(&folder)), (None, None));
        mode(&file, 0o666);
        assert_eq!(others.way_in(&file).as_deref(), Some(&*file));
        mode(&file, 0o644);
        mode(&folder, 0o1777);
        assert_eq!(others.way_in(&file), None, "sticky");
        assert_eq!(others.way_into(&folder).as_deref(), Some(&*folder), "another can be put there before it");
        mode(&folder, 0o777);
        assert_eq!(others.way_in(&file).as_deref(), Some(&*folder));
        mode(&folder, 0o755);
        mode(&dir, 0o777);
        assert_eq!(others.way_into(&folder.join("new/er")).as_deref(), Some(&*dir));
        let link = folder.join("link");
        std::os::unix::fs::symlink("x", &link).expect("a link");
        mode(&dir, 0o755);
        assert_eq!(others.way_in(&link), None);
    }
}

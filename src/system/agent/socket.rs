//! Where gpg-agent of a GnuPG home listens, computed as GnuPG does (common/homedir.c, `_gnupg_socketdir_internal`), so
//! that no `gpgconf` has to be asked.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::keygrip::sha1;
use crate::system::env::Env;
use crate::system::files::read_bounded;

/// The largest redirection file (libassuan, assuan-socket.c, `eval_redirection`), in bytes.
const REDIRECT_MAX: u64 = 511;

/// Whose sockets are spoken to: our own and root's. Root works in other people's homes too, and may have put another user's
/// socket into a folder of its own, as for a container.
#[derive(Clone, Copy, Debug)]
pub struct Trusted {
    uid: u32,
    /// The owner of the GnuPG home, for root.
    owner: Option<u32>,
}

const ROOT: u32 = 0;

impl Trusted {
    pub fn of(env: &Env, home: &Path) -> Trusted {
        let uid = env.uid();
        let owner = if uid == ROOT { std::fs::metadata(home).ok().map(|meta| meta.uid()) } else { None };
        Trusted { uid, owner }
    }

    /// This user and root, as seen from somebody who is not root.
    #[cfg(test)]
    pub fn one(uid: u32) -> Trusted {
        Trusted { uid, owner: None }
    }

    /// `uid`: the owner of that socket.
    pub fn includes(&self, uid: u32, socket: &Path) -> bool {
        let is_root_s =
            |folder: &Path| std::fs::metadata(folder).is_ok_and(|meta| meta.uid() == ROOT && meta.mode() & 0o022 == 0);
        uid == self.uid
            || uid == ROOT
            || self.owner == Some(uid)
            || (self.uid == ROOT && socket.parent().is_some_and(is_root_s))
    }
}

/// The socket called `name` (`S.gpg-agent`, `S.keyboxd`) of this GnuPG home. It need not exist.
pub fn path(env: &Env, home: &Path, name: &str) -> PathBuf {
    path_of((Path::new("/run/user"), env.uid()), env.home(), home, name)
}

/// The same for any account, by the folder that holds accounts' folders for sockets, its number and its home.
pub fn path_of((runtime, uid): (&Path, u32), own: Option<&Path>, home: &Path, name: &str) -> PathBuf {
    let home = without_slash(home);
    let default = own.map(|own| own.join(".gnupg"));
    let folder = runtime_folder(runtime, uid).map(|folder| match &default {
        Some(default) if without_slash(default) == home => folder,
        _ => folder.join(format!("d.{}", home_hash(home.as_os_str().as_bytes()))),
    });
    folder.unwrap_or_else(|| home.to_owned()).join(name)
}

/// `/run/user/UID/gnupg` when GnuPG would use it: the user's own folder, and `gnupg` in it, if there, closed to others.
fn runtime_folder(base: &Path, uid: u32) -> Option<PathBuf> {
    let user = base.join(uid.to_string());
    std::fs::metadata(&user).ok().filter(|meta| meta.is_dir() && meta.uid() == uid)?;
    let gnupg = user.join("gnupg");
    match std::fs::metadata(&gnupg) {
        Ok(meta) if meta.is_dir() && meta.uid() == uid && meta.mode() & 0o077 == 0 => Some(gnupg),
        Ok(_) => None,
        Err(_) => Some(gnupg),
    }
}

/// z-base-32 of the first 15 bytes of the SHA-1 of the home's name as it is written.
fn home_hash(home: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
    let digest = sha1(&[home]).unwrap_or_default();
    let mut hash = String::with_capacity(24);
    for five in digest[..15].chunks(5) {
        let bits = five.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let letters = (0..8).rev().map(|at| ALPHABET[usize::try_from((bits >> (at * 5)) & 31).unwrap_or_default()]);
        hash.extend(letters.map(char::from));
    }
    hash
}

fn without_slash(path: &Path) -> PathBuf {
    let mut bytes = path.as_os_str().as_bytes();
    while let [rest @ .., b'/'] = bytes
        && !rest.is_empty()
    {
        bytes = rest;
    }
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// The socket that a regular file in a socket's place points to; None when it is no such file. `${NAME}` stands for an
/// environment variable.
pub fn redirected(env: &Env, file: &Path) -> Option<PathBuf> {
    let bytes = read_bounded(file, REDIRECT_MAX).ok()?;
    let name = bytes.strip_prefix(b"%Assuan%\nsocket=")?;
    let end = name.iter().position(|byte| *byte == b'\n').unwrap_or(name.len());
    let mut name = &name[..end];
    let mut path = Vec::new();
    while let Some(at) = name.windows(2).position(|pair| pair == b"${") {
        path.extend_from_slice(&name[..at]);
        let rest = &name[at + 2..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        let variable = std::str::from_utf8(&rest[..close]).ok()?;
        path.extend_from_slice(env.var(variable).map(OsStrExt::as_bytes).unwrap_or_default());
        name = &rest[close + 1..];
    }
    path.extend_from_slice(name);
    (!path.is_empty()).then(|| PathBuf::from(OsString::from_vec(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn homes_are_hashed_as_gnupg_does() {
        // gpgconf --homedir /home/alice/other --list-dirs agent-socket, GnuPG 2.2.40.
        assert_eq!(home_hash(b"/home/alice/other"), "5poupp1pxdbyit3pceph6ny5");
    }

    #[test]
    fn the_runtime_folder_must_be_ours_and_closed() {
        let dir = tempfile::tempdir().expect("a folder");
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(runtime_folder(dir.path(), uid), None);
        let gnupg = dir.path().join(uid.to_string()).join("gnupg");
        std::fs::create_dir_all(&gnupg).expect("a folder");
        let set = |mode| std::fs::set_permissions(&gnupg, std::fs::Permissions::from_mode(mode)).expect("a mode");
        set(0o755);
        assert_eq!(runtime_folder(dir.path(), uid), None);
        set(0o700);
        assert_eq!(runtime_folder(dir.path(), uid), Some(gnupg.clone()));
        std::fs::remove_dir(&gnupg).expect("removed");
        assert_eq!(runtime_folder(dir.path(), uid), Some(gnupg));
    }

    #[test]
    fn sockets_of_others_are_not_trusted() {
        let dir = tempfile::tempdir().expect("a folder");
        let inside = dir.path().join("S");
        let set = |mode| std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
        let user = Trusted { uid: 1000, owner: None };
        assert!(user.includes(1000, &inside) && user.includes(0, &inside) && !user.includes(1001, &inside));
        let root = Trusted { uid: 0, owner: Some(1000) };
        set(0o777);
        assert!(root.includes(0, &inside) && root.includes(1000, &inside) && !root.includes(1001, &inside));
        set(0o700);
        let is_root_s = std::fs::metadata(dir.path()).expect("a folder").uid() == 0;
        assert_eq!(root.includes(1001, &inside), is_root_s);
        assert!(!user.includes(1001, &inside));
    }

    #[test]
    fn redirections_are_followed_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::made_of([("HOME", "/home/a")]);
        let file = dir.path().join("S.gpg-agent");
        let followed = |text: &str| {
            std::fs::write(&file, text).expect("written");
            redirected(&env, &file)
        };
        assert_eq!(followed("%Assuan%\nsocket=/x/S\n"), Some("/x/S".into()));
        assert_eq!(followed("%Assuan%\nsocket=${HOME}/y${NONE}/S\n"), Some("/home/a/y/S".into()));
        for text in ["", "%Assuan%\n", "%Assuan%\nsocket=\n", "%Assuan%\nsocket=${HOME\n", "socket=/x"] {
            assert_eq!(followed(text), None, "{text:?}");
        }
        assert_eq!(followed(&format!("%Assuan%\nsocket=/{}\n", "x".repeat(600))), None);
    }
}

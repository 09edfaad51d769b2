//! An entry's plaintext in a file, for an editor that knows no other way: in a private folder in memory, overwritten and
//! removed whatever happens, with everything that an editor left beside it. Knows no editor and no store.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::env::Env;
use super::files::{self, FileError};
use super::scratch::Scratch;
use crate::model::{EntryPath, Problem, Secret, text};

/// The largest text taken back, in bytes.
const TEXT_MAX: u64 = 16 << 20;

/// The longest front of a file's name taken from its entry's, in bytes.
const NAME_MAX: usize = 100;

/// File systems that live in memory (statfs(2): tmpfs, ramfs).
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("there is no folder in memory for the text while it is edited")]
    OnDisk { places: Vec<PathBuf> },
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            DraftError::OnDisk { places } => {
                let places: Vec<String> = places.iter().map(|place| text::quoted_path(place)).collect();
                problem
                    .because(format!("none of these is one that can be written: {}", places.join(", ")))
                    .option("from a disk a removed text can be brought back; if that may be, add: --allow-disk")
                    .hint("or write the text without a file, from another program: regpass edit --stdin")
            }
            DraftError::File(_) => problem,
        }
    }
}

/// The file. Dropped: overwritten and removed with its folder.
#[derive(Debug)]
pub struct Draft {
    scratch: Scratch,
    file: PathBuf,
    kept: bool,
}

impl Draft {
    /// Makes the file, mode 0600, in a new folder, mode 0700. On a disk only when that is allowed.
    pub fn make(env: &Env, entry: &EntryPath, text: &Secret, allow_disk: bool) -> Result<Draft, DraftError> {
        let var = |name: &str| env.var(name).map(PathBuf::from);
        let mut places: Vec<PathBuf> =
            [Some("/dev/shm".into()), var("XDG_RUNTIME_DIR")].into_iter().flatten().collect();
        let tried = places.clone();
        places.retain(|place| is_in_memory(place) && may_write(place));
        if allow_disk {
            places.extend([var("TMPDIR"), Some("/tmp".into())].into_iter().flatten());
        }
        if places.is_empty() {
            return Err(DraftError::OnDisk { places: tried });
        }
        let scratch = Scratch::make(&places, "regpass-edit", env.uid())?;
        let file = scratch.path().join(file_name(entry));
        let draft = Draft { scratch, file, kept: false };
        files::create(&draft.file, text.expose(), 0o600)?;
        Ok(draft)
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The text as it is now.
    pub fn read(&self) -> Result<Secret, DraftError> {
        Ok(Secret::new(files::read_bounded(&self.file, TEXT_MAX)?))
    }

    /// As `keep`: what kept the text from being stored, and how it is had and stored all the same.
    pub fn keep_for(self, entry: &EntryPath, problem: Problem) -> Problem {
        let file = self.keep();
        let (word, entry) = (text::shell_word(&file), text::shell_word(entry.as_os_str().as_ref()));
        let folder = file.parent().map(text::shell_word).unwrap_or_default();
        problem
            .hint(format!("the text that was not stored is kept, readable, in {}", text::quoted_path(&file)))
            .hint(format!("to store it all the same: regpass insert --multiline --force {entry} < {word}"))
            .hint(format!("then, or if it is not wanted: rm -r {folder}"))
    }

    /// Leaves the file where it is, and says where: a text that could not be stored is not lost.
    pub fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.scratch.keep();
        self.file.clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            wipe(self.scratch.path());
        }
    }
}

/// Overwrites every file below a folder; what cannot be is only removed (by the scratch folder).
fn wipe(folder: &Path) {
    let Ok(items) = std::fs::read_dir(folder) else { return };
    for item in items.flatten() {
        match item.metadata() {
            Ok(meta) if meta.is_dir() => wipe(&item.path()),
            Ok(meta) if meta.is_file() => {
                let zeros = vec![0; usize::try_from(meta.len().min(TEXT_MAX)).unwrap_or_default()];
                let file = OpenOptions::new().write(true).open(item.path());
                let _ = file.and_then(|mut file| file.write_all(&zeros).and_then(|()| file.sync_all()));
            }
            _ => {}
        }
    }
}

/// As pass names it, without what an editor's status line could not show: slashes become hyphens.
fn file_name(entry: &EntryPath) -> String {
    let plain = |byte: &u8| match byte {
        b'/' => '-',
        byte if byte.is_ascii_alphanumeric() || b"._-".contains(byte) => char::from(*byte),
        _ => '_',
    };
    let name: String = entry.as_os_str().as_bytes().iter().take(NAME_MAX).map(plain).collect();
    format!("{}.txt", name.trim_start_matches(['.', '-']))
}

fn is_in_memory(place: &Path) -> bool {
    rustix::fs::statfs(place).is_ok_and(|found| {
        #[allow(clippy::unnecessary_cast, reason = "the field has another type on other processors")]
        let kind = found.f_type as i64 & 0xffff_ffff;
        IN_MEMORY.contains(&kind)
    })
}

fn may_write(place: &Path) -> bool {
    rustix::fs::access(place, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn path(name: &str) -> EntryPath {
        EntryPath::parse(name).expect("a name")
    }

    fn made(env: &Env, allow_disk: bool) -> Result<Draft, DraftError> {
        Draft::make(env, &path("a/b"), &Secret::new(b"secret".to_vec()), allow_disk)
    }

    #[test]
    fn it_is_private_and_goes_with_what_lies_beside_it() {
        let env = Env::made_of([("HOME", "/nonexistent")]);
        let draft = made(&env, false).expect("made");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let folder = draft.file().parent().expect("a folder").to_owned();
        assert_eq!((mode(draft.file()), mode(&folder)), (0o600, 0o700));
        assert!(is_in_memory(&folder));
        assert!(draft.read().expect("read").same_as(&Secret::new(b"secret".to_vec())));
        std::fs::create_dir(folder.join("sub")).expect("a folder");
        std::fs::write(folder.join("sub/a-b.txt~"), b"secret").expect("a backup");
        // A second name shows that the bytes went, not only the name.
        let outside = tempfile::Builder::new().tempdir_in("/dev/shm").expect("a folder");
        std::fs::hard_link(draft.file(), outside.path().join("link")).expect("a second name");
        drop(draft);
        assert!(!folder.exists());
        assert_eq!(std::fs::read(outside.path().join("link")).expect("there"), [0; 6]);
    }

    #[test]
    fn what_is_kept_stays() {
        let env = Env::made_of([("HOME", "/nonexistent")]);
        let file = made(&env, false).expect("made").keep();
        drop(made(&env, false).expect("another"));
        assert_eq!(std::fs::read(&file).expect("there"), b"secret");
        std::fs::remove_dir_all(file.parent().expect("a folder")).expect("removed");
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(file_name(&path("a/b c\u{1b}[2J")), "a-b_c__2J.txt");
        assert_eq!(file_name(&path("-rf/.x")), "rf-.x.txt");
        assert_eq!(file_name(&path(&"n".repeat(250))).len(), NAME_MAX + 4);
    }

    #[test]
    fn a_disk_is_no_memory() {
        assert!(is_in_memory(Path::new("/dev/shm")) && !is_in_memory(Path::new("/proc")));
    }
}

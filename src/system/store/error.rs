//! What can go wrong in a store, and how a person is told.

use std::path::{Path, PathBuf};

use super::gopass::Doubt;
use super::layout::LayoutError;
use crate::model::{EntryPath, EntryPathError, Problem, RecipientError, text};
use crate::system::files::FileError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the name cannot be used: {0}")]
    Name(#[from] EntryPathError),
    /// The wording's front is what clients of the official helper know (docker-credential-helpers v0.9.8, `pass/pass.go`,
    /// `checkInitialized`).
    #[error("pass not initialized: there is no password store at {}", text::quoted_path(.root))]
    NoStore { root: PathBuf },
    /// `root` is where it is when gopass's configuration does not say otherwise.
    #[error("where the password store is cannot be told: {}", .doubt.why)]
    PlaceUnknown { root: PathBuf, doubt: Doubt },
    #[error("pass not initialized: no recipients file (.gpg-id) governs {}", text::quoted_path(.folder))]
    NotInitialised { root: PathBuf, folder: PathBuf },
    #[error("the recipients file {} cannot be used: {source}", text::quoted_path(.path))]
    Recipients { path: PathBuf, source: RecipientError },
    #[error("the recipients file {} has no signature {}.sig", text::quoted_path(.path), text::escaped(.path.as_os_str().as_encoded_bytes()))]
    Unsigned { path: PathBuf },
    #[error("{} is a link that leads out of the store, to {}", text::quoted_path(.link), text::quoted_path(.target))]
    LinkLeaves { link: PathBuf, target: PathBuf },
    #[error("{} is a link to nothing", text::quoted_path(.link))]
    LinkDangles { link: PathBuf },
    #[error("{} is a link to {}, which is not an entry", text::quoted_path(.link), text::quoted_path(.target))]
    LinkToOther { link: PathBuf, target: PathBuf },
    #[error("{} is a link to {}, which governs other folders too", text::quoted_path(.link), text::quoted_path(.target))]
    LinkShared { link: PathBuf, target: PathBuf },
    #[error("{} is a link to {}, which other people may read", text::quoted_path(.link), text::quoted_path(.target))]
    LinkCrosses {
        link: PathBuf,
        target: PathBuf,
        /// The recipients files that govern the link's folder, and its target's.
        own: PathBuf,
        other: PathBuf,
    },
    #[error("the name {} is kept for git and for files in the making", text::quoted_path(.path))]
    Reserved { path: PathBuf },
    #[error("nothing new is put into {}: a folder whose name begins with a dot", text::quoted(.folder.as_bytes()))]
    HiddenName { folder: EntryPath },
    #[error("{} begins or ends with a blank, which nobody sees", text::quoted(.name.name().as_encoded_bytes()))]
    BlankName { name: EntryPath },
    #[error("{} is in the way: it is not a folder", text::quoted_path(.path))]
    NotAFolder { path: PathBuf },
    #[error("{} is the store itself", text::quoted_path(.0))]
    WholeStore(PathBuf),
    /// `by`: the flag, variable or setting that forbids it.
    #[error("the store {} is not written to: regpass is read-only here", text::quoted_path(.root))]
    ReadOnly { root: PathBuf, by: &'static str },
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            StoreError::Layout(error) => error.into(),
            StoreError::Name(_) => Problem { kind: crate::model::ProblemKind::Usage, ..problem },
            StoreError::NoStore { root } | StoreError::NotInitialised { root, .. } => problem
                .hint("see which keys you have: gpg --list-secret-keys")
                .hint(format!("create the store, with your key's id at the end: {}", init_command(&root))),
            StoreError::PlaceUnknown { root, doubt } => {
                let hint = format!("say where it is: export PASSWORD_STORE_DIR={}", text::shell_word(&root));
                if doubt.foreign_home {
                    problem.hint("use your own home: unset HOME").hint(hint)
                } else {
                    problem
                        .hint("mend gopass's configuration; what it says of the store: gopass config mounts.path")
                        .hint(hint)
                }
            }
            StoreError::Recipients { source: RecipientError::Conflict { .. }, .. } => {
                problem.hint("see what waits to be settled: regpass conflicts")
            }
            StoreError::Recipients { path, .. } => problem.hint(format!(
                "write one key id, fingerprint or e-mail address a line into {}",
                text::escaped(path.as_os_str().as_encoded_bytes())
            )),
            StoreError::Unsigned { path } => problem
                .because("PASSWORD_STORE_SIGNING_KEY asks for one")
                .hint(format!("sign it: gpg --detach-sign {}", text::shell_word(&path))),
            StoreError::LinkLeaves { link, .. } => problem.hint(format!(
                "put the file itself in the link's place, or remove the link: rm {}",
                text::shell_word(&link)
            )),
            StoreError::LinkShared { link, .. } => problem.hint(format!(
                "give the folder a file of its own: cp --remove-destination \"$(readlink -f {0})\" {0}",
                text::shell_word(&link)
            )),
            StoreError::LinkToOther { link, .. } => {
                problem.hint(format!("remove the link: rm {}", text::shell_word(&link)))
            }
            StoreError::LinkCrosses { link, own, other, .. } => problem
                .because(format!(
                    "{} says who reads the one, {} the other",
                    text::quoted_path(&own),
                    text::quoted_path(&other)
                ))
                .hint(format!("remove the link: rm {}", text::shell_word(&link))),
            StoreError::Reserved { .. } => {
                Problem { kind: crate::model::ProblemKind::Usage, ..problem }.hint("choose another name")
            }
            StoreError::HiddenName { .. } => Problem { kind: crate::model::ProblemKind::Usage, ..problem }
                .because("neither pass nor gopass nor regpass lists what is in such a folder")
                .hint("choose another name"),
            StoreError::BlankName { .. } => {
                Problem { kind: crate::model::ProblemKind::Usage, ..problem }.hint("choose another name")
            }
            StoreError::ReadOnly { by, .. } => problem.because(format!("{by} asks for it")),
            StoreError::LinkDangles { link } => problem.hint(format!("remove it: rm {}", text::shell_word(&link))),
            StoreError::File(FileError::HeldForUs { .. }) => {
                problem.hint("a git hook of a store cannot write to that store: take the call out of the hook")
            }
            StoreError::File(FileError::Busy { holder: Some(holder), .. }) => {
                problem.hint(format!("see what it does: ps -fp {holder}"))
            }
            StoreError::File(error) => error.hint().into_iter().fold(problem, Problem::hint),
            _ => problem,
        }
    }
}

/// `entry` is not in the store.
pub fn not_in_store(entry: &EntryPath) -> Problem {
    Problem::not_found(format!("{} is not in the password store", text::quoted(entry.as_bytes())))
}

/// The command that makes a store there.
fn init_command(root: &Path) -> String {
    format!("PASSWORD_STORE_DIR={} pass init", text::shell_word(root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn what_keeps_a_file_from_being_written_has_a_command() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("new/x y.gpg");
        let hints = |what, errno: Errno| {
            let error = FileError::io(what, &file, errno.into());
            Problem::from(StoreError::from(error)).hints.join("\n")
        };
        let folder = dir.path().display();
        assert!(hints("cannot write", Errno::NOSPC).ends_with(&format!("df -h {folder}")));
        assert!(hints("cannot write", Errno::DQUOT).ends_with(&format!("df -h {folder}")));
        assert!(hints("cannot write", Errno::ROFS).ends_with(&format!("findmnt -T {folder}")));
        assert!(hints("cannot write", Errno::ACCESS).ends_with(&format!("ls -ld {folder}")));
        assert_eq!(hints("cannot write", Errno::IO), "");
        std::fs::create_dir(dir.path().join("new")).expect("a folder");
        std::fs::write(&file, "x").expect("a file");
        assert!(hints("cannot read", Errno::ACCESS).ends_with(&format!("ls -ld {folder}/new '{}'", file.display())));
    }
}

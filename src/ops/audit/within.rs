//! Files below a folder, and what of it could not be seen. Called by `places`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::places::Scope;
use crate::model::text;

/// The most entries of one folder that are looked at: a folder is no history.
const ITEMS_MAX: usize = 4_000;

/// What a folder holds.
#[derive(Default)]
pub(super) struct Within {
    /// Sorted.
    pub(super) files: Vec<PathBuf>,
    /// Folders that were not seen to their end, and why.
    pub(super) missed: Vec<(PathBuf, String)>,
}

impl Within {
    /// The wanted files, at most so many folders deep; links are not followed.
    pub(super) fn of(top: &Path, depth: usize, is_wanted: impl Fn(&Path) -> bool, scope: &Scope) -> Within {
        let mut found = Within::default();
        let mut waiting = vec![(top.to_owned(), depth)];
        while let Some((folder, depth)) = waiting.pop().filter(|_| !scope.cancel.is_called_off()) {
            for path in found.items(&folder) {
                let Ok(meta) = path.symlink_metadata() else { continue };
                let name = path.file_name().unwrap_or_default();
                if meta.is_dir() && depth > 0 && !SKIPPED.iter().any(|skipped| name == OsStr::new(skipped)) {
                    waiting.push((path, depth - 1));
                } else if !meta.is_dir() && !meta.is_symlink() && is_wanted(&path) {
                    found.files.push(path);
                }
            }
            if found.files.len() > ITEMS_MAX {
                found.files.truncate(ITEMS_MAX);
                found.missed.push((
                    top.to_owned(),
                    format!("more than {ITEMS_MAX} files below {} are to be read", text::quoted_path(top)),
                ));
                break;
            }
        }
        found.files.sort();
        found
    }

    pub(super) fn items(&mut self, folder: &Path) -> Vec<PathBuf> {
        let items = match std::fs::read_dir(folder) {
            Ok(items) => items,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                let why = format!("cannot look into {}: {error}", text::quoted_path(folder));
                self.missed.push((folder.to_owned(), why));
                return Vec::new();
            }
        };
        let mut found: Vec<PathBuf> = items.filter_map(|item| Some(item.ok()?.path())).take(ITEMS_MAX + 1).collect();
        if found.len() > ITEMS_MAX {
            found.truncate(ITEMS_MAX);
            self.missed
                .push((folder.to_owned(), format!("{} has more than {ITEMS_MAX} entries", text::quoted_path(folder))));
        }
        found.sort();
        found
    }
}

/// Folders of projects in which other people's files lie.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", "vendor"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wanted_takes_no_place_and_what_cannot_be_listed_is_told() {
        let top = tempfile::tempdir().expect("a folder");
        let many = top.path().join("a");
        for part in 0..3 {
            let folder = many.join(part.to_string());
            std::fs::create_dir_all(&folder).expect("a folder");
            (0..1_500).for_each(|number| std::fs::write(folder.join(number.to_string()), "").expect("a file"));
        }
        std::fs::write(top.path().join(".env"), "").expect("a file");
        let wanted = |path: &Path| path.ends_with(".env");
        let of = |top: &Path| Within::of(top, 6, wanted, &Scope::default());
        let found = of(top.path());
        assert_eq!((found.files.len(), found.missed.len()), (1, 0), "{:?}", found.missed);
        let all = Within::of(top.path(), 6, |_| true, &Scope::default());
        assert!(all.files.len() == ITEMS_MAX && all.missed.len() == 1, "{:?}", all.missed);
        let closed = top.path().join("closed");
        std::os::unix::fs::symlink(&closed, &closed).expect("a link");
        assert_eq!(of(&closed).missed.len(), 1);
        assert!(of(&top.path().join("none")).missed.is_empty());
    }
}

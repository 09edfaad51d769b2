//! Links to programs: what stands at a path, and making, replacing and removing a symbolic link there in one step.
//! Knows a regpass binary and the official credential helper when it sees one; never runs what it looks at.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files::FileError;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// A link to this very regpass, or the file itself.
    Ours,
    /// A link to another regpass binary, or to one that is gone; where it points, as written.
    OtherRegpass(PathBuf),
    /// A regpass binary that is not a link: it stays as it is when regpass is updated.
    RegpassCopy,
    /// docker-credential-helpers' own program, or a link to it.
    OfficialHelper,
    /// Anything else: a script, another helper, a folder, a link to nowhere.
    Foreign,
}

/// In every official helper: Go writes its module's path into the binary, and versions before modules its imports.
const OFFICIAL_MARK: &[u8] = b"docker/docker-credential-helpers";

/// In every regpass binary: a part of what its helper answers to `version`. Looked for first, because a regpass binary
/// holds both marks.
const REGPASS_MARK: &[u8] = b"docker-credential-pass (regpass) v";

/// The most of a file that is looked through, in bytes; helpers are a few million long.
const LOOK_MAX: u64 = 64 << 20;

/// Looks at a path; `program` is our own binary with links resolved.
pub fn look(path: &Path, program: &Path) -> Found {
    let Ok(meta) = path.symlink_metadata() else { return Found::Nothing };
    let resolved = path.canonicalize().ok();
    if resolved.as_deref().is_some_and(|resolved| resolved == program || same_file(resolved, program)) {
        return Found::Ours;
    }
    let target = if meta.is_symlink() { path.read_link().ok() } else { None };
    let marked = resolved.as_deref().and_then(|file| mark(file).ok().flatten());
    match (target, marked) {
        (Some(target), Some(Mark::Regpass)) => Found::OtherRegpass(target),
        (Some(target), None) if resolved.is_none() && target.file_name().is_some_and(|name| name == "regpass") => {
            Found::OtherRegpass(target)
        }
        (None, Some(Mark::Regpass)) => Found::RegpassCopy,
        (_, Some(Mark::Official)) => Found::OfficialHelper,
        _ => Found::Foreign,
    }
}

/// Makes a link at `path`, or replaces what is there in one step.
pub fn put(path: &Path, target: &Path) -> Result<(), FileError> {
    let fault = |source| FileError::io("cannot make the link", path, source);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let new = path.with_file_name(name);
    std::os::unix::fs::symlink(target, &new).map_err(fault)?;
    std::fs::rename(&new, path).map_err(|error| {
        // The new link is of no use to anybody; the error that matters is the rename's.
        let _ = std::fs::remove_file(&new);
        fault(error)
    })
}

/// Moves what is at `path` to `kept`, which must not exist yet.
pub fn set_aside(path: &Path, kept: &Path) -> Result<(), FileError> {
    let fault = |source| FileError::io("cannot set aside", path, source);
    let cwd = rustix::fs::CWD;
    rustix::fs::renameat_with(cwd, path, cwd, kept, rustix::fs::RenameFlags::NOREPLACE)
        .map_err(|error| fault(error.into()))
}

/// Removes the link at `path`.
pub fn remove(path: &Path) -> Result<(), FileError> {
    std::fs::remove_file(path).map_err(|source| FileError::io("cannot remove", path, source))
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Regpass,
    Official,
}

/// Looks for the marks in a program that is an ELF or Mach-O binary rather than a script.
fn mark(file: &Path) -> io::Result<Option<Mark>> {
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut program = File::open(file)?.take(LOOK_MAX);
    let overlap = REGPASS_MARK.len().max(OFFICIAL_MARK.len()) - 1;
    let mut buffer = Vec::with_capacity((1 << 20) + overlap);
    let mut official = false;
    let mut first = true;
    while program.by_ref().take(1 << 20).read_to_end(&mut buffer)? > 0 {
        if first && buffer.starts_with(b"#!") {
            return Ok(None);
        }
        first = false;
        if holds(&buffer, REGPASS_MARK) {
            return Ok(Some(Mark::Regpass));
        }
        official |= holds(&buffer, OFFICIAL_MARK);
        buffer.drain(..buffer.len().saturating_sub(overlap));
    }
    Ok(official.then_some(Mark::Official))
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_is_known() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().canonicalize().expect("its path");
        let program = dir.join("regpass");
        let filler = vec![b'd'; 1 << 20];
        std::fs::write(&program, [&filler[..100], REGPASS_MARK, OFFICIAL_MARK].concat()).expect("writes");
        std::fs::create_dir(dir.join("old")).expect("a folder");
        let other = dir.join("old/regpass");
        // Across the border between two reads.
        std::fs::write(&other, [&filler[..(1 << 20) - 5], REGPASS_MARK, b"1"].concat()).expect("writes");
        std::fs::write(dir.join("official"), [OFFICIAL_MARK, &filler[..]].concat()).expect("writes");
        std::fs::write(dir.join("script"), [b"#!/bin/sh\n", REGPASS_MARK, OFFICIAL_MARK].concat()).expect("writes");
        let link = dir.join("docker-credential-pass");
        for (target, want) in [
            ("regpass", Found::Ours),
            ("old/regpass", Found::OtherRegpass("old/regpass".into())),
            ("gone/regpass", Found::OtherRegpass("gone/regpass".into())),
            ("official", Found::OfficialHelper),
            ("script", Found::Foreign),
            ("old", Found::Foreign),
            ("gone/other", Found::Foreign),
        ] {
            put(&link, Path::new(target)).expect("the link");
            assert_eq!(look(&link, &program), want, "{target}");
        }
        assert_eq!(look(&other, &program), Found::RegpassCopy);
        assert_eq!(look(&dir.join("none"), &program), Found::Nothing);
    }

    #[test]
    fn setting_aside_replaces_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, kept) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&path, "1").expect("writes");
        std::fs::write(&kept, "2").expect("writes");
        assert!(set_aside(&path, &kept).is_err());
        std::fs::remove_file(&kept).expect("removes");
        set_aside(&path, &kept).expect("moves");
        assert_eq!(std::fs::read(&kept).expect("reads"), b"1");
    }
}

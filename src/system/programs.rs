//! Program files: whether one could be started here, told by its first bytes and its place. Starts nothing.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::env;
use super::files;

/// Why the kernel would not start a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A link to nowhere; where it points, as written.
    Dangling(PathBuf),
    NotAFile,
    NotExecutable,
    /// Its file system forbids it (mount(8), `noexec`).
    NoExec,
    Empty,
    /// For another kind of processor.
    OtherMachine,
    /// For Windows.
    Windows,
    /// What is to run it is not there.
    NoInterpreter(PathBuf),
    /// The first line of a script ends as on Windows, so that its interpreter is not found.
    CarriageReturn,
}

/// The bytes of a program that are looked at; an interpreter's name stands among the first.
const HEAD: u64 = 4096;

/// Why a file cannot be started here; None: it can, as far as its beginning tells, or nobody may look into it.
pub fn fault(file: &Path) -> Option<Fault> {
    let Ok(meta) = file.metadata() else { return file.read_link().ok().map(Fault::Dangling) };
    if !meta.is_file() {
        return Some(Fault::NotAFile);
    }
    let forbids =
        rustix::fs::statvfs(file).is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC));
    if meta.mode() & 0o111 != 0 && forbids {
        return Some(Fault::NoExec);
    }
    if !env::is_program(file) {
        return Some(Fault::NotExecutable);
    }
    let mut head = Vec::new();
    files::open_regular(file).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    of_head(&head, others_are_run())
}

/// The handlers that the kernel has for foreign programs (binfmt_misc): with one of them nothing is foreign for sure.
fn others_are_run() -> bool {
    let Ok(items) = std::fs::read_dir("/proc/sys/fs/binfmt_misc") else { return false };
    items.flatten().any(|item| !["register", "status"].iter().any(|own| item.file_name() == *own))
}

fn of_head(head: &[u8], others_are_run: bool) -> Option<Fault> {
    if head.is_empty() {
        return Some(Fault::Empty);
    }
    if let Some(line) = head.strip_prefix(b"#!") {
        return of_script(line.split(|byte| *byte == b'\n').next().unwrap_or_default());
    }
    if head.starts_with(b"MZ") {
        return (!others_are_run).then_some(Fault::Windows);
    }
    if head.starts_with(b"\x7fELF") {
        return of_elf(head, others_are_run);
    }
    None
}

fn of_script(line: &[u8]) -> Option<Fault> {
    if line.ends_with(b"\r") {
        return Some(Fault::CarriageReturn);
    }
    let mut words = line.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    let interpreter = PathBuf::from(std::ffi::OsStr::from_bytes(words.next()?));
    (interpreter.is_absolute() && !interpreter.exists()).then_some(Fault::NoInterpreter(interpreter))
}

/// The machines whose programs this processor runs by itself (elf.h, `EM_…`).
const MACHINES: &[u16] = if cfg!(target_arch = "x86_64") {
    &[62, 3]
} else if cfg!(target_arch = "aarch64") {
    &[183, 40]
} else {
    &[]
};

/// The segment that names the program's interpreter (elf.h, `PT_INTERP`).
const PT_INTERP: u32 = 3;

fn of_elf(head: &[u8], others_are_run: bool) -> Option<Fault> {
    // Ours are little-endian.
    let is_ours = head.get(5) == Some(&1);
    let machine = u16::try_from(number(head, 18, 2)?).ok()?;
    if !MACHINES.is_empty() && !others_are_run && (!is_ours || !MACHINES.contains(&machine)) {
        return Some(Fault::OtherMachine);
    }
    if !is_ours || head.get(4) != Some(&2) {
        return None;
    }
    let (start, size, count) = (number(head, 32, 8)?, number(head, 54, 2)?, number(head, 56, 2)?);
    let at = (0..count.min(64)).map(|index| start.saturating_add(index * size));
    let at = at.filter_map(|at| usize::try_from(at).ok());
    let segment = at.into_iter().find(|at| number(head, *at, 4) == Some(u64::from(PT_INTERP)))?;
    let offset = usize::try_from(number(head, segment + 8, 8)?).ok()?;
    let length = usize::try_from(number(head, segment + 32, 8)?).ok()?;
    let name = head.get(offset..offset.checked_add(length)?)?.split(|byte| *byte == 0).next()?;
    let interpreter = PathBuf::from(std::ffi::OsStr::from_bytes(name));
    (!interpreter.exists()).then_some(Fault::NoInterpreter(interpreter))
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn elf(machine: u16, interpreter: &str) -> Vec<u8> {
        let mut head = vec![0; 64 + 56];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        head[18..20].copy_from_slice(&machine.to_le_bytes());
        head[32] = 64;
        head[54] = 56;
        head[56] = 1;
        head[64] = 3;
        head[72] = 120;
        head[96] = u8::try_from(interpreter.len() + 1).expect("short");
        head.extend_from_slice(interpreter.as_bytes());
        head.push(0);
        head
    }

    #[test]
    fn the_beginning_tells() {
        let ours = *MACHINES.first().unwrap_or(&62);
        for (head, others, want) in [
            (b"".to_vec(), false, Some(Fault::Empty)),
            (b"#!/bin/sh\n".to_vec(), false, None),
            (b"#! /bin/sh -e\nx\r\n".to_vec(), false, None),
            (b"#!/bin/sh\r\n".to_vec(), false, Some(Fault::CarriageReturn)),
            (b"#!/no/such/sh -e\n".to_vec(), false, Some(Fault::NoInterpreter("/no/such/sh".into()))),
            (b"MZ\x90".to_vec(), false, Some(Fault::Windows)),
            (b"MZ\x90".to_vec(), true, None),
            (elf(ours, "/bin/sh"), false, None),
            (elf(ours, "/no/ld.so"), false, Some(Fault::NoInterpreter("/no/ld.so".into()))),
            (elf(0x101, "/bin/sh"), true, None),
            (elf(ours, "/bin/sh")[..60].to_vec(), false, None),
            (b"\x7fELF".to_vec(), false, None),
        ] {
            assert_eq!(of_head(&head, others), want, "{head:?}");
        }
        if !MACHINES.is_empty() {
            assert_eq!(of_head(&elf(0x101, "/bin/sh"), false), Some(Fault::OtherMachine));
        }
    }

    #[test]
    fn so_does_the_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a");
        std::fs::write(&file, "#!/bin/sh\n").expect("writes");
        assert_eq!(fault(&file), Some(Fault::NotExecutable));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        assert_eq!(fault(&file), None);
        assert_eq!(fault(dir.path()), Some(Fault::NotAFile));
        let link = dir.path().join("b");
        symlink("nowhere", &link).expect("a link");
        assert_eq!(fault(&link), Some(Fault::Dangling("nowhere".into())));
    }
}

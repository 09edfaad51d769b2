//! What the linker is told: to take the unwinder's code into the binary where the C compiler has it for that.
//!
//! The standard library asks for `libgcc_s.so`. Docker starts the helper many times a command, and a `get` is so short that
//! loading one shared library more is a tenth of its processor time: mapping it, binding its symbols, and asking the
//! processor what it can, which a virtual machine traps. A linker script of that name, found first, names the static
//! parts instead. Without them (a compiler without `libgcc_eh.a`, a cross build) everything links as ever, only slower.
//! `tests/it/helper_process.rs` looks at what is loaded.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What `libgcc_s.so` stands for when it is a linker script (GNU ld manual, "Scripts and archives").
const STATIC_UNWINDER: &str = "GROUP ( -lgcc_eh -lgcc )\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name| env::var(name).unwrap_or_default();
    let gnu = of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu";
    if gnu && of("HOST") == of("TARGET") && has_static_unwinder() {
        let folder = PathBuf::from(of("OUT_DIR"));
        fs::write(folder.join("libgcc_s.so"), STATIC_UNWINDER)?;
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
    Ok(())
}

/// Whether the C compiler that links has the archive: it answers with its whole path, and with the bare name if not.
fn has_static_unwinder() -> bool {
    let Ok(answer) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output() else { return false };
    let path = String::from_utf8_lossy(&answer.stdout).into_owned();
    Path::new(path.trim()).is_absolute()
}

//! GnuPG as it is set up.

use super::keys::{ALICE, EVE, SOON, readers, ring, secret, sound};
use super::*;

fn program(bench: &Bench, name: &str, text: &str) {
    bench.put(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
    bench.mode(&format!("bin/{name}"), 0o755);
}

pub(super) const ROWS: &[OnHome] = &[
    ("GPG01", |bench| sound(bench), 1),
    (
        "GPG01",
        |bench| {
            sound(bench);
            program(bench, "gpg", "echo 'gpg (GnuPG) 2.0.30'");
        },
        1,
    ),
    (
        "GPG01",
        |bench| {
            sound(bench);
            program(bench, "gpg", "echo 'gpg (GnuPG) 2.4.7'; echo 'libgcrypt 1.2'");
        },
        0,
    ),
    (
        "GPG02",
        |bench| {
            sound(bench);
            bench.put("home/.gnupg/gpg.conf", "quiet\nno-autostart\n");
        },
        1,
    ),
    (
        "GPG02",
        |bench| {
            sound(bench);
            program(bench, "gpg", "echo 'gpg (GnuPG) 2.4.7'");
        },
        1,
    ),
    ("GPG02", |bench| sound(bench), 0),
    ("GPG03", |bench| sound(bench), 1),
    (
        "GPG03",
        |bench| {
            sound(bench);
            program(bench, "pinentry", "");
            bench.put("home/.gnupg/gpg-agent.conf", "pinentry-program /nowhere/pinentry-qt\n");
        },
        1,
    ),
    (
        "GPG03",
        |bench| {
            sound(bench);
            program(bench, "pinentry", "");
        },
        0,
    ),
    (
        "GPG03",
        |bench| {
            sound(bench);
            secret(bench, &ALICE, "private-key");
        },
        0,
    ),
    (
        "GPG04",
        |bench| {
            sound(bench);
            bench.set("GPG_TTY", "/dev/pts/nowhere");
        },
        1,
    ),
    (
        "GPG04",
        |bench| {
            sound(bench);
            bench.set("DISPLAY", ":0");
            bench.set("GPG_TTY", "/dev/pts/nowhere");
        },
        0,
    ),
    (
        "GPG05",
        |bench| {
            sound(bench);
            bench.put("machine/proc/4711/comm", "pinentry-curses\n");
            std::fs::create_dir_all(bench.at("machine/proc/4711/fd")).expect("a folder");
            symlink("/dev/pts/99 (deleted)", bench.at("machine/proc/4711/fd/3")).expect("a link");
        },
        1,
    ),
    (
        "GPG05",
        |bench| {
            sound(bench);
            for (pid, name) in [("4711", "pinentry-curses"), ("4712", "bash")] {
                bench.put(&format!("machine/proc/{pid}/comm"), &format!("{name}\n"));
                std::fs::create_dir_all(bench.at(&format!("machine/proc/{pid}/fd"))).expect("a folder");
            }
            symlink("/dev/pts/3", bench.at("machine/proc/4711/fd/3")).expect("a link");
            symlink("/dev/pts/99 (deleted)", bench.at("machine/proc/4712/fd/3")).expect("a link");
        },
        0,
    ),
    (
        "GPG06",
        |bench| {
            sound(bench);
            bench.mode("home/.gnupg", 0o755);
        },
        1,
    ),
    ("GPG06", |bench| sound(bench), 0),
    ("GPG07", |bench| sound(bench), 0),
    (
        "GPG08",
        |bench| {
            sound(bench);
            ring(bench, &[&ALICE, &SOON]);
            readers(bench, "", &[&ALICE, &SOON]);
            readers(bench, "team/", &[&SOON]);
        },
        1,
    ),
    (
        "GPG08",
        |bench| {
            sound(bench);
            readers(bench, "", &[&ALICE, &EVE]);
        },
        0,
    ),
    (
        "GPG09",
        |bench| {
            sound(bench);
            secret(bench, &ALICE, "private-key");
        },
        1,
    ),
    ("GPG09", |bench| sound(bench), 0),
    (
        "GPG10",
        |bench| {
            sound(bench);
            bench.put("home/.gnupg/gpg-agent.conf", "# mine\ndefault-cache-ttl 1\nmax-cache-ttl 34560000\n");
        },
        2,
    ),
    (
        "GPG10",
        |bench| {
            sound(bench);
            bench.put("home/.gnupg/gpg-agent.conf", "default-cache-ttl 3600\nmax-cache-ttl 28800\n");
        },
        0,
    ),
];

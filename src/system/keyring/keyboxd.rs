//! Rings that GnuPG's key daemon keeps (GnuPG 2.3 and later with `use-keyboxd` in common.conf): certificates are asked
//! for over its socket (GnuPG sources, kbx/kbxserver.c), or of gpg when nobody listens there. The daemon is not started
//! here.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;

use super::keybox::Wanted;
use super::rings::holds;
use super::{KeyringError, listing};
use crate::system::agent::assuan::{Assuan, AssuanError};
use crate::system::agent::socket;
use crate::system::env::Env;
use crate::system::files;
use crate::system::process::{self, Limits};

/// The daemon's database, below the GnuPG home.
const DATABASE: &str = "public-keys.d/pubring.db";

/// The largest common.conf read, in bytes.
const CONF_MAX: u64 = 1 << 20;

/// The largest certificate taken, in bytes: GnuPG's own limit for a record.
const CERT_MAX: usize = 5 * 1024 * 1024;

/// The daemon answers from an indexed database; it may be busy with another's import.
const PATIENCE: Duration = Duration::from_secs(10);

/// gpg may have to start the daemon first. A whole ring may be exported.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 256 * 1024 * 1024 };

/// Codes of libgpg-error with which the daemon says that there is nothing (more): not found, end of file.
const NOTHING: [u32; 2] = [27, 16383];

/// Whether gpg keeps this home's keys in the daemon. The setting alone does not say so: GnuPG 2.2 does not know it.
pub(super) fn in_use(home: &Path) -> bool {
    is_set(home) && home.join(DATABASE).is_file()
}

/// The daemon's database, where it may be that gpg keeps this home's keys in it; as far as can be seen.
pub(super) fn database(home: &Path) -> Option<PathBuf> {
    let file = home.join(DATABASE);
    let may_be = file.is_file() || files::closed(&file).is_some();
    (is_set(home) && may_be).then_some(file)
}

fn is_set(home: &Path) -> bool {
    let Ok(conf) = files::read_bounded(&home.join("common.conf"), CONF_MAX) else { return false };
    conf.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == b"use-keyboxd")
}

/// The certificates holding a wanted key, at most `max` for each.
pub(super) fn find(env: &Env, home: &Path, wanted: &[Wanted], max: usize) -> Result<Vec<Cert>, KeyringError> {
    let ids: Vec<String> = wanted.iter().map(|wanted| format!("0x{}", wanted.to_hex())).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let socket = socket::path(env, home, "S.keyboxd");
    let certs = match search(&socket, &socket::Trusted::of(env, home), &ids, max) {
        Ok(certs) => certs,
        Err(error @ AssuanError::Foreign { .. }) => return Err(unreadable(home, error.to_string())),
        // gpg knows redirected sockets, starts the daemon, and says better what is wrong.
        Err(_) => match listing::ask(env, home, true, &ids).map_err(|why| unreadable(home, why))? {
            listed if listed.is_empty() => Vec::new(),
            _ => export(env, home, &ids)?,
        },
    };
    let held = certs.into_iter().filter(|cert| wanted.iter().any(|wanted| holds(cert, wanted)));
    Ok(held.take(wanted.len().saturating_mul(max)).collect())
}

/// Every certificate of the ring.
pub(super) fn all(env: &Env, home: &Path) -> Result<Vec<Cert>, KeyringError> {
    export(env, home, &[])
}

fn search(socket: &Path, trusted: &socket::Trusted, ids: &[&str], max: usize) -> Result<Vec<Cert>, AssuanError> {
    let deadline = Instant::now() + PATIENCE;
    let mut daemon = Assuan::connect(socket, trusted, PATIENCE)?;
    let mut certs = Vec::new();
    for id in ids {
        for count in 0..max {
            let command = if count == 0 { format!("SEARCH --openpgp {id}") } else { "NEXT".to_owned() };
            match daemon.transact(&command, CERT_MAX, deadline) {
                Ok(packets) => {
                    certs.push(Cert::from_bytes(packets.expose()).map_err(|_| AssuanError::Garbled("no certificate"))?);
                }
                Err(error) if error.code().is_some_and(|code| NOTHING.contains(&code)) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(certs)
}

fn export(env: &Env, home: &Path, ids: &[&str]) -> Result<Vec<Cert>, KeyringError> {
    let mut command = process::command(env, "gpg");
    command.arg("--homedir").arg(home).args(["--batch", "--no-tty", "--export", "--"]).args(ids);
    let finished = process::run(&mut command, b"", LIMITS).map_err(|error| unreadable(home, error.to_string()))?;
    if !finished.status.success() {
        return Err(unreadable(home, finished.complaint()));
    }
    Ok(CertParser::from_bytes(finished.stdout.expose()).into_iter().flatten().flatten().collect())
}

fn unreadable(home: &Path, why: String) -> KeyringError {
    KeyringError::Unreadable { path: home.join(DATABASE), why }
}

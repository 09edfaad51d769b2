//! Whose certificates are trusted for a registry, and which of ours is shown to it: the system's roots, and the folder of
//! its name below Docker's `certs.d` (docker `internal/registry/registry.go`, `loadTLSConfig`: `*.crt` are authorities,
//! `*.cert` with the `*.key` of the same name is a client's pair). podman's and a rootless daemon's folders are tried after
//! those, because Docker would not. Reads files; checks nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::failure::Failure;
use crate::model::Secret;
use crate::system::files::{self, FileError};

/// The largest certificate or key file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The most files of one folder that are read.
const FILES_MAX: usize = 64;

/// Docker's folder of folders.
const DOCKER: &str = "etc/docker/certs.d";

/// podman's, of the whole machine (containers-certs.d(5)).
const CONTAINERS: &str = "etc/containers/certs.d";

/// The places where certificates are, and the system's own, read when the first connection needs them.
#[derive(Debug)]
pub struct Trust {
    /// Docker's `certs.d`.
    docker: PathBuf,
    /// Those that Docker passes over.
    others: Vec<PathBuf>,
    system: OnceLock<System>,
}

/// What the system trusts.
#[derive(Debug)]
pub(super) struct System {
    roots: Arc<RootCertStore>,
}

/// What counts for one registry.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) roots: Arc<RootCertStore>,
    /// The authorities of the registry's own folders: one that is itself the server's certificate is trusted as it is, as
    /// Go does it.
    pub(super) own: Vec<CertificateDer<'static>>,
    pub(super) pair: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// The folder that made a difference; None where there is none.
    pub(super) folder: Option<PathBuf>,
}

impl Trust {
    /// `machine` is `/` but in tests; `config` is the folder of a user's configurations.
    pub fn new(machine: &Path, config: Option<&Path>) -> Trust {
        let of_user = config
            .into_iter()
            .flat_map(|config| ["containers/certs.d", "docker/certs.d"].map(|folder| config.join(folder)));
        Trust {
            docker: machine.join(DOCKER),
            others: of_user.chain([machine.join(CONTAINERS)]).collect(),
            system: OnceLock::new(),
        }
    }

    /// Where Docker looks for a registry's certificates.
    pub(super) fn folder_of(&self, name: &str) -> PathBuf {
        self.docker.join(name)
    }

    /// As Docker takes it.
    pub(super) fn of(&self, name: &str) -> Result<Certificates, Failure> {
        self.with(self.folder_of(name))
    }

    /// As other clients take it, one for each of their folders that is there.
    pub(super) fn of_others(&self, name: &str) -> Vec<Result<Certificates, Failure>> {
        let folders = self.others.iter().map(|folder| folder.join(name)).filter(|folder| folder.is_dir());
        folders.map(|folder| self.with(folder)).collect()
    }

    fn with(&self, folder: PathBuf) -> Result<Certificates, Failure> {
        let system = self.read_system();
        let found = read(&folder)?;
        let mut roots = system.roots.clone();
        if !found.authorities.is_empty() {
            let mut more = RootCertStore::clone(&roots);
            more.add_parsable_certificates(found.authorities.iter().cloned());
            roots = Arc::new(more);
        }
        let folder = Some(folder).filter(|_| !found.authorities.is_empty() || found.pair.is_some());
        Ok(Certificates { roots, own: found.authorities, pair: found.pair, folder })
    }

    /// What everybody on this machine trusts, or the authorities of one file in its place.
    #[cfg(feature = "ecr")]
    pub(super) fn of_everybody(&self, bundle: Option<&Path>) -> Result<Certificates, Failure> {
        let Some(bundle) = bundle else {
            let roots = self.read_system().roots.clone();
            return Ok(Certificates { roots, own: Vec::new(), pair: None, folder: None });
        };
        let own = certificates(bundle)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(own.iter().cloned());
        Ok(Certificates { roots: Arc::new(roots), own, pair: None, folder: None })
    }

    /// Reads what the system trusts, once.
    pub(super) fn read_system(&self) -> &System {
        self.system.get_or_init(System::read)
    }

    /// Whether the system trusts nobody at all: then every certificate is unknown, whoever signed it.
    pub(super) fn is_empty(&self) -> bool {
        self.system.get().is_some_and(|system| system.roots.is_empty())
    }
}

impl System {
    fn read() -> System {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        System { roots: Arc::new(roots) }
    }
}

#[derive(Default)]
struct Folder {
    authorities: Vec<CertificateDer<'static>>,
    pair: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

/// One registry's folder; one that is not there holds nothing. What Docker stops at is an error here too.
fn read(folder: &Path) -> Result<Folder, Failure> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Folder::default()),
        Err(error) => return Err(unusable(folder, format!("cannot be read: {error}"))),
    };
    let names: BTreeSet<PathBuf> = entries.flatten().map(|entry| entry.path()).take(FILES_MAX).collect();
    let mut found = Folder::default();
    for file in &names {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("crt") => found.authorities.extend(certificates(file)?),
            Some("cert") => {
                let key = file.with_extension("key");
                if !names.contains(&key) {
                    return Err(unusable(file, "has no key of the same name beside it".to_owned()));
                }
                if found.pair.is_none() {
                    found.pair = Some((certificates(file)?, private_key(&key)?));
                }
            }
            Some("key") if !names.contains(&file.with_extension("cert")) => {
                return Err(unusable(file, "has no certificate (.cert) of the same name beside it".to_owned()));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = files::read_bounded(file, SIZE_MAX).map_err(|error| unreadable(file, &error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(unusable(file, "holds no certificate".to_owned())),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let bytes = files::read_bounded(file, SIZE_MAX).map(Secret::new).map_err(|error| unreadable(file, &error))?;
    PrivateKeyDer::from_pem_slice(bytes.expose()).map_err(|_| unusable(file, "holds no private key".to_owned()))
}

fn unreadable(file: &Path, error: &FileError) -> Failure {
    unusable(file, format!("cannot be read: {error}"))
}

fn unusable(file: &Path, why: String) -> Failure {
    Failure::Certificates { file: file.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Trust) {
        let machine = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let file = machine.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
            std::fs::write(file, text).expect("written");
        }
        let trust = Trust::new(machine.path(), None);
        (machine, trust)
    }

    #[test]
    fn a_pair_without_its_partner_stops_everything_as_in_docker() {
        for file in ["client.cert", "client.key"] {
            let (_machine, trust) = machine(&[(&format!("etc/docker/certs.d/h.test:5000/{file}"), "x")]);
            let failure = trust.of("h.test:5000").expect_err("refused").to_string();
            assert!(failure.contains(file) && failure.contains("of the same name"), "{failure}");
            assert!(trust.of("h.test").is_ok());
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let (_machine, trust) = machine(&[("etc/docker/certs.d/h.test/ca.crt", "hunter2")]);
        let failure = trust.of("h.test").expect_err("refused").to_string();
        assert!(failure.ends_with("holds no certificate") && !failure.contains("hunter2"), "{failure}");
        let (_machine, trust) = machine(&[("etc/docker/certs.d/h.test/readme.txt", "x")]);
        assert!(trust.of("h.test").expect("read").folder.is_none());
    }

    #[test]
    fn other_clients_folders_are_apart() {
        let (_machine, trust) = machine(&[("etc/containers/certs.d/h.test/ca.crt", "x")]);
        assert!(trust.of("h.test").expect("read").own.is_empty());
        assert_eq!(trust.of_others("h.test").len(), 1);
        assert!(trust.of_others("g.test").is_empty());
    }
}

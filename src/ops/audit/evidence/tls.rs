//! What group TLS judges: where the check of a registry's certificate is turned off, and the certificates that Docker is
//! given.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::model::Secret;
use crate::ops::audit::finding::Spot;
use crate::ops::audit::places::{self, Scope};
use crate::system::System;
use crate::system::containerd::{self, ContainerdError};
use crate::system::docker::daemon;
use crate::system::files;
use crate::system::registries_conf::{self, RegistriesConf};

/// The most of a unit or a certificate that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The most files of one folder of certificates that are looked at.
const FILES_MAX: usize = 200;

/// The option of the daemon (dockerd(8)).
const OPTION: &str = "--insecure-registry";

#[derive(Debug, Default)]
pub struct TlsSeen {
    pub unchecked: Vec<Unchecked>,
    pub certificates: Vec<CertFolder>,
    /// What could not be read, escaped.
    pub missed: Vec<String>,
}

/// Who does not check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Docker,
    /// And skopeo, buildah.
    Podman,
    Containerd,
    /// k3s and rke2.
    Kubernetes,
}

/// A registry, or a network of them, whose certificate is not checked.
#[derive(Debug)]
pub struct Unchecked {
    pub client: Client,
    pub file: PathBuf,
    pub spot: Spot,
    /// A host, with `*.` in front or a path behind it in podman's file; a network in Docker's.
    pub name: String,
}

/// A folder of certificates for one registry.
#[derive(Debug)]
pub struct CertFolder {
    pub path: PathBuf,
    /// The registry that it is for.
    pub host: String,
    pub files: Vec<CertFile>,
}

#[derive(Debug)]
pub struct CertFile {
    pub path: PathBuf,
    pub fault: Option<CertFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertFault {
    Dangling,
    /// Not a regular file, or too large for one.
    Unfit,
    /// No PEM certificate is in a file that should be one.
    NotPem,
}

/// A `registries.conf` of podman and its kin; Err: why it was not understood, escaped.
pub(super) type Conf = (PathBuf, Result<RegistriesConf, String>);

pub(super) fn registries_confs(system: &System, scope: &Scope) -> Vec<Conf> {
    let read = |file: PathBuf| {
        let conf = registries_conf::read(&file).map_err(|error| error.to_string());
        (file, conf)
    };
    places::registries_confs(system, scope).into_iter().map(read).collect()
}

pub(super) fn gather(system: &System, scope: &Scope, confs: &[Conf]) -> TlsSeen {
    let mut seen = TlsSeen::default();
    let home = |rest: &str| system.env.config_dir().map(|dir| dir.join(rest));
    let there = |path: &PathBuf| path.symlink_metadata().is_ok();
    let daemons = home("docker/daemon.json").into_iter().chain([scope.on_machine("/etc/docker/daemon.json")]);
    for file in daemons.filter(there) {
        match daemon::insecure_registries(&file) {
            Ok(found) => {
                let unchecked = |(pointer, name)| Unchecked {
                    client: Client::Docker,
                    file: file.clone(),
                    spot: Spot::Pointer(pointer),
                    name,
                };
                seen.unchecked.extend(found.into_iter().map(unchecked));
            }
            Err(error) => seen.missed.push(error.to_string()),
        }
    }
    places::daemon_units(system, scope).iter().for_each(|file| options(file, &mut seen));
    for (file, conf) in confs {
        match conf {
            Ok(conf) => seen.unchecked.extend(conf.insecure.iter().map(|name| Unchecked {
                client: Client::Podman,
                file: file.clone(),
                spot: Spot::Whole,
                name: name.clone(),
            })),
            Err(why) => seen.missed.push(why.clone()),
        }
    }
    of_kubernetes(scope, &mut seen);
    for root in places::certificate_roots(system, scope) {
        seen.missed.extend(files::closed(&root).map(|error| error.to_string()));
        places::folders_in(&root).iter().for_each(|folder| certificates(folder, &mut seen));
    }
    seen
}

/// Options of the daemon in a unit or an environment file.
fn options(file: &Path, seen: &mut TlsSeen) {
    let bytes = match files::read_bounded(file, SIZE_MAX) {
        Ok(bytes) => Secret::new(bytes),
        Err(error) => return seen.missed.push(error.to_string()),
    };
    for (index, line) in bytes.expose().split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        let mut words = line.split(|byte| b" \t\"'\\".contains(byte)).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let Some(rest) = word.windows(OPTION.len()).position(|part| part == OPTION.as_bytes()) else { continue };
            let rest = &word[rest + OPTION.len()..];
            let name = if rest.is_empty() { words.next() } else { rest.strip_prefix(b"=") };
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            seen.unchecked.push(Unchecked {
                client: Client::Docker,
                file: file.to_owned(),
                spot: Spot::Line(index + 1),
                name: String::from_utf8_lossy(name).into_owned(),
            });
        }
    }
}

fn of_kubernetes(scope: &Scope, seen: &mut TlsSeen) {
    let mut add = |client, file: &Path, found: Result<Vec<(Spot, String)>, ContainerdError>| match found {
        Ok(found) => seen.unchecked.extend(found.into_iter().map(|(spot, name)| Unchecked {
            client,
            file: file.to_owned(),
            spot,
            name,
        })),
        Err(ContainerdError::File(error)) if error.is_not_found() => {}
        Err(error) => seen.missed.push(error.to_string()),
    };
    let config = scope.on_machine("/etc/containerd/config.toml");
    let found = containerd::in_config(&config).map(|hosts| hosts.into_iter().map(|host| (Spot::Whole, host)).collect());
    add(Client::Containerd, &config, found);
    for folder in places::folders_in(&scope.on_machine("/etc/containerd/certs.d")) {
        let file = folder.join("hosts.toml");
        let host = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found =
            containerd::skips_in_hosts(&file).map(|skips| skips.then_some((Spot::Whole, host)).into_iter().collect());
        add(Client::Containerd, &file, found);
    }
    for name in ["/etc/rancher/k3s/registries.yaml", "/etc/rancher/rke2/registries.yaml"] {
        let file = scope.on_machine(name);
        let found = containerd::in_registries_yaml(&file);
        add(
            Client::Kubernetes,
            &file,
            found.map(|found| found.into_iter().map(|(line, host)| (Spot::Line(line), host)).collect()),
        );
    }
}

fn certificates(folder: &Path, seen: &mut TlsSeen) {
    let items = match std::fs::read_dir(folder) {
        Ok(items) => items,
        Err(error) => {
            let fault = files::FileError::io("cannot look into", folder, error);
            return seen.missed.push(fault.to_string());
        }
    };
    let mut paths: Vec<PathBuf> = items.flatten().map(|item| item.path()).take(FILES_MAX).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let ends = |ending: &str| path.as_os_str().as_bytes().ends_with(ending.as_bytes());
        let is_ca = ends(".crt");
        // Docker opens nothing else (moby, `registry.ReadCertsDirectory`).
        if !is_ca && !ends(".cert") && !ends(".key") {
            found.push(CertFile { path, fault: None });
            continue;
        }
        let fault = match files::read_bounded(&path, SIZE_MAX).map(Secret::new) {
            Ok(bytes) => (is_ca && !holds(bytes.expose(), b"-----BEGIN CERTIFICATE-----")).then_some(CertFault::NotPem),
            Err(error) if error.is_not_found() => Some(CertFault::Dangling),
            // The daemon is root; that this user may not read a key is as it should be.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            Err(_) => Some(CertFault::Unfit),
        };
        found.push(CertFile { path, fault });
    }
    let host = String::from_utf8_lossy(folder.file_name().unwrap_or_default().as_bytes()).into_owned();
    seen.certificates.push(CertFolder { path: folder.to_owned(), host, files: found });
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

//! Group TLS: is a login sent to whoever answers in a registry's name. Ids as in the catalogue (docs/checks.md).

use std::net::IpAddr;
use std::path::Path;

use super::Check;
use super::evidence::tls::{CertFault, CertFolder, Client, Unchecked};
use super::evidence::{Evidence, shown};
use super::finding::{Answer, Confidence, Finding, Severity, Spot};
use crate::model::{RegistryKey, misplaced, text};

use Severity::{Critical, High, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "TLS01",
        title: "Docker does not check who answers for a registry with a login",
        severity: High,
        look: unchecked,
    },
    Check { id: "TLS02", title: "Docker checks nobody in a whole network", severity: High, look: networks },
    Check { id: "TLS03", title: "a login is kept for a registry without TLS", severity: Critical, look: plain },
    Check {
        id: "TLS04",
        title: "certificates for a registry are not as Docker reads them",
        severity: Medium,
        look: certificates,
    },
    Check {
        id: "TLS06",
        title: "podman or containerd does not check who answers for a registry with a login",
        severity: High,
        look: elsewhere,
    },
];

fn unchecked(evidence: &Evidence) -> Answer {
    of_registries(evidence, "TLS01", |client| client == Client::Docker)
}

fn elsewhere(evidence: &Evidence) -> Answer {
    of_registries(evidence, "TLS06", |client| client != Client::Docker)
}

fn of_registries(evidence: &Evidence, id: &'static str, is_asked: fn(Client) -> bool) -> Answer {
    let registries = evidence.registries();
    let mut answer = start(evidence);
    for one in evidence.tls.unchecked.iter().filter(|one| is_asked(one.client)) {
        let covered = registries.iter().filter(|registry| !is_loopback(registry) && covers(&one.name, registry));
        answer.findings.extend(covered.map(|registry| {
            let plain = if matches!(one.client, Client::Docker | Client::Podman) { ", or no TLS at all" } else { "" };
            let title = format!(
                "{} takes any certificate for {}{plain}: whoever answers gets the login",
                client_words(one.client),
                text::quoted(registry)
            );
            let fix = format!(
                "take {} out, and give the registry's CA instead: {}",
                text::quoted(&one.name),
                given(one, registry)
            );
            Finding::new(id, High, title, fix).at(&one.file, one.spot.clone()).about(Some(registry.clone()), None)
        }));
    }
    answer
}

fn client_words(client: Client) -> &'static str {
    match client {
        Client::Docker => "the Docker daemon",
        Client::Podman => "podman",
        Client::Containerd => "containerd",
        Client::Kubernetes => "containerd under Kubernetes",
    }
}

/// Where the certificate goes.
fn given(one: &Unchecked, registry: &str) -> String {
    let registry = text::escaped(registry.as_bytes());
    match one.client {
        Client::Docker => format!("/etc/docker/certs.d/{registry}/ca.crt"),
        Client::Podman => format!("/etc/containers/certs.d/{registry}/ca.crt"),
        Client::Containerd => "ca = in hosts.toml".to_owned(),
        Client::Kubernetes => "ca_file: below tls:".to_owned(),
    }
}

/// Whether a name of these files means this registry: the host itself, `*.` and all below it, or a network.
fn covers(name: &str, registry: &str) -> bool {
    if let Some((address, bits)) = network(name) {
        return host_address(registry).is_some_and(|host| is_in(host, address, bits));
    }
    let canonical = RegistryKey::new(name).canonical();
    match canonical.strip_prefix("*.") {
        Some(above) => registry.strip_suffix(above).is_some_and(|front| front.ends_with('.')),
        None => canonical == registry,
    }
}

fn networks(evidence: &Evidence) -> Answer {
    let mut answer = start(evidence);
    let own = evidence.tls.unchecked.iter().filter(|one| one.client == Client::Docker);
    answer.findings.extend(own.filter_map(|one| {
        let (address, bits) = network(&one.name)?;
        let inside = match address {
            IpAddr::V4(_) => bits >= 8 && address.is_loopback(),
            IpAddr::V6(_) => bits == 128 && address.is_loopback(),
        };
        let title = format!(
            "the Docker daemon checks no certificate in {}: whoever is there may answer",
            text::quoted(&one.name)
        );
        let fix = "take it out, and name single hosts or give their CA in /etc/docker/certs.d";
        (!inside).then(|| Finding::new("TLS02", High, title, fix).at(&one.file, one.spot.clone()))
    }));
    answer
}

fn plain(evidence: &Evidence) -> Answer {
    let is_plain = |server: &str| {
        let scheme = server.trim_start().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        scheme && !is_loopback(&RegistryKey::new(server).canonical())
    };
    let found = |server: &str, away: String| {
        let server = misplaced::server(server);
        let title = format!(
            "the login for {} is kept under an address without TLS: it is sent in clear",
            text::quoted(&server)
        );
        let host = RegistryKey::new(server.as_str()).canonical();
        let again = format!("log in where it answers with TLS: regpass login {}", misplaced::shell_word(&host));
        let fix = format!("{away}; {again}; and change the password");
        Finding::new("TLS03", Critical, title, fix).about(Some(server), None).with(Confidence::Likely)
    };
    let stored =
        evidence.stored.iter().flatten().map(|key| key.to_text().into_owned()).filter(|server| is_plain(server));
    let mut findings: Vec<Finding> = stored.map(|server| found(&server, erased(&server))).collect();
    for seen in &evidence.auth {
        let held = seen.contents().into_iter().flat_map(|contents| &contents.held);
        let away = format!("take the entry out of {}", shown(&seen.file.path));
        findings
            .extend(held.filter(|held| is_plain(&held.server)).map(|held| {
                found(&held.server, away.clone()).at(&seen.file.path, Spot::Pointer(held.pointer.clone()))
            }));
    }
    let mut answer: Answer = findings.into_iter().collect();
    if evidence.stored.is_none() {
        answer.missed.push("the store cannot be listed".to_owned());
    }
    answer
}

/// From wherever it may be, with proof: all spellings of a registry go together.
fn erased(server: &str) -> String {
    let host = RegistryKey::new(misplaced::server(server).as_str()).canonical();
    format!("log out there: regpass logout {}", misplaced::shell_word(&host))
}

fn certificates(evidence: &Evidence) -> Answer {
    let registries = evidence.registries();
    let mut answer = start(evidence);
    for folder in &evidence.tls.certificates {
        let mut add = |title: String, fix: String, at: &Path| {
            let finding = Finding::new("TLS04", Medium, title, fix).at(at, Spot::Whole);
            answer.findings.push(finding.about(Some(folder.host.clone()), None));
        };
        for (path, what) in folder.files.iter().filter_map(|file| Some((&file.path, file.fault?))) {
            let why = match what {
                CertFault::Dangling => "it is a link to nowhere: Docker reads none of this folder's certificates",
                CertFault::Unfit => "it is no ordinary file: Docker reads none of this folder's certificates",
                CertFault::NotPem => "no certificate in PEM is in it: Docker passes over it",
            };
            add(
                why.to_owned(),
                format!("put the certificate there in PEM, or remove {}", misplaced::shell_word(path)),
                path,
            );
        }
        if let Some((title, fix)) = partner_missing(folder).or_else(|| nothing_read(folder)) {
            add(title, fix, &folder.path);
        }
        let with_port =
            registries.iter().find(|registry| registry.rsplit_once(':').is_some_and(|(host, _)| host == folder.host));
        let is_meant = registries.iter().any(|registry| *registry == folder.host)
            || with_port.is_some_and(|registry| evidence.tls.certificates.iter().any(|other| other.host == *registry));
        if let Some(registry) = with_port.filter(|_| !is_meant) {
            let title = format!(
                "the logins are for {}, and a folder without the port is not looked at for it",
                text::quoted(registry)
            );
            let name = folder.path.with_file_name(registry);
            add(
                title,
                format!("mv {} {}", misplaced::shell_word(&folder.path), misplaced::shell_word(&name)),
                &folder.path,
            );
        }
    }
    answer
}

/// Half of a client's pair, which ends every request to the registry (moby, `registry.ReadCertsDirectory`).
fn partner_missing(folder: &CertFolder) -> Option<(String, String)> {
    let has = |path: &Path| folder.files.iter().any(|file| file.path == path);
    folder.files.iter().find_map(|file| {
        let partner = match file.path.extension()?.to_str()? {
            "cert" => file.path.with_extension("key"),
            "key" => file.path.with_extension("cert"),
            _ => return None,
        };
        let title =
            format!("{} is without its {}: no request to the registry succeeds", shown(&file.path), shown(&partner));
        (!has(&partner)).then(|| (title, "put the other one beside it, or take it away".to_owned()))
    })
}

/// Files, and none with an ending that Docker looks at.
fn nothing_read(folder: &CertFolder) -> Option<(String, String)> {
    let ends = |ending: &str| folder.files.iter().any(|file| file.path.extension().is_some_and(|has| has == ending));
    let is_read = folder.files.is_empty() || ends("crt") || ends("cert");
    let title = "no file in it ends in .crt: Docker reads no certificate from it";
    (!is_read).then(|| (title.to_owned(), "give the CA's certificate the ending .crt".to_owned()))
}

fn start(evidence: &Evidence) -> Answer {
    Answer { missed: evidence.tls.missed.clone(), ..Answer::default() }
}

/// `ADDRESS/BITS`.
fn network(name: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = name.trim().split_once('/')?;
    let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let max = if address.is_ipv4() { 32 } else { 128 };
    (bits <= max).then_some((address, bits))
}

fn is_in(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => (host.to_bits() ^ network.to_bits()).leading_zeros() >= bits,
        (IpAddr::V6(host), IpAddr::V6(network)) => (host.to_bits() ^ network.to_bits()).leading_zeros() >= bits,
        _ => false,
    }
}

/// Of a registry that is named by its address.
fn host_address(registry: &str) -> Option<IpAddr> {
    let bare = |host: &str| host.trim_matches(['[', ']']).parse().ok();
    bare(registry).or_else(|| bare(registry.rsplit_once(':')?.0))
}

/// What never leaves the machine; Docker checks nobody there either.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    registry == "localhost"
        || host == "localhost"
        || host_address(registry).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_networks_cover_registries() {
        for (name, registry, want) in [
            ("a.test:5000", "a.test:5000", true),
            ("A.test", "a.test", true),
            ("a.test", "a.test:5000", false),
            ("a.test/team", "a.test", true),
            ("*.a.test", "b.a.test", true),
            ("*.a.test", "ba.test", false),
            ("10.0.0.0/8", "10.1.2.3:5000", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("::/0", "[2001:db8::1]:5000", true),
        ] {
            assert_eq!(covers(name, registry), want, "{name} {registry}");
        }
        for (registry, want) in [("localhost:5000", true), ("127.0.0.1", true), ("[::1]:5000", true), ("a.test", false)]
        {
            assert_eq!(is_loopback(registry), want, "{registry}");
        }
    }
}

//! Who answers for a registry.

use super::*;

/// A login for this registry is in the store.
fn login(bench: &Bench, folder: &str) {
    bench.put(&format!("home/.password-store/docker-credential-helpers/{folder}/bob.gpg"), "x");
}

/// `a.test:5000`.
const WITH_PORT: &str = "YS50ZXN0OjUwMDA=";
/// `10.9.8.7`.
const ADDRESS: &str = "MTAuOS44Ljc=";
/// `http://a.test`.
const PLAIN: &str = "aHR0cDovL2EudGVzdA==";
/// `http://localhost:5000`.
const PLAIN_HERE: &str = "aHR0cDovL2xvY2FsaG9zdDo1MDAw";

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn daemon(bench: &Bench, hosts: &str) {
    login(bench, WITH_PORT);
    bench.put("machine/etc/docker/daemon.json", &format!(r#"{{"insecure-registries":{hosts}}}"#));
}

pub(super) const ROWS: &[OnHome] = &[
    ("TLS01", |bench| daemon(bench, r#"["x.test","A.test:5000"]"#), 1),
    (
        "TLS01",
        |bench| {
            login(bench, ADDRESS);
            bench.put("home/.config/docker/daemon.json", r#"{"insecure-registries":["10.0.0.0/8"]}"#);
        },
        1,
    ),
    (
        "TLS01",
        |bench| {
            login(bench, WITH_PORT);
            bench.put(
                "machine/etc/systemd/system/docker.service.d/x.conf",
                "[Service]\nExecStart=\n# --insecure-registry=a.test:5000\n\
                 ExecStart=/usr/bin/dockerd --insecure-registry=a.test:5000 --debug\n",
            );
            bench.put("machine/etc/default/docker", "DOCKER_OPTS=\"--insecure-registry a.test:5000\"\n");
        },
        2,
    ),
    ("TLS01", |bench| daemon(bench, r#"["a.test","127.0.0.0/8"]"#), 0),
    (
        "TLS01",
        |bench| {
            bench.docker(r#"{"auths":{"localhost:5000":{}}}"#);
            bench.put("machine/etc/docker/daemon.json", r#"{"insecure-registries":["localhost:5000","x.test"]}"#);
        },
        0,
    ),
    ("TLS02", |bench| daemon(bench, r#"["192.168.0.0/16","127.0.0.0/8","::1/128"]"#), 1),
    ("TLS02", |bench| daemon(bench, r#"["a.test:5000","127.0.0.0/8"]"#), 0),
    ("TLS03", |bench| login(bench, PLAIN), 1),
    ("TLS03", |bench| bench.docker(&format!(r#"{{"auths":{{"HTTP://a.test":{{"auth":"{AUTH}"}}}}}}"#)), 1),
    (
        "TLS03",
        |bench| {
            login(bench, PLAIN_HERE);
            login(bench, WITH_PORT);
        },
        0,
    ),
    (
        "TLS04",
        |bench| {
            login(bench, WITH_PORT);
            bench.put("machine/etc/docker/certs.d/a.test/ca.crt", CERTIFICATE);
        },
        1,
    ),
    (
        "TLS04",
        |bench| {
            bench.put("machine/etc/docker/certs.d/b.test/ca.pem", CERTIFICATE);
            bench.put("machine/etc/docker/certs.d/c.test/client.key", "x");
            bench.put("machine/etc/docker/certs.d/d.test/ca.crt", "\u{1}\u{2}");
            bench.put("machine/etc/docker/certs.d/e.test/x", "");
            symlink("nowhere", bench.at("machine/etc/docker/certs.d/e.test/ca.crt")).expect("a link");
        },
        4,
    ),
    (
        "TLS04",
        |bench| {
            login(bench, WITH_PORT);
            for host in ["a.test:5000", "a.test"] {
                bench.put(&format!("machine/etc/docker/certs.d/{host}/ca.crt"), CERTIFICATE);
            }
            for name in ["client.cert", "client.key"] {
                bench.put(&format!("machine/etc/docker/certs.d/b.test/{name}"), "x");
            }
            // Docker opens neither.
            bench.put("machine/etc/docker/certs.d/a.test:5000/old/ca.crt", "x");
            symlink("nowhere", bench.at("machine/etc/docker/certs.d/a.test:5000/ca.pem")).expect("a link");
        },
        0,
    ),
    (
        "TLS06",
        |bench| {
            login(bench, WITH_PORT);
            let text = "[[registry]]\nlocation = \"a.test:5000\"\ninsecure = true\n";
            bench.put("machine/etc/containers/registries.conf.d/x.conf", text);
            let text = "configs:\n  \"a.test:5000\":\n    tls:\n      insecure_skip_verify: true\n";
            bench.put("machine/etc/rancher/k3s/registries.yaml", text);
            let text = "[host.\"https://a.test:5000\"]\nskip_verify = true\n";
            bench.put("machine/etc/containerd/certs.d/a.test:5000/hosts.toml", text);
        },
        3,
    ),
    (
        "TLS06",
        |bench| {
            login(bench, WITH_PORT);
            let text = "[[registry]]\nlocation = \"b.test\"\ninsecure = true\n";
            bench.put("machine/etc/containers/registries.conf", text);
            daemon(bench, r#"["a.test:5000"]"#);
        },
        0,
    ),
];

#[test]
fn what_cannot_be_understood_is_never_clean() {
    let bench = Bench::new();
    bench.put("machine/etc/docker/daemon.json", "{");
    bench.put("machine/etc/containerd/config.toml", "a = ");
    for id in ["TLS01", "TLS02", "TLS04", "TLS06"] {
        assert_eq!(answer(&bench.evidence(), id).missed.len(), 2, "{id}");
    }
}

//! What the demo's store holds: data only, all of it made up. No value is a real secret or looks like a live token.

const MINUTES: u64 = 60;
const HOURS: u64 = 60 * MINUTES;
const DAYS: u64 = 24 * HOURS;

/// A registry login: server, user, secret, seconds since it was stored.
pub(super) struct DemoLogin(pub &'static str, pub &'static str, pub &'static str, pub u64);

/// An entry: path, plaintext, seconds since it was changed.
pub(super) struct DemoEntry(pub &'static str, pub &'static str, pub u64);

/// A call of the helper: action, server, user, outcome, milliseconds, the program that asked, seconds since it ended.
pub(super) struct DemoCall {
    pub action: &'static str,
    pub server: Option<&'static str>,
    pub user: Option<&'static str>,
    pub outcome: &'static str,
    pub millis: u64,
    pub caller: &'static str,
    pub age: u64,
    /// By root, whose home has no store: what most often makes a login hard to find.
    pub by_root: bool,
}

const fn asked(
    action: &'static str,
    server: &'static str,
    user: Option<&'static str>,
    outcome: &'static str,
    millis: u64,
    caller: &'static str,
    age: u64,
) -> DemoCall {
    DemoCall { action, server: Some(server), user, outcome, millis, caller, age, by_root: false }
}

/// Oldest first. What the journal shows of a week: logins, pulls, a login that is not there, and one that root cannot find.
pub(super) const CALLS: &[DemoCall] = &[
    asked("store", "ghcr.io", Some("<token>"), "stored", 9, "docker", 3 * DAYS),
    asked("get", "ghcr.io", Some("<token>"), "found", 4, "docker", 2 * DAYS),
    asked("get", "nexus.corp.test:8443", None, "not-found", 1, "skopeo", 30 * HOURS),
    asked("store", "176931204455.dkr.ecr.us-west-2.amazonaws.com", Some("AWS"), "stored", 8, "docker", 11 * HOURS),
    asked("get", "quay.io", Some("acme+puller"), "found", 4, "docker", 5 * HOURS),
    asked(
        "store",
        "acmeprod.azurecr.io",
        Some("00000000-0000-0000-0000-000000000000"),
        "stored",
        8,
        "docker",
        2 * HOURS,
    ),
    asked("get", "https://index.docker.io/v1/", Some("hubci"), "found", 4, "docker-compose", 40 * MINUTES),
    DemoCall { by_root: true, ..asked("get", "harbor.corp.test", None, "not-found", 1, "docker", 12 * MINUTES) },
    asked("get", "harbor.corp.test", Some("robot$ci"), "found", 4, "docker", 9 * MINUTES),
];

/// One of each kind that a person meets: Docker Hub, an identity token, tokens that expire, robots, a key as JSON, a port,
/// and one of the ten registries under two spellings.
pub(super) const LOGINS: &[DemoLogin] = &[
    DemoLogin("https://index.docker.io/v1/", "hubci", "demo-hub-access-token-7f3a", 40 * DAYS),
    DemoLogin("ghcr.io", "<token>", "demo-identity-token-c81e728d9d4c2f63", 3 * DAYS),
    DemoLogin("176931204455.dkr.ecr.us-west-2.amazonaws.com", "AWS", ECR_TOKEN, 11 * HOURS),
    DemoLogin("registry.gitlab.com", "gitlab+deploy-token-42", "demo-deploy-token-9Qx", 120 * DAYS),
    DemoLogin("harbor.corp.test", "robot$ci", "demo-robot-secret-Tq4m", 400 * DAYS),
    DemoLogin("https://harbor.corp.test", "robot$ci", "demo-robot-secret-older", 700 * DAYS),
    DemoLogin("quay.io", "acme+puller", "demo-quay-robot-1Y5Z8", 75 * DAYS),
    DemoLogin("europe-west3-docker.pkg.dev", "_json_key", GAR_KEY, 19 * DAYS),
    DemoLogin("registry.example.test:5000", "alice", "correct horse battery staple", 9 * DAYS),
    DemoLogin("registry.redhat.io", "7654321|build", "demo-service-account-31bb", 160 * DAYS),
    DemoLogin("acmeprod.azurecr.io", "00000000-0000-0000-0000-000000000000", "demo-acr-refresh-token", 2 * HOURS),
];

const ECR_TOKEN: &str = "demo.eyJwYXlsb2FkIjoibm90IGEgcmVhbCB0b2tlbiJ9.0123456789abcdef0123456789abcdef";

const GAR_KEY: &str = r#"{
  "type": "service_account",
  "project_id": "acme-demo",
  "client_email": "puller@acme-demo.example.test",
  "private_key": "not a key: this is the demo"
}"#;

pub(super) const ENTRIES: &[DemoEntry] = &[
    DemoEntry("bank/checking", "48213\nuser: alice.example\nphone: +49 30 000000\n", 212 * DAYS),
    DemoEntry("home/nas", "plum-Ladder-41\nuser: admin\nurl: nas.home.test\n", 330 * DAYS),
    DemoEntry("home/printer", "0000\n", 900 * DAYS),
    DemoEntry("home/router", "Quiet!Harbour7\nuser: admin\nurl: 192.0.2.1\n", 510 * DAYS),
    DemoEntry("home/wifi", "seventeen green umbrellas\nssid: Acht Beine\n", 640 * DAYS),
    DemoEntry("infra/backup/restic", "mBz-4t9-Kq2-w8L\nrepository: s3:backup.example.test/restic\n", 95 * DAYS),
    DemoEntry("infra/db/metrics", "rO.metrics-55\nuser: grafana_ro\nurl: db1.internal:5432\n", 58 * DAYS),
    DemoEntry("infra/db/replica", "Rep!ica-8812\nuser: replicator\nurl: db2.internal:5432\n", 140 * DAYS),
    DemoEntry("infra/db/root", DB_ROOT, 3 * DAYS),
    DemoEntry("infra/dns/api-token", "demo-dns-token-41c9\nzone: example.test\n", 61 * DAYS),
    DemoEntry("infra/k8s/prod-admin", "demo-bearer-prod-2b77\ncluster: prod-eu1\nuser: admin\n", 26 * DAYS),
    DemoEntry("infra/k8s/staging-admin", "demo-bearer-staging-90aa\ncluster: staging\nuser: admin\n", 26 * DAYS),
    DemoEntry("infra/ssh/bastion", "Under-the-Bridge-3\nuser: ops\nhost: bastion.example.test\n", 180 * DAYS),
    DemoEntry("infra/tls/wildcard", "pfx-Passw0rd-demo\nname: *.example.test\nexpires: in spring\n", 84 * DAYS),
    DemoEntry("infra/vpn/office", "tunnel-0f-l1ght\nuser: alice\nserver: vpn.example.test\n", 33 * DAYS),
    DemoEntry("mail/alice", "wandering-Otter-62\nuser: alice@example.test\nimap: mail.example.test:993\n", 47 * DAYS),
    DemoEntry("mail/billing", "ledger&Ink-19\nuser: billing@example.test\n", 260 * DAYS),
    DemoEntry("mail/postmaster", "return-t0-sender\nuser: postmaster@example.test\n", 1_100 * DAYS),
    DemoEntry("team/chat/webhook", "https://chat.example.test/hooks/demo-0000\n", 12 * DAYS),
    DemoEntry("team/ci/coverage-token", "demo-coverage-5d41\n", 150 * DAYS),
    DemoEntry("team/ci/deploy-key", DEPLOY_KEY, 5 * HOURS),
    DemoEntry("team/ci/signing-passphrase", "four small boats at dawn\n", 15 * DAYS),
    DemoEntry("team/monitoring/grafana", "Dash-board-77\nuser: admin\nurl: grafana.example.test\n", 71 * DAYS),
    DemoEntry("team/monitoring/pager", "demo-pager-key-e2ef\nrotation: ops-weekly\n", 25 * MINUTES),
    DemoEntry("web/conference.example.test", "early-Bird-2\nuser: alice@example.test\n", 380 * DAYS),
    DemoEntry("web/forum.example.test", "lurker-since-2009\nuser: alice\n", 1_500 * DAYS),
    DemoEntry("web/github.com/acme-bot", "demo-fine-grained-token\nuser: acme-bot\nscope: read:packages\n", 6 * DAYS),
    DemoEntry("web/github.com/alice", WEB_ALICE, 66 * DAYS),
    DemoEntry("web/gitlab.com/alice", "Kettle&Drum-88\nuser: alice\nurl: gitlab.com\n", 101 * DAYS),
];

const DB_ROOT: &str = "\
tr0ub4dor&3-demo
user: postgres
url: db1.internal:5432
otpauth://totp/db1:root?secret=JBSWY3DPEHPK3PXP&issuer=Acme
";

const WEB_ALICE: &str = "\
Marble-Staircase-12
user: alice
url: github.com
otpauth://totp/GitHub:alice?secret=JBSWY3DPEHPK3PXP&issuer=GitHub
";

const DEPLOY_KEY: &str = "\
demo-key-passphrase
user: deploy
---
this would be a private key; the demo has none
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntryPath, RegistryKey};
    use std::collections::BTreeSet;

    #[test]
    fn forty_names_each_once_of_ten_registries_among_others() {
        let servers: BTreeSet<&str> = LOGINS.iter().map(|login| login.0).collect();
        let paths: BTreeSet<&str> = ENTRIES.iter().map(|entry| entry.0).collect();
        assert_eq!((servers.len(), paths.len()), (LOGINS.len(), ENTRIES.len()));
        assert_eq!(servers.len() + paths.len(), 40);
        assert!(paths.iter().all(|path| EntryPath::parse(path).is_ok()));
    }

    #[test]
    fn one_of_ten_registries_has_two_spellings() {
        let canonical: BTreeSet<String> = LOGINS.iter().map(|login| RegistryKey::new(login.0).canonical()).collect();
        assert_eq!((canonical.len(), LOGINS.len()), (10, 11));
    }
}

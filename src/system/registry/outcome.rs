//! What can come of trying a login at a registry: one table, each class with a stable id, what it means, what to do, how
//! bad it is and the exit code it stands for. `docs/outcomes.md` is written from it. Recognising them is `verdict.rs` and
//! its neighbours; nothing here touches a network.

use LoginOutcome::*;
use Severity::{Failed, Good, Unknown, Warning};

/// A class of result. The ids are stable: programs and the remembered results use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoginOutcome {
    OkProved,
    OkUnproven,
    NoAuthRequired,
    BadCredentials,
    ExpiredToken,
    MalformedSecret,
    InsufficientScope,
    TokenRejected,
    LockedOut,
    RateLimited,
    Forbidden,
    ServerError,
    NotARegistry,
    UnsupportedAuth,
    RealmRefused,
    BadTokenAnswer,
    HostileAnswer,
    DnsFailure,
    Refused,
    Reset,
    Unreachable,
    TimeoutConnect,
    TimeoutTotal,
    TlsUnknownCa,
    TlsWrongName,
    TlsExpired,
    TlsNotYetValid,
    TlsClientCertNeeded,
    TlsFailed,
    CertsUnusable,
    PlainHttp,
    ProxyAuth,
    ProxyRefused,
    ClockSkew,
    BadAddress,
    HelperFailed,
    StoreLocked,
    NoCredentials,
    CalledOff,
}

/// How bad a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The login works as far as can be told.
    Good,
    /// Nothing was proved either way, or nothing had to be.
    Warning,
    /// The login does not work.
    Failed,
    /// It was not tried to the end: something else is in the way.
    Unknown,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Good => "good",
            Warning => "warning",
            Failed => "failed",
            Unknown => "unknown",
        }
    }
}

/// How much an accepted login says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Refused without this login, accepted with it; or the server named whose it is.
    Proved,
    /// Accepted, but the server accepts everybody.
    Accepted,
    /// The registry asks nobody for a login: the secret was not even sent.
    NotNeeded,
}

impl Evidence {
    /// As the JSON has it.
    pub fn id(self) -> &'static str {
        match self {
            Evidence::Proved => "proved",
            Evidence::Accepted => "accepted",
            Evidence::NotNeeded => "not_needed",
        }
    }

    /// The evidence with this id.
    pub fn by_id(id: &str) -> Option<Evidence> {
        [Evidence::Proved, Evidence::Accepted, Evidence::NotNeeded].into_iter().find(|one| one.id() == id)
    }

    pub fn words(self) -> &'static str {
        match self {
            Evidence::Proved => "proved",
            Evidence::Accepted => "accepted, not provable",
            Evidence::NotNeeded => "no login needed",
        }
    }
}

/// One class in words.
#[derive(Debug)]
pub struct Class {
    pub outcome: LoginOutcome,
    pub id: &'static str,
    /// What it means, one sentence.
    pub meaning: &'static str,
    /// What to do; empty where nothing is to be done.
    pub advice: &'static str,
    pub severity: Severity,
    /// For the command line: 0 fine, 3 nothing to test, 10 the login does not work, 11 it could not be told, 130 called off.
    pub exit: u8,
}

/// Exit code: the login does not work.
pub const EXIT_FAILED: u8 = 10;

/// Exit code: whether the login works could not be told.
pub const EXIT_UNKNOWN: u8 = 11;

const fn class(
    outcome: LoginOutcome,
    id: &'static str,
    severity: Severity,
    meaning: &'static str,
    advice: &'static str,
) -> Class {
    let exit = match (outcome, severity) {
        (NoCredentials, _) => 3,
        (CalledOff, _) => 130,
        (_, Good | Warning) => 0,
        (_, Failed) => EXIT_FAILED,
        (_, Unknown) => EXIT_UNKNOWN,
    };
    Class { outcome, id, meaning, advice, severity, exit }
}

/// Every class, best first.
pub const CLASSES: &[Class] = &[
    class(OkProved, "ok_proved", Good, "the registry refuses without this login and accepts with it", ""),
    class(
        OkUnproven,
        "ok_unproven",
        Warning,
        "the registry accepted the login, but it may accept everybody",
        "pull a private image to be sure",
    ),
    class(
        NoAuthRequired,
        "no_auth_required",
        Warning,
        "the registry asks nobody for a login, so the secret was not tried",
        "remove the login if nothing else needs it",
    ),
    class(
        BadCredentials,
        "bad_credentials",
        Failed,
        "the registry refused this user and secret",
        "log in again with a fresh password or token",
    ),
    class(ExpiredToken, "expired_token", Failed, "the token has expired", "get a new token and log in again"),
    class(
        MalformedSecret,
        "malformed_secret",
        Failed,
        "the stored login is damaged or was made for another registry or region",
        "log in with it as it was issued, without line ends or other characters",
    ),
    class(
        InsufficientScope,
        "insufficient_scope",
        Failed,
        "the registry knows the login and does not let it in",
        "ask the registry's owner for the right to pull",
    ),
    class(
        TokenRejected,
        "token_rejected",
        Failed,
        "the token server accepted the login, the registry does not take its token",
        "the registry and its token server disagree: tell who runs them, and compare their clocks",
    ),
    class(
        LockedOut,
        "locked_out",
        Failed,
        "the registry takes no more attempts for now",
        "wait before trying again; every attempt may prolong it",
    ),
    class(
        RateLimited,
        "rate_limited",
        Unknown,
        "the registry answers no more requests from here for now",
        "wait before trying again",
    ),
    class(
        Forbidden,
        "forbidden",
        Unknown,
        "the registry refuses to talk to this machine, whoever logs in",
        "look for an allow-list of addresses, a firewall or a proxy",
    ),
    class(
        ServerError,
        "server_error",
        Unknown,
        "the registry or its token server has a fault of its own",
        "try again later, or tell who runs it",
    ),
    class(
        NotARegistry,
        "not_a_registry",
        Unknown,
        "what answers there is no registry",
        "look at the name and the port",
    ),
    class(
        UnsupportedAuth,
        "unsupported_auth",
        Failed,
        "the registry asks for a kind of login that Docker cannot do with this secret",
        "log in with a user name and a password or token",
    ),
    class(
        RealmRefused,
        "realm_refused",
        Unknown,
        "the registry sends logins to a place that is not safe, so nothing was sent",
        "do not log in there; tell who runs the registry",
    ),
    class(
        BadTokenAnswer,
        "bad_token_answer",
        Unknown,
        "the token server's answer is no token",
        "a portal or a sign-on page may be in between: open its address in a browser",
    ),
    class(
        HostileAnswer,
        "hostile_answer",
        Unknown,
        "the answer breaks HTTP or is far too long",
        "look at the name and the port, and at what stands in between",
    ),
    class(
        DnsFailure,
        "dns_failure",
        Unknown,
        "the name could not be resolved",
        "look at the spelling, the network and /etc/resolv.conf",
    ),
    class(
        Refused,
        "refused",
        Unknown,
        "nothing listens on that port",
        "look at the port, and whether the registry runs",
    ),
    class(Reset, "reset", Unknown, "the connection was cut", "try again; a firewall or a proxy may cut it"),
    class(
        Unreachable,
        "unreachable",
        Unknown,
        "there is no way to that address",
        "look at the network, the VPN and the routes",
    ),
    class(
        TimeoutConnect,
        "timeout_connect",
        Unknown,
        "no connection was made in time",
        "look at the network and firewalls, or give it longer with --timeout",
    ),
    class(
        TimeoutTotal,
        "timeout_total",
        Unknown,
        "the server did not answer in time",
        "try again, or give it longer with --timeout",
    ),
    class(
        TlsUnknownCa,
        "tls_unknown_ca",
        Unknown,
        "nobody that this machine trusts has signed the certificate",
        "put the registry's CA where Docker looks for it",
    ),
    class(
        TlsWrongName,
        "tls_wrong_name",
        Unknown,
        "the certificate is for another name",
        "use a name that the certificate has, or have it made anew",
    ),
    class(
        TlsExpired,
        "tls_expired",
        Unknown,
        "the certificate has expired",
        "tell who runs the registry, and look at this machine's clock",
    ),
    class(
        TlsNotYetValid,
        "tls_not_yet_valid",
        Unknown,
        "the certificate is not valid yet",
        "look at this machine's clock",
    ),
    class(
        TlsClientCertNeeded,
        "tls_client_cert_needed",
        Unknown,
        "the registry asks for a client certificate",
        "put client.cert and client.key where Docker looks for them",
    ),
    class(
        TlsFailed,
        "tls_failed",
        Unknown,
        "no encrypted connection came about",
        "something in between may break it, or the server is too old",
    ),
    class(
        CertsUnusable,
        "certs_unusable",
        Unknown,
        "the certificates for this registry on this machine cannot be used",
        "mend the named file; Docker stops at it too",
    ),
    class(
        PlainHttp,
        "plain_http",
        Unknown,
        "the registry does not encrypt, so nothing was sent",
        "have it encrypt, or name it in insecure-registries as Docker needs it too",
    ),
    class(
        ProxyAuth,
        "proxy_auth",
        Unknown,
        "the proxy asks for a login of its own",
        "put user and password into the proxy's address",
    ),
    class(
        ProxyRefused,
        "proxy_refused",
        Unknown,
        "the proxy could not be used",
        "look at the proxy settings, or name the registry in NO_PROXY",
    ),
    class(
        ClockSkew,
        "clock_skew",
        Unknown,
        "the clocks differ, so that tokens and certificates are not valid",
        "set this machine's clock: timedatectl set-ntp true",
    ),
    class(
        BadAddress,
        "bad_address",
        Unknown,
        "the stored name is no address of a registry",
        "log in under the registry's name: HOST or HOST:PORT",
    ),
    class(
        HelperFailed,
        "helper_failed",
        Unknown,
        "the login could not be read from where it is kept",
        "see what is wrong: regpass doctor",
    ),
    class(
        StoreLocked,
        "store_locked",
        Unknown,
        "the login could not be decrypted, because the key is locked",
        "unlock the key, then test again",
    ),
    class(NoCredentials, "no_credentials", Failed, "there is no login, or it is empty", "log in first"),
    class(CalledOff, "called_off", Unknown, "the test was called off", ""),
];

impl LoginOutcome {
    pub fn class(self) -> &'static Class {
        // The table is in the order of the enum; a test holds it.
        &CLASSES[self as usize]
    }

    pub fn id(self) -> &'static str {
        self.class().id
    }

    /// The class with this id.
    pub fn by_id(id: &str) -> Option<LoginOutcome> {
        CLASSES.iter().find(|class| class.id == id).map(|class| class.outcome)
    }

    pub fn severity(self) -> Severity {
        self.class().severity
    }

    /// The registry accepted the login, or needs none.
    pub fn is_fine(self) -> bool {
        self.class().exit == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_enum_s_order_and_its_ids_are_unique() {
        for (index, class) in CLASSES.iter().enumerate() {
            assert_eq!(class.outcome as usize, index, "{}", class.id);
            assert_eq!(class.outcome.class().id, class.id);
            assert_eq!(LoginOutcome::by_id(class.id), Some(class.outcome), "{}", class.id);
            assert!(class.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", class.id);
            assert_eq!(format!("{:?}", class.outcome).to_lowercase(), class.id.replace('_', ""));
        }
        assert_eq!(CalledOff as usize + 1, CLASSES.len());
        assert_eq!(LoginOutcome::by_id("no such id"), None);
    }

    /// The table of docs/outcomes.md, between the marks.
    fn page_table() -> String {
        let mut table =
            String::from("| id | severity | exit | what it means | what to do |\n| --- | --- | --- | --- | --- |\n");
        for class in CLASSES {
            let Class { id, exit, meaning, advice, .. } = class;
            table.push_str(&format!("| `{id}` | {} | {exit} | {meaning} | {advice} |\n", class.severity.word()));
        }
        table
    }

    #[test]
    fn the_page_is_the_table() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/outcomes.md");
        let page = std::fs::read_to_string(file).expect("the page");
        let (front, rest) = page.split_once("<!-- classes -->\n").expect("a mark");
        let (table, back) = rest.split_once("<!-- end -->\n").expect("a mark");
        if table != page_table() && std::env::var_os("REGPASS_WRITE_PAGES").is_some() {
            let page = format!("{front}<!-- classes -->\n{}<!-- end -->\n{back}", page_table());
            std::fs::write(file, page).expect("written");
            return;
        }
        assert_eq!(table, page_table(), "write it anew: REGPASS_WRITE_PAGES=1 cargo test --lib outcome");
    }

    #[test]
    fn every_class_says_what_it_means_and_what_to_do() {
        for class in CLASSES {
            assert!(class.meaning.len() > 15 && !class.meaning.ends_with('.'), "{}", class.id);
            assert!(class.meaning.starts_with(char::is_lowercase), "{}", class.id);
            let needs_advice = class.severity != Good && class.outcome != CalledOff;
            assert_eq!(!class.advice.is_empty(), needs_advice, "{}", class.id);
            assert!(!class.advice.ends_with('.'), "{}", class.id);
        }
    }

    #[test]
    fn exit_codes_tell_a_login_that_fails_from_one_that_could_not_be_tried() {
        for (outcome, exit) in [
            (OkProved, 0),
            (OkUnproven, 0),
            (BadCredentials, 10),
            (DnsFailure, 11),
            (NoCredentials, 3),
            (CalledOff, 130),
        ] {
            assert_eq!(outcome.class().exit, exit, "{outcome:?}");
            assert_eq!(outcome.is_fine(), exit == 0);
        }
    }
}

//! Which checks judge facts of which source: where one cannot be looked into, they are not clean. Data; a test closes each
//! source in turn.

use super::evidence::Source;

/// A source, and the checks that depend on it.
pub(super) const OF: &[(Source, &[&str])] = &[
    (
        Source::Config,
        &[
            "INL02", "INL03", "INL17", "INL18", "INL20", "CFG01", "CFG02", "CFG03", "CFG04", "CFG05", "CFG07", "CFG08",
            "CFG09", "CFG10", "CTX03", "CTX04", "CTX07", "CTX08", "CTX10", "CTX13", "HLP01", "HLP02", "HLP03", "HLP04",
            "HLP05", "HLP06", "HLP07", "HLP09", "HLP10", "HLP12", "TLS01", "TLS03", "TLS04", "TLS06", "WIN02", "STO01",
            "STO18", "CRD01", "CRD02", "CRD03", "CRD06", "CRD09",
        ],
    ),
    (
        Source::Logins,
        &[
            "INL02", "INL03", "INL20", "CTX04", "HLP01", "HLP02", "HLP04", "HLP05", "HLP06", "HLP07", "HLP09", "HLP10",
            "TLS01", "TLS03", "TLS04", "TLS06", "WIN02", "STO18", "CRD01", "CRD02", "CRD03", "CRD06", "CRD09",
        ],
    ),
    (Source::DockerFolder, &["INL19", "INL20", "CFG03", "CFG04", "CFG06", "CTX04", "CTX12", "CTX13"]),
    (
        Source::Store,
        &[
            "INL02", "CTX03", "CTX07", "CTX08", "HLP03", "TLS01", "TLS03", "TLS04", "TLS06", "WIN01", "WIN02", "WIN03",
            "STO01", "STO02", "STO03", "STO04", "STO05", "STO06", "STO07", "STO08", "STO09", "STO10", "STO11", "STO12",
            "STO13", "STO14", "STO15", "STO17", "STO18", "GPG08", "GPG09", "CRD01", "CRD02", "CRD03", "CRD04", "CRD06",
            "CRD09",
        ],
    ),
    (
        Source::GnupgHome,
        &[
            "CTX03", "CTX07", "CTX08", "CTX12", "STO02", "STO03", "STO04", "STO05", "STO06", "STO07", "STO08", "GPG02",
            "GPG03", "GPG04", "GPG06", "GPG07", "GPG08", "GPG09", "GPG10",
        ],
    ),
    (
        Source::Keyring,
        &[
            "CTX03", "CTX07", "CTX08", "STO02", "STO03", "STO04", "STO05", "STO06", "STO07", "STO08", "GPG03", "GPG04",
            "GPG08", "GPG09", "GPG10",
        ],
    ),
    (Source::Trust, &["STO02", "STO03", "STO04", "STO05", "GPG08"]),
    (Source::SecretKeys, &["CTX03", "CTX07", "CTX08", "STO06", "STO07", "GPG03", "GPG04", "GPG06", "GPG09", "GPG10"]),
    (Source::Startup, &["CTX04"]),
    (Source::Services, &["CTX03", "CTX04", "CTX07", "CTX08", "CTX10", "HLP03"]),
    (Source::Contexts, &["CTX04", "CTX10", "HLP03"]),
    (Source::Sudoers, &["CTX02", "CTX03", "CTX10", "HLP03"]),
    (Source::Processes, &["INL10", "INL11", "GPG05"]),
    (Source::Daemon, &["INL18", "TLS01", "TLS02"]),
];

/// Sources without which a key that is there looks like one that is not.
pub(super) const BLINDING: [Source; 2] = [Source::GnupgHome, Source::Keyring];

/// Checks that find something missing.
pub(super) const OF_ABSENCE: [&str; 4] = ["STO02", "STO06", "STO07", "STO08"];

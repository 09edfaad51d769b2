//! Group INL: secrets of registries that stand in clear. Where and how long is told, never what. Ids as in the catalogue
//! (docs/checks.md).

mod files;
mod texts;

use super::Check;
use super::finding::Severity::{High, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "INL01",
        title: "Docker's config.json holds a login in clear",
        severity: High,
        look: files::docker_file,
    },
    Check { id: "INL02", title: "a login is in clear and in the store", severity: High, look: files::twins },
    Check {
        id: "INL03",
        title: "a login in clear has a name that no logout finds",
        severity: High,
        look: files::old_names,
    },
    Check { id: "INL04", title: "~/.dockercfg holds a login in clear", severity: High, look: files::legacy },
    Check {
        id: "INL05",
        title: "auth.json of podman and skopeo holds a login in clear",
        severity: High,
        look: files::containers,
    },
    Check { id: "INL06", title: "helm's files hold a login in clear", severity: High, look: files::helm },
    Check { id: "INL09", title: "DOCKER_AUTH_CONFIG holds logins in clear", severity: High, look: texts::auth_config },
    Check {
        id: "INL10",
        title: "a process has a registry's secret among its variables",
        severity: Medium,
        look: texts::environments,
    },
    Check {
        id: "INL11",
        title: "a process shows a registry's password in its command line",
        severity: High,
        look: texts::command_lines,
    },
    Check {
        id: "INL12",
        title: "a shell's history holds a registry's password",
        severity: High,
        look: texts::histories,
    },
    Check {
        id: "INL13",
        title: "a pipeline's file holds a registry's password",
        severity: High,
        look: texts::pipelines,
    },
    Check {
        id: "INL14",
        title: "an .env or compose file holds a registry's secret",
        severity: Medium,
        look: texts::projects,
    },
    Check {
        id: "INL15",
        title: "a unit, cron job or boot script logs in with a password in clear",
        severity: High,
        look: texts::services,
    },
    Check {
        id: "INL17",
        title: "Docker sends a credential with every request",
        severity: Medium,
        look: files::headers,
    },
    Check { id: "INL18", title: "a proxy's address holds a password", severity: Medium, look: files::proxies },
    Check {
        id: "INL19",
        title: "a copy of config.json holds a login in clear",
        severity: High,
        look: files::leftovers,
    },
    Check {
        id: "INL20",
        title: "a file with a login is in git or in a build context",
        severity: High,
        look: files::published,
    },
];

/// Said where a password was to be read by others.
const ROTATE: &str = "and change the password: whoever read the file has it";

fn bytes(length: usize) -> String {
    format!("{length} {}", if length == 1 { "byte" } else { "bytes" })
}

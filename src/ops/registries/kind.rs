//! What runs a registry, told by its host's name, and how long the logins live that its own tools make. Asks nobody.

use std::time::Duration;

use crate::model::registry_key::HUB_NAME;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryKind {
    Hub,
    Ecr,
    Ghcr,
    GitLab,
    Harbor,
    Quay,
    Acr,
    Gar,
    Other,
}

use RegistryKind::{Acr, Ecr, Gar, Ghcr, GitLab, Harbor, Hub, Quay};

/// How a rule fits a host, without its port.
enum Fit {
    Is(&'static str),
    EndsIn(&'static str),
    /// The first label, or what stands before a `-` in it: an installation of one's own is mostly named after its program.
    Named(&'static str),
    /// Somewhere inside, with this end.
    Holds(&'static str, &'static str),
}

/// The first that fits counts. Amazon: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, in China with `.cn`, in Europe's own partition
/// with `.eu`, and since 2023 with both protocols `ACCOUNT.dkr-ecr.REGION.on.aws`. Google: `REGION-docker.pkg.dev`, and `gcr.io` that leads there.
const RULES: &[(Fit, RegistryKind)] = &[
    (Fit::Is(HUB_NAME), Hub),
    (Fit::Holds(".dkr.ecr", ".amazonaws.com"), Ecr),
    (Fit::Holds(".dkr.ecr", ".amazonaws.com.cn"), Ecr),
    (Fit::Holds(".dkr.ecr", ".amazonaws.eu"), Ecr),
    (Fit::Holds(".dkr-ecr", ".on.aws"), Ecr),
    (Fit::Holds(".dkr-ecr", ".on.amazonwebservices.com.cn"), Ecr),
    (Fit::Holds(".dkr-ecr", ".on.amazonwebservices.eu"), Ecr),
    (Fit::Is("public.ecr.aws"), Ecr),
    (Fit::Is("ecr-public.aws.com"), Ecr),
    (Fit::Is("ghcr.io"), Ghcr),
    (Fit::Is("quay.io"), Quay),
    (Fit::EndsIn(".azurecr.io"), Acr),
    (Fit::EndsIn(".azurecr.cn"), Acr),
    (Fit::EndsIn(".azurecr.us"), Acr),
    (Fit::EndsIn("-docker.pkg.dev"), Gar),
    (Fit::Is("gcr.io"), Gar),
    (Fit::EndsIn(".gcr.io"), Gar),
    (Fit::EndsIn("registry.gitlab.com"), GitLab),
    (Fit::Holds("gitlab.", ""), GitLab),
    (Fit::Is("demo.goharbor.io"), Harbor),
    (Fit::Named("harbor"), Harbor),
    (Fit::Named("quay"), Quay),
];

/// User names that only stand for a token that dies by itself, and how long it lives at most: Amazon's
/// `get-login-password`, Google's `print-access-token`, Azure's `acr login --expose-token`.
const TOKENS: &[(RegistryKind, &str, Duration)] = &[
    (Ecr, "AWS", Duration::from_secs(12 * 3600)),
    (Gar, "oauth2accesstoken", Duration::from_secs(3600)),
    (Acr, "00000000-0000-0000-0000-000000000000", Duration::from_secs(3 * 3600)),
];

impl RegistryKind {
    /// `canonical` as `RegistryKey::canonical` gives it.
    pub fn of(canonical: &str) -> RegistryKind {
        let host = canonical.split('/').next().unwrap_or(canonical);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let fits = |fit: &Fit| match fit {
            Fit::Is(name) => host == *name,
            Fit::EndsIn(end) => host.ends_with(end),
            Fit::Holds(part, end) => host.contains(part) && host.ends_with(end),
            Fit::Named(name) => {
                host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
            }
        };
        RULES.iter().find(|(fit, _)| fits(fit)).map_or(RegistryKind::Other, |(_, kind)| *kind)
    }

    pub fn word(self) -> &'static str {
        match self {
            Hub => "Hub",
            Ecr => "ECR",
            Ghcr => "GHCR",
            GitLab => "GitLab",
            Harbor => "Harbor",
            Quay => "Quay",
            Acr => "ACR",
            Gar => "GAR",
            RegistryKind::Other => "other",
        }
    }

    /// How long a login of this user lives at most, where the registry says so.
    pub fn lifetime(self, user: &str) -> Option<Duration> {
        TOKENS.iter().find(|(kind, name, _)| *kind == self && *name == user).map(|(_, _, time)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_kind() {
        for (host, kind) in [
            ("docker.io", Hub),
            ("docker.io/v1/access-token", Hub),
            ("123.dkr.ecr.us-west-2.amazonaws.com", Ecr),
            ("123.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Ecr),
            ("123.dkr.ecr.cn-north-1.amazonaws.com.cn", Ecr),
            ("123.dkr-ecr.eu-west-1.on.aws", Ecr),
            ("123.dkr.ecr.eusc-de-east-1.amazonaws.eu", Ecr),
            ("ecr-public.aws.com", Ecr),
            ("public.ecr.aws", Ecr),
            ("ghcr.io", Ghcr),
            ("registry.gitlab.com", GitLab),
            ("registry.gitlab.example.test:5050", GitLab),
            ("harbor.corp.test:8443", Harbor),
            ("quay.io", Quay),
            ("team.azurecr.io", Acr),
            ("europe-docker.pkg.dev", Gar),
            ("eu.gcr.io", Gar),
            ("registry.example.test:5000", RegistryKind::Other),
            ("ghcr.io.evil.test", RegistryKind::Other),
            ("harbormaster.test", RegistryKind::Other),
            ("dkr.ecr.example.test", RegistryKind::Other),
            ("", RegistryKind::Other),
        ] {
            assert_eq!(RegistryKind::of(host), kind, "{host}");
        }
    }

    #[test]
    fn only_tokens_of_that_registry_die_by_themselves() {
        assert_eq!(Ecr.lifetime("AWS"), Some(Duration::from_secs(43_200)));
        assert_eq!(Gar.lifetime("_json_key"), None);
        assert_eq!(RegistryKind::Other.lifetime("AWS"), None);
    }
}

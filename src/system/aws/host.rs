//! What the name of an Amazon registry says: whose it is, in which region, and where its tokens are handed out. By the
//! endpoint rules of botocore and the names that amazon-ecr-credential-helper knows (`ecr-login/api/client.go`). Pure.

use super::error::AwsError;
use crate::model::text;

/// A group of regions with accounts of their own. Names and services of one are unknown in the others.
#[derive(Debug)]
pub struct Partition {
    /// How the names of its regions begin; the first partition takes what no other one does.
    regions: &'static [&'static str],
    /// What its names end in.
    pub(super) suffix: &'static str,
    /// The same for names that are reached by IPv6 too: of registries, and of services; None where there are none.
    dual: Option<(&'static str, &'static str)>,
}

const PARTITIONS: &[Partition] = &[
    Partition { regions: &[], suffix: "amazonaws.com", dual: Some(("on.aws", "api.aws")) },
    Partition {
        regions: &["cn-"],
        suffix: "amazonaws.com.cn",
        dual: Some(("on.amazonwebservices.com.cn", "api.amazonwebservices.com.cn")),
    },
    Partition {
        regions: &["eusc-"],
        suffix: "amazonaws.eu",
        dual: Some(("on.amazonwebservices.eu", "api.amazonwebservices.eu")),
    },
    Partition { regions: &["us-iso-"], suffix: "c2s.ic.gov", dual: None },
    Partition { regions: &["us-isob-"], suffix: "sc2s.sgov.gov", dual: None },
    Partition { regions: &["eu-isoe-"], suffix: "cloud.adc-e.uk", dual: None },
    Partition { regions: &["us-isof-", "eu-isof-"], suffix: "csp.hci.ic.gov", dual: None },
];

/// Where the tokens of the public registry are handed out.
const PUBLIC_REGION: &str = "us-east-1";

const PUBLIC_HOSTS: [&str; 2] = ["public.ecr.aws", "ecr-public.aws.com"];

/// The longest name of a region; the longest there is has 14 characters.
const REGION_MAX: usize = 32;

/// A registry at Amazon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrHost {
    pub kind: EcrKind,
    /// The region of the service that hands out its tokens.
    pub region: String,
    /// That service's host.
    pub(super) api: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EcrKind {
    /// One account's, by its number.
    Private {
        account: String,
    },
    Public,
}

impl EcrHost {
    /// `host` without scheme, port and path.
    pub fn of(host: &str) -> Result<EcrHost, AwsError> {
        let host = host.to_ascii_lowercase();
        if PUBLIC_HOSTS.contains(&host.as_str()) {
            let api = format!("api.ecr-public.{PUBLIC_REGION}.amazonaws.com");
            return Ok(EcrHost { kind: EcrKind::Public, region: PUBLIC_REGION.to_owned(), api });
        }
        private(&host).ok_or_else(|| AwsError::NotAmazon(text::quoted(&host)))
    }
}

/// `ACCOUNT.dkr.ecr[-fips].REGION.SUFFIX`, or `ACCOUNT.dkr-ecr[-fips].REGION.SUFFIX` of both protocols.
fn private(host: &str) -> Option<EcrHost> {
    let (account, rest) = host.split_once('.')?;
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (is_dual, rest) = match rest.strip_prefix("dkr.ecr") {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix("dkr-ecr")?),
    };
    let (fips, rest) = match rest.strip_prefix("-fips.") {
        Some(rest) => ("-fips", rest),
        None => ("", rest.strip_prefix('.')?),
    };
    let (region, suffix) = rest.split_once('.')?;
    if !is_region(region) {
        return None;
    }
    let partition = Partition::of(region);
    let api = match (is_dual, partition.dual) {
        (false, _) if suffix == partition.suffix => format!("api.ecr{fips}.{region}.{suffix}"),
        (true, Some((registries, services))) if suffix == registries => format!("ecr{fips}.{region}.{services}"),
        _ => return None,
    };
    Some(EcrHost { kind: EcrKind::Private { account: account.to_owned() }, region: region.to_owned(), api })
}

impl Partition {
    /// The one that a region belongs to.
    pub(super) fn of(region: &str) -> &'static Partition {
        let is_of = |partition: &&Partition| partition.regions.iter().any(|front| region.starts_with(front));
        PARTITIONS.iter().find(is_of).unwrap_or(&PARTITIONS[0])
    }
}

/// `eu-central-1`: what it is put into must stay a host's name.
pub(super) fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let is_number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            name.len() <= REGION_MAX && words.len() >= 2 && is_number(number) && words.iter().all(is_word)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_its_tokens_are() {
        for (host, region, api) in [
            ("dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1", "api.ecr.eu-central-1.amazonaws.com"),
            ("DKR.ECR.us-east-1.AMAZONAWS.com", "us-east-1", "api.ecr.us-east-1.amazonaws.com"),
            ("dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "api.ecr-fips.us-gov-west-1.amazonaws.com"),
            ("dkr-ecr.eu-west-1.on.aws", "eu-west-1", "ecr.eu-west-1.api.aws"),
            ("dkr-ecr-fips.us-east-2.on.aws", "us-east-2", "ecr-fips.us-east-2.api.aws"),
            ("dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn"),
            (
                "dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn",
                "cn-northwest-1",
                "ecr.cn-northwest-1.api.amazonwebservices.com.cn",
            ),
            ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "api.ecr.eusc-de-east-1.amazonaws.eu"),
            ("dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "api.ecr.us-iso-east-1.c2s.ic.gov"),
            ("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "api.ecr.us-isob-east-1.sc2s.sgov.gov"),
            ("dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "api.ecr.eu-isoe-west-1.cloud.adc-e.uk"),
            ("dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "api.ecr.us-isof-south-1.csp.hci.ic.gov"),
        ] {
            let found = EcrHost::of(&format!("123456789012.{host}")).expect(host);
            assert_eq!((found.region.as_str(), found.api.as_str()), (region, api), "{host}");
            assert_eq!(found.kind, EcrKind::Private { account: "123456789012".to_owned() });
        }
        let public = EcrHost::of("public.ecr.aws").expect("public");
        assert_eq!((public.kind, public.api.as_str()), (EcrKind::Public, "api.ecr-public.us-east-1.amazonaws.com"));
    }

    #[test]
    fn what_only_looks_like_one_is_refused() {
        for host in [
            "",
            "h.test",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.cn",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
            "123456789012.dkr.ecr.evil.test/.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1@evil.test.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1.on.aws",
            "123456789012.dkr-ecr.us-east-1.amazonaws.com",
            "123456789012.dkr-ecr.us-iso-east-1.on.aws",
            "12345678901.dkr.ecr.us-east-1.amazonaws.com",
            "12345678901x.dkr.ecr.us-east-1.amazonaws.com",
            "x.123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr..amazonaws.com",
            "123456789012.dkr.ecr.us.amazonaws.com",
            "123456789012.dkr.ecr-evil.us-east-1.amazonaws.com",
            "123456789012.dkr.ecrfips.us-east-1.amazonaws.com",
            "ecr.aws",
            "evil-public.ecr.aws",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com:443",
            "123456789012.dkr.ecr.us-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1.amazonaws.com",
        ] {
            assert!(EcrHost::of(host).is_err(), "{host}");
        }
        let told = EcrHost::of("h\u{1b}[2J.test").expect_err("refused").to_string();
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}

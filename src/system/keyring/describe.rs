//! What can be shown about a recipient without asking gpg: whose key it is, until when it is good. No child process, so
//! trust stays unknown for all but the user's own keys.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use sequoia_openpgp::Cert;

use super::choice::{self, Fault};
use super::listing;
use super::recipients::Meaning;
use super::trustdb::TrustDb;
use super::{Keyring, KeyringError};
use crate::model::{Recipient, UserId};
use crate::system::files;
use crate::system::scratch::Scratch;

/// The largest trust database that is copied, in bytes.
const TRUST_MAX: u64 = 64 << 20;

/// The most certificates that one text is taken to mean.
const MEANT_MAX: usize = 20;

/// How a recipient stands, as far as the public keys here tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientState {
    /// Of the certificate, upper-case hex.
    pub fingerprint: Option<String>,
    /// The certificate's first user id.
    pub user_id: Option<UserId>,
    pub standing: RecipientStanding,
    /// When the key expires, or expired.
    pub expires: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientStanding {
    /// A message can be written to it now.
    Valid,
    /// Nothing speaks against it, but only gpg knows whether it is trusted, or which key is meant.
    Unknown,
    Expired,
    Revoked,
    Disabled,
    /// Nobody here vouches for it (only gpg can say that).
    Untrusted,
    /// Its certificate has no key for encryption.
    Unusable,
    /// No certificate here.
    Missing,
    /// More than one certificate has this id.
    Ambiguous,
}

impl Keyring {
    /// Cheap: reads public keys and the trust database, asks nobody.
    pub fn describe(&self, recipient: &Recipient) -> Result<RecipientState, KeyringError> {
        let plain = |standing, user_id| RecipientState { fingerprint: None, user_id, standing, expires: None };
        if let Some(members) = self.behaviour().group(recipient.as_str()) {
            return Ok(plain(
                RecipientStanding::Unknown,
                Some(UserId::new(format!("group of {}", members.len()).as_bytes())),
            ));
        }
        let meaning = Meaning::of(recipient);
        let Some(certs) = self.candidates(&meaning)? else { return Ok(plain(RecipientStanding::Unknown, None)) };
        let cert = match (certs.as_slice(), &meaning) {
            ([], _) => return Ok(plain(RecipientStanding::Missing, None)),
            ([cert], _) => cert,
            (_, Meaning::Key { .. }) => return Ok(plain(RecipientStanding::Ambiguous, None)),
            _ => return Ok(plain(RecipientStanding::Unknown, None)),
        };
        let opinion = choice::choose(cert, meaning.exact(), self.env.unstopped());
        let said = TrustDb::open(&self.home)?.map(|trust| trust.owner_trust(&cert.fingerprint())).unwrap_or_default();
        let (standing, expires) = match (opinion.key, opinion.doubt) {
            _ if said.disabled => (RecipientStanding::Disabled, opinion.expires),
            (Err(Fault::Expired(at)), _) => (RecipientStanding::Expired, at),
            (Err(Fault::Revoked), _) => (RecipientStanding::Revoked, None),
            (Err(Fault::NoEncryptionKey), None) => (RecipientStanding::Unusable, None),
            (Ok(_), None) if said.ultimate || self.behaviour().trust_always => {
                (RecipientStanding::Valid, opinion.expires)
            }
            _ => (RecipientStanding::Unknown, opinion.expires),
        };
        Ok(RecipientState { fingerprint: Some(cert.fingerprint().to_hex()), user_id: name_of(cert), standing, expires })
    }
}

impl Keyring {
    /// Whether gpg encrypts to each of these certificates without asking, by its word within this time. Nothing is written:
    /// where there is no trust database, gpg would make one, and nobody vouches for anything.
    pub fn vouched_for(&self, fingerprints: &[String], time: Duration) -> Result<Vec<bool>, KeyringError> {
        if self.behaviour().trust_always || fingerprints.is_empty() {
            return Ok(vec![true; fingerprints.len()]);
        }
        let database = match files::read_bounded(&self.home.join("trustdb.gpg"), TRUST_MAX) {
            Ok(database) => database,
            Err(error) if error.is_not_found() => return Ok(vec![false; fingerprints.len()]),
            Err(error) => return Err(error.into()),
        };
        self.check_conf()?;
        let ids: Vec<String> = fingerprints.iter().map(|hex| format!("0x{hex}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        // gpg brings the database up to date first, which may change what it says: it is given a copy.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("regpass-trust{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let scratch = Scratch::make(&["/dev/shm", "/tmp"].map(PathBuf::from), &name, self.env.uid())?;
        let copy = scratch.path().join("trustdb.gpg");
        files::create(&copy, &database, 0o600)?;
        let option = format!("--trustdb-name={}", copy.display());
        let listed = listing::ask_within(&self.env, &self.home, Some(&option), &ids, time)
            .map_err(|why| KeyringError::NeedsGpg { recipient: fingerprints[0].clone(), why })?;
        let is_vouched = |hex: &String| {
            let same = |cert: &&listing::Listed| cert.fingerprint().is_some_and(|own| own.to_hex() == *hex);
            listed.iter().find(same).is_some_and(listing::Listed::is_trusted)
        };
        Ok(fingerprints.iter().map(is_vouched).collect())
    }

    /// The certificates that a recipient's text may mean, at most `MEANT_MAX`: more than one for a name that several have,
    /// and for a group. Asks gpg only for forms and rings that only gpg reads.
    pub fn meant(&self, recipient: &Recipient) -> Result<Vec<Cert>, KeyringError> {
        if let Some(members) = self.behaviour().group(recipient.as_str()) {
            let members = members.iter().filter_map(|member| Recipient::new(member));
            let all = members.map(|member| self.meant_by(&member)).collect::<Result<Vec<_>, _>>()?;
            return Ok(all.into_iter().flatten().collect());
        }
        self.meant_by(recipient)
    }

    fn meant_by(&self, recipient: &Recipient) -> Result<Vec<Cert>, KeyringError> {
        match self.meant_here(&Meaning::of(recipient))? {
            Some(found) => Ok(found),
            None => self.meant_as_gpg_says(recipient),
        }
    }

    /// None for what only gpg can look up.
    pub(super) fn meant_here(&self, meaning: &Meaning) -> Result<Option<Vec<Cert>>, KeyringError> {
        let found = match meaning {
            Meaning::Key { wanted, .. } => return self.find_known(wanted, MEANT_MAX),
            Meaning::Mailbox(text) | Meaning::Name(text) => self.find_user_id(text.as_bytes(), MEANT_MAX)?,
            Meaning::Special => None,
        };
        Ok(found.map(|mut found| {
            found.retain(|cert| cert.userids().any(|id| meaning.fits(id.userid().value())));
            found
        }))
    }

    fn meant_as_gpg_says(&self, recipient: &Recipient) -> Result<Vec<Cert>, KeyringError> {
        let name = recipient.as_str();
        let listed = listing::ask(&self.env, &self.home, true, &[name])
            .map_err(|why| KeyringError::NeedsGpg { recipient: name.to_owned(), why })?;
        let keys = listed.iter().take(MEANT_MAX).filter_map(|listed| listed.fingerprint());
        let certs = keys.map(|key| self.cert_with_key(&key.into())).collect::<Result<Vec<_>, _>>()?;
        Ok(certs.into_iter().flatten().collect())
    }
}

/// The certificate's first user id.
pub fn name_of(cert: &Cert) -> Option<UserId> {
    cert.userids().next().map(|id| UserId::new(id.userid().value()))
}

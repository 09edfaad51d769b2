//! OpenPGP without GnuPG: a file with a transferable secret key does the decrypting, in process. For build machines and
//! containers; on a desktop gpg-agent keeps keys better. Reached through `cipher::open` when `REGPASS_KEY_FILE` is set.
//!
//! Once asked for, a passphrase is not asked for again: the unlocked key stays in this object, in the library's
//! encrypted memory, until it is dropped (docs/security.md).

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::crypto::mpi::Ciphertext;
use sequoia_openpgp::crypto::{Decryptor, KeyPair, Password, SessionKey};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::packet::key::{PublicParts, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle};

use super::addressees::{self, Meant, Owner};
use super::message::{DAMAGED_SESSION, Message};
use super::seal::{Style, seal};
use super::unlock::{self, ATTEMPTS_MAX, UNLOCKED_MIN};
use super::{Addressees, Asking, Audience, Cipher, CipherError, Guarded, Identity, KeyFileError};
use crate::model::{Recipient, Secret, text};
use crate::system::agent::Prompts;
use crate::system::env::Env;
use crate::system::keyring::{Encryption, Keyring, KeyringError, PublicKey, given, holders_among};
use crate::system::options::Options;

/// The largest key file read, in bytes: a key with many certifications has some hundred kilobytes.
const FILE_MAX: u64 = 4 << 20;

/// How often a passphrase is asked for, as pinentry does.
const TRIES: usize = 3;

/// The cipher of a machine without GnuPG.
pub struct KeyFileCipher {
    path: PathBuf,
    /// All certificates of the file: those with secret keys, and public ones put beside them as trusted recipients.
    certs: Vec<Cert>,
    keyring: Keyring,
    passphrase_file: Option<PathBuf>,
    prompts: Prompts,
    env: Env,
    unlocked: Mutex<Vec<(Fingerprint, KeyPair)>>,
}

impl KeyFileCipher {
    /// Reads the file; asks for nothing yet.
    pub fn open(path: &Path, env: &Env, options: &Options, prompts: &Prompts) -> Result<KeyFileCipher, CipherError> {
        let no_key = || KeyFileError::NoSecretKey { path: path.to_owned() };
        let bytes = read_guarded(Guarded::Key, path, env.uid())?;
        let mut certs = Vec::new();
        for block in blocks(bytes.expose()) {
            let parser = CertParser::from_bytes(block).map_err(|_| no_key())?;
            certs.extend(parser.collect::<Result<Vec<Cert>, _>>().map_err(|_| no_key())?);
        }
        if !certs.iter().any(Cert::is_tsk) {
            return Err(no_key().into());
        }
        Ok(KeyFileCipher {
            path: path.to_owned(),
            certs,
            keyring: Keyring::new(env, options),
            passphrase_file: options.key_passphrase_file.clone(),
            prompts: prompts.clone(),
            env: env.clone(),
            unlocked: Mutex::default(),
        })
    }

    /// The secret keys that may open this session: the one it names, or all of them when it names none.
    fn secret_keys(&self, session: &PKESK) -> Vec<Key<SecretParts, UnspecifiedRole>> {
        let wanted = session.recipient();
        let keys = self.certs.iter().flat_map(|cert| cert.keys().secret());
        keys.filter(|key| key.key().pk_algo() == session.pk_algo())
            .filter(|key| wanted.as_ref().is_none_or(|wanted| key.key().key_handle().aliases(wanted)))
            .map(|key| key.key().clone().role_into_unspecified())
            .collect()
    }

    /// What is worth trying, keys that need no passphrase first; one more than is tried when there is more.
    fn pairs<'m>(&self, message: &'m Message) -> Vec<(&'m PKESK, Key<SecretParts, UnspecifiedRole>)> {
        let pairs = message
            .sessions
            .iter()
            .flat_map(|session| self.secret_keys(session).into_iter().map(move |key| (session, key)));
        let mut pairs: Vec<_> = pairs.take(ATTEMPTS_MAX + 1).collect();
        pairs.sort_by_key(|(_, key)| key.secret().is_encrypted() && self.known(&key.fingerprint()).is_none());
        pairs
    }

    fn known(&self, fingerprint: &Fingerprint) -> Option<KeyPair> {
        let unlocked = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        unlocked.iter().find(|(known, _)| known == fingerprint).map(|(_, pair)| pair.clone())
    }

    /// Whether a person would be asked for a passphrase.
    fn may_ask(&self, asking: Asking) -> bool {
        self.passphrase_file.is_none() && asking == Asking::Allowed && self.prompts.passphrase.is_some()
    }

    fn unlock(&self, key: Key<SecretParts, UnspecifiedRole>, asking: Asking) -> Result<KeyPair, CipherError> {
        let fingerprint = key.fingerprint();
        if let Some(pair) = self.known(&fingerprint) {
            return Ok(pair);
        }
        let key = if key.secret().is_encrypted() { self.with_passphrase(&key, asking)? } else { key };
        let pair = key.into_keypair().map_err(|_| CipherError::Library("the secret key cannot be used".to_owned()))?;
        self.unlocked.lock().unwrap_or_else(PoisonError::into_inner).push((fingerprint, pair.clone()));
        Ok(pair)
    }

    /// The passphrase file decides when there is one; else a person is asked.
    fn with_passphrase(
        &self,
        key: &Key<SecretParts, UnspecifiedRole>,
        asking: Asking,
    ) -> Result<Key<SecretParts, UnspecifiedRole>, CipherError> {
        let path = || self.path.clone();
        let open = |passphrase: &Secret| key.clone().decrypt_secret(&Password::from(passphrase.expose())).ok();
        if let Some(file) = &self.passphrase_file {
            let mut line = read_guarded(Guarded::Passphrase, file, self.env.uid())?;
            let end = line.expose().iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
            line.truncate(end);
            line.trim_end(|byte| byte == b'\r');
            return open(&line).ok_or_else(|| KeyFileError::BadPassphrase { path: path() }.into());
        }
        let (Asking::Allowed, Some(ask)) = (asking, &self.prompts.passphrase) else {
            return Err(KeyFileError::Locked { path: path() }.into());
        };
        let question = format!("passphrase of the key file {}", text::quoted_path(&self.path));
        for _ in 0..TRIES {
            let passphrase = ask(&question).ok_or_else(|| KeyFileError::Cancelled { path: path() })?;
            if let Some(key) = open(&passphrase) {
                return Ok(key);
            }
        }
        Err(KeyFileError::BadPassphrase { path: path() }.into())
    }

    /// The keys for these recipients: from the file itself, whose certificates are trusted; the rest as gpg would.
    fn encryption_keys(&self, wanted: &[Recipient]) -> Result<Vec<PublicKey>, CipherError> {
        let mut keys: Vec<PublicKey> = Vec::with_capacity(wanted.len());
        let mut add = |key: PublicKey| {
            if !keys.iter().any(|known| known.fingerprint() == key.fingerprint()) {
                keys.push(key);
            }
        };
        for recipient in wanted {
            if let Some(key) = given::key_among(&self.certs, recipient, self.env.unstopped())? {
                add(key);
                continue;
            }
            match self.keyring.encryption_keys(std::slice::from_ref(recipient))? {
                Encryption::InProcess(found) => found.into_iter().for_each(&mut add),
                Encryption::ByGpg { why } => {
                    let recipient = recipient.as_str().to_owned();
                    return Err(KeyringError::NeedsGpg { recipient, why }.into());
                }
            }
        }
        Ok(keys)
    }
}

impl Cipher for KeyFileCipher {
    fn decrypt(&self, message: &[u8], asking: Asking) -> Result<Secret, CipherError> {
        let message = Message::parse(message)?;
        let mut fault = None;
        for (count, (session, key)) in self.pairs(&message).into_iter().enumerate() {
            if count == ATTEMPTS_MAX {
                return Err(unlock::TOO_MANY.into());
            }
            let mut pair = match self.unlock(key, asking) {
                Ok(pair) => Checked(pair),
                // Another key may open it. Not after a person failed: they would be asked again.
                Err(CipherError::KeyFile(locked)) if locked.is_of_one_key() && !self.may_ask(asking) => {
                    fault.get_or_insert(locked.into());
                    continue;
                }
                Err(error) => return Err(error),
            };
            match unlock::session_key(&message, session, &mut pair) {
                Some((algo, session_key)) => match message.open(algo, &session_key) {
                    Ok(plaintext) => return Ok(plaintext),
                    Err(error) => fault = fault.or(Some(error.into())),
                },
                None if session.recipient().is_some() => fault = fault.or(Some(DAMAGED_SESSION.into())),
                None => {}
            }
        }
        Err(match (fault, super::no_key_fits(&message)) {
            (Some(fault), _) => fault,
            (None, CipherError::NoSecretKey { keys }) => {
                KeyFileError::NotForIt { path: self.path.clone(), keys }.into()
            }
            (None, other) => other,
        })
    }

    fn audience(&self, recipients: &[Recipient]) -> Result<Audience, CipherError> {
        Ok(Audience { recipients: recipients.to_vec(), keys: Some(self.encryption_keys(recipients)?) })
    }

    fn encrypt_for(&self, plaintext: &Secret, audience: &Audience) -> Result<Vec<u8>, CipherError> {
        let behaviour = self.keyring.behaviour();
        let keys = audience.keys.as_ref().ok_or(KeyringError::NoRecipients)?;
        Ok(seal(plaintext, keys, Style { armor: behaviour.armor, hidden: behaviour.throw_keyids })?)
    }

    fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, CipherError> {
        let decrypts = |cert: &Cert| cert.keys().secret().any(|key| key.key().pk_algo().for_encryption());
        let given = given::meant_among(&self.certs, recipient);
        if !given.is_empty() {
            return Ok(given.into_iter().map(|cert| Identity::of(cert, Some(decrypts(cert)))).collect());
        }
        let of_ring = self.keyring.meant(recipient)?;
        Ok(of_ring.iter().map(|cert| Identity::of(cert, Some(false))).collect())
    }

    fn is_for(&self, message: &[u8], audience: &Audience) -> bool {
        super::is_exactly_for(message, audience)
    }

    fn meant(&self, recipient: &Recipient) -> Result<Meant, CipherError> {
        match holders_among(&self.certs, recipient, self.env.unstopped()) {
            Some(given) => Ok(vec![Some(given)]),
            None => Ok(self.keyring.holders(recipient)?),
        }
    }

    fn held_against(&self, message: &[u8], wanted: &[(&Recipient, &Meant)]) -> Result<Addressees, CipherError> {
        let message = Message::parse(message)?;
        let holds = |cert: &&Cert, key: &KeyHandle| cert.keys().any(|own| own.key().key_handle().aliases(key));
        Ok(addressees::compare(&message, wanted, |keys| {
            let (of_ring, _) = self.keyring.certs_with_keys(keys);
            let given = keys.iter().map(|key| self.certs.iter().find(|cert| holds(cert, key)));
            given.zip(&of_ring).map(|(given, of_ring)| given.or(of_ring.as_deref()).map(Owner::of)).collect()
        }))
    }
}

/// A key pair that hands the library nothing too short for it.
struct Checked(KeyPair);

impl Decryptor for Checked {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        self.0.public()
    }

    fn decrypt(&mut self, ciphertext: &Ciphertext, length: Option<usize>) -> sequoia_openpgp::Result<SessionKey> {
        let plain = Decryptor::decrypt(&mut self.0, ciphertext, length)?;
        match plain.len() {
            UNLOCKED_MIN.. => Ok(plain),
            _ => Err(sequoia_openpgp::Error::InvalidSessionKey("too short".to_owned()).into()),
        }
    }
}

/// The armoured blocks of a file that was made with `cat`; a binary file is one block.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN PGP ";
    let begins = bytes.windows(BEGIN.len()).enumerate();
    let mut starts: Vec<usize> = begins.filter(|(_, window)| *window == BEGIN).map(|(at, _)| at).collect();
    if bytes.first().is_none_or(|first| first & 0x80 != 0) || starts.is_empty() {
        return vec![bytes];
    }
    starts.push(bytes.len());
    starts.windows(2).map(|range| &bytes[range[0]..range[1]]).collect()
}

/// A file that only its owner may read, and whose owner is this user or root.
fn read_guarded(file: Guarded, path: &Path, uid: u32) -> Result<Secret, KeyFileError> {
    let fault = |source| KeyFileError::Unreadable { file, path: path.to_owned(), source };
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = File::options().read(true).custom_flags(nonblocking).open(path).map_err(fault)?;
    let meta = opened.metadata().map_err(fault)?;
    if !meta.is_file() {
        return Err(fault(io::Error::other("not a regular file")));
    }
    if meta.uid() != uid && meta.uid() != 0 {
        return Err(KeyFileError::Foreign { file, path: path.to_owned() });
    }
    if meta.mode() & 0o077 != 0 {
        return Err(KeyFileError::Open { file, path: path.to_owned(), mode: meta.mode() & 0o7777 });
    }
    if meta.len() > FILE_MAX {
        return Err(fault(io::Error::other("it is too large for a key")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1);
    let read = opened.take(FILE_MAX).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    read.map_err(fault).map(|_| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::cipher::new_key::generate;
    use crate::system::options::Typed;
    use sequoia_openpgp::cert::amalgamation::key::PrimaryKey;
    use sequoia_openpgp::serialize::Serialize;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Machine {
        dir: tempfile::TempDir,
        fingerprint: String,
    }

    impl Machine {
        fn new() -> Machine {
            let (key, fingerprint) = generate("Alice <alice@example.test>").expect("a key");
            let machine = Machine { dir: tempfile::tempdir().expect("a folder"), fingerprint };
            machine.put("key", key.expose(), 0o600);
            machine
        }

        fn put(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
            let file = self.dir.path().join(name);
            std::fs::write(&file, bytes).expect("a file");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("its mode");
            file
        }

        /// Puts a copy of the key that this passphrase locks.
        fn lock(&self, passphrase: &str) {
            let cert = Cert::from_file(self.dir.path().join("key")).expect("the key");
            let password = Password::from(passphrase);
            let packets: Vec<_> = (cert.keys().secret())
                .map(|key| {
                    let locked = key.key().clone().encrypt_secret(&password).expect("locked");
                    match key.primary() {
                        true => sequoia_openpgp::Packet::from(locked.role_into_primary()),
                        false => sequoia_openpgp::Packet::from(locked.role_into_subordinate()),
                    }
                })
                .collect();
            let (cert, _) = cert.insert_packets(packets).expect("a locked key");
            let mut bytes = Vec::new();
            cert.as_tsk().armored().serialize(&mut bytes).expect("bytes");
            self.put("key", &bytes, 0o600);
        }

        fn open(&self, passphrase_file: Option<&str>, prompts: Prompts) -> Result<KeyFileCipher, CipherError> {
            let env = Env::made_of([("HOME", self.dir.path())]);
            let mut options = Options::resolve(&Typed::default(), &env).expect("options");
            options.key_passphrase_file = passphrase_file.map(|name| self.dir.path().join(name));
            KeyFileCipher::open(&self.dir.path().join("key"), &env, &options, &prompts)
        }

        fn cipher(&self) -> KeyFileCipher {
            self.open(None, Prompts::default()).expect("opens")
        }

        fn me(&self) -> Vec<Recipient> {
            vec![Recipient::new(&self.fingerprint).expect("a recipient")]
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn what_is_sealed_opens_again_whatever_its_length() {
        let machine = Machine::new();
        let cipher = machine.cipher();
        for length in [0, 1, 100, 191, 192, 8383, 8384, 100_000] {
            let plain = secret(&"x".repeat(length));
            let message = cipher.encrypt(&plain, &machine.me()).expect("sealed");
            let opened = cipher.decrypt(&message, Asking::Never).expect("opened");
            assert!(opened.same_as(&plain), "{length}");
            assert!(cipher.is_encrypted_to(&message, &machine.me()));
        }
    }

    #[test]
    fn a_message_cut_anywhere_gives_an_error_and_nothing_else() {
        let machine = Machine::new();
        let cipher = machine.cipher();
        let message = cipher.encrypt(&secret("correct horse\n"), &machine.me()).expect("sealed");
        for length in 0..message.len() {
            let cut = cipher.decrypt(&message[..length], Asking::Never);
            assert!(matches!(cut, Err(CipherError::Message(_))), "{length}: {cut:?}");
        }
        let longer = [&message[..], b"\n"].concat();
        assert!(cipher.decrypt(&longer, Asking::Never).is_err());
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read() {
        let machine = Machine::new();
        let cipher = machine.cipher();
        let plain = secret("correct horse\n");
        let message = cipher.encrypt(&plain, &machine.me()).expect("sealed");
        for at in 0..message.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut flipped = message.clone();
                flipped[at] ^= bit;
                // One bit of a Curve25519 point has no meaning (RFC 7748, section 5), others only say how long it is.
                if let Ok(opened) = cipher.decrypt(&flipped, Asking::Never) {
                    assert!(opened.same_as(&plain), "byte {at}, bit {bit:#x}");
                    assert!(at < 60, "byte {at}, bit {bit:#x} is accepted");
                }
            }
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let machine = Machine::new();
        let key = std::fs::read(machine.dir.path().join("key")).expect("the key");
        for mode in [0o644, 0o640, 0o602] {
            machine.put("key", &key, mode);
            let error = machine.open(None, Prompts::default()).err().expect("refused");
            assert!(matches!(error, CipherError::KeyFile(KeyFileError::Open { .. })), "{error}");
            let problem = crate::model::Problem::from(error);
            assert!(problem.hints[0].starts_with("chmod 600 /"), "{problem:?}");
        }
        machine.put("key", b"-----BEGIN nothing", 0o600);
        let error = machine.open(None, Prompts::default()).err().expect("refused");
        assert!(matches!(error, CipherError::KeyFile(KeyFileError::NoSecretKey { .. })), "{error}");
    }

    #[test]
    fn a_locked_key_opens_with_its_file_or_its_person() {
        let machine = Machine::new();
        let message = machine.cipher().encrypt(&secret("x"), &machine.me()).expect("sealed");
        machine.lock("open sesame");
        let never = machine.cipher().decrypt(&message, Asking::Never).expect_err("locked");
        assert!(never.is_locked(), "{never}");

        machine.put("good", b"open sesame\r\nrest\n", 0o600);
        machine.put("bad", b"open barley\n", 0o600);
        machine.put("loose", b"open sesame\n", 0o644);
        let with = |name| machine.open(Some(name), Prompts::default()).expect("opens").decrypt(&message, Asking::Never);
        assert_eq!(with("good").expect("opened").expose(), b"x");
        assert!(matches!(with("bad"), Err(CipherError::KeyFile(KeyFileError::BadPassphrase { .. }))));
        assert!(matches!(with("loose"), Err(CipherError::KeyFile(KeyFileError::Open { .. }))));
        for (name, says) in [("loose", "passphrase file"), ("none", "passphrase file"), ("bad", "wrong passphrase")] {
            let problem = crate::model::Problem::from(with(name).expect_err(name));
            assert!(problem.message.contains(says) && !problem.hints.is_empty(), "{problem:?}");
        }

        let asked = Arc::new(AtomicUsize::new(0));
        let answers = |answers: &'static [Option<&'static str>]| {
            let asked = asked.clone();
            asked.store(0, Ordering::SeqCst);
            let ask = move |_: &str| answers[asked.fetch_add(1, Ordering::SeqCst)].map(secret);
            machine.open(None, Prompts { passphrase: Some(Arc::new(ask)), ..Prompts::default() }).expect("opens")
        };
        let cipher = answers(&[Some("wrong"), Some("open sesame")]);
        assert_eq!(cipher.decrypt(&message, Asking::Allowed).expect("opened").expose(), b"x");
        assert_eq!(cipher.decrypt(&message, Asking::Never).expect("still open").expose(), b"x");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        let error = answers(&[None]).decrypt(&message, Asking::Allowed).expect_err("cancelled");
        assert!(error.is_cancelled(), "{error}");
        let error = answers(&[Some("a"), Some("b"), Some("c")]).decrypt(&message, Asking::Allowed).expect_err("wrong");
        assert!(matches!(error, CipherError::KeyFile(KeyFileError::BadPassphrase { .. })), "{error}");
    }

    #[test]
    fn a_locked_key_does_not_stand_before_an_open_one() {
        let machine = Machine::new();
        let (other, fingerprint) = generate("Bob <bob@example.test>").expect("a key");
        let alone = std::fs::read(machine.dir.path().join("key")).expect("the key");
        machine.put("key", &[&alone, other.expose()].concat(), 0o600);
        let both = [machine.me(), vec![Recipient::new(&fingerprint).expect("a recipient")]].concat();
        let message = machine.cipher().encrypt(&secret("x"), &both).expect("sealed");
        let hidden = {
            let certs = machine.cipher().certs;
            let keys = both.iter().map(|to| given::key_among(&certs, to, std::time::SystemTime::now()));
            let keys: Vec<PublicKey> = keys.map(|key| key.expect("a key").expect("here")).collect();
            seal(&secret("x"), &keys, Style { armor: false, hidden: true }).expect("sealed")
        };
        let for_first = machine.cipher().encrypt(&secret("x"), &machine.me()).expect("sealed");
        machine.put("key", &alone, 0o600);
        machine.lock("open sesame");
        let locked = std::fs::read(machine.dir.path().join("key")).expect("the key");
        machine.put("key", &[&locked, other.expose()].concat(), 0o600);
        machine.put("bad", b"open barley\n", 0o600);
        for message in [&message, &hidden] {
            let opened = machine.cipher().decrypt(message, Asking::Never);
            assert_eq!(opened.expect("by the open key").expose(), b"x");
            let with_file = machine.open(Some("bad"), Prompts::default()).expect("opens");
            assert_eq!(with_file.decrypt(message, Asking::Never).expect("by the open key").expose(), b"x");
        }
        assert!(machine.cipher().decrypt(&for_first, Asking::Never).expect_err("locked").is_locked());
    }

    #[test]
    fn recipients_are_found_as_gpg_finds_them_or_named() {
        let machine = Machine::new();
        let cipher = machine.cipher();
        let (other, _) = generate("Bob <bob@example.test>").expect("a key");
        let both = [std::fs::read(machine.dir.path().join("key")).expect("the key"), other.expose().to_vec()].concat();
        let fingerprint = &machine.fingerprint;
        for name in
            [&fingerprint[24..], &format!("0x{fingerprint}"), "alice@example.test", "<Alice@Example.test>", "alice"]
        {
            let to = [Recipient::new(name).expect("a recipient")];
            let message = cipher.encrypt(&secret("x"), &to).expect(name);
            assert!(cipher.is_encrypted_to(&message, &machine.me()), "{name}");
        }
        let stranger = [Recipient::new("bob@example.test").expect("a recipient")];
        let error = cipher.encrypt(&secret("x"), &stranger).expect_err("nobody").to_string();
        assert!(error.contains("\"bob@example.test\""), "{error}");
        machine.put("key", &both, 0o600);
        let error = machine.cipher().encrypt(&secret("x"), &[Recipient::new("example").expect("a recipient")]);
        assert!(matches!(error, Err(CipherError::Keyring(KeyringError::Ambiguous { .. }))), "{error:?}");
        let exact = [Recipient::new(&format!("{fingerprint}!")).expect("a recipient")];
        let error = cipher.encrypt(&secret("x"), &exact);
        assert!(matches!(error, Err(CipherError::Keyring(KeyringError::NoEncryptionKey { .. }))), "{error:?}");
    }

    #[test]
    fn a_damaged_session_key_is_not_a_missing_secret_key() {
        let machine = Machine::new();
        let cipher = machine.cipher();
        let mut message = cipher.encrypt(&secret("x"), &machine.me()).expect("sealed");
        message[40] ^= 1;
        let error = cipher.decrypt(&message, Asking::Never).expect_err("damaged");
        assert!(matches!(&error, CipherError::Message(damaged) if *damaged == DAMAGED_SESSION), "{error}");
    }

    #[test]
    fn a_message_for_somebody_else_names_the_key_that_is_missing() {
        let (machine, other) = (Machine::new(), Machine::new());
        let message = other.cipher().encrypt(&secret("x"), &other.me()).expect("sealed");
        let error = machine.cipher().decrypt(&message, Asking::Allowed).expect_err("not ours");
        let CipherError::KeyFile(KeyFileError::NotForIt { keys, .. }) = &error else { panic!("{error}") };
        assert_eq!(keys.len(), 1);
        assert!(error.to_string().contains(&keys[0]), "{error}");
        let hints = crate::model::Problem::from(error).hints.join("\n");
        assert!(hints.contains("REGPASS_KEY_FILE") && !hints.contains("--list-secret-keys"), "{hints}");
    }
}

//! Messages between regpass and GnuPG, both ways, for every kind of key and message that GnuPG 2.2 makes; what a locked
//! key, a missing agent and a damaged file become. What a store or an entry is does not matter here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use regpass::model::{Problem, ProblemKind, Recipient, Secret};
use regpass::system::agent::{AgentConnection, AgentError, KeyState, Keygrip, PinentryEvent, Prompts};
use regpass::system::cipher::message::MessageError;
use regpass::system::cipher::new_key::generate;
use regpass::system::cipher::{self, Asking, Cipher, CipherError, KeyFileError};
use regpass::system::env::Env;
use regpass::system::keyring::{Keyring, KeyringError};
use regpass::system::options::{Options, Typed};
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::key::{Key4, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::pkesk::PKESK3;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, PKESK, Packet};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::serialize::stream::{Encryptor, LiteralWriter, Message as Stream, Recipient as To};
use sequoia_openpgp::types::{AEADAlgorithm, Features, KeyFlags, SignatureType, SymmetricAlgorithm};
use sequoia_openpgp::{KeyHandle, Profile};

use crate::support::{Sandbox, peer, regpass_binary, set_mode, skip};

/// A text that no part of a message contains by chance.
const TEXT: &[u8] = b"correct horse battery staple\nlogin: alice\n";

/// A folder without programs: who has it as PATH starts no child.
const NO_PROGRAMS: &str = "/nonexistent";

struct Peer {
    sandbox: Sandbox,
}

impl Peer {
    fn new() -> Peer {
        Peer { sandbox: Sandbox::new() }
    }

    /// A certificate with an encryption subkey of this kind.
    fn key(&self, name: &str, subkey: &str) -> String {
        let user_id = format!("{name} <{name}@example.test>");
        let args = ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", &user_id, "ed25519", "sign"];
        self.sandbox.gpg(&[&args[..], &["never"]].concat()).ok();
        let fingerprint = self.fingerprint(&user_id);
        let args = ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", &fingerprint, subkey, "encr"];
        self.sandbox.gpg(&[&args[..], &["never"]].concat()).ok();
        fingerprint
    }

    fn fingerprint(&self, user_id: &str) -> String {
        let listed = self.sandbox.gpg(&["--with-colons", "--list-keys", &format!("={user_id}")]).ok().out();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
        line.split(':').nth(9).expect("field 10").to_owned()
    }

    /// A message by gpg.
    fn encrypt(&self, args: &[&str]) -> Vec<u8> {
        let args = [&["--batch", "--quiet", "--trust-model", "always", "-o", "-", "-e"], args].concat();
        self.sandbox.run("gpg", &args, TEXT).ok().stdout
    }

    fn env(&self, extra: &[(&str, &str)]) -> Env {
        let mut vars: Vec<(std::ffi::OsString, std::ffi::OsString)> =
            self.sandbox.vars().map(|(name, value)| (name.clone(), value.clone())).collect();
        vars.extend(extra.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Env::made_of(vars)
    }

    fn cipher_with(&self, extra: &[(&str, &str)], prompts: Prompts) -> Box<dyn Cipher> {
        let env = self.env(extra);
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        cipher::open(&env, &options, &prompts).expect("a cipher")
    }

    fn cipher(&self) -> Box<dyn Cipher> {
        self.cipher_with(&[], Prompts::default())
    }

    /// One that can start no child.
    fn alone(&self) -> Box<dyn Cipher> {
        self.cipher_with(&[("PATH", NO_PROGRAMS)], Prompts::default())
    }

    fn start_agent(&self) {
        self.sandbox.run("gpgconf", &["--launch", "gpg-agent"], b"").ok();
    }

    /// Ends the agent and waits until its socket is gone.
    fn kill_agent(&self) {
        self.sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
        let listed = self.sandbox.run("gpgconf", &["--list-dirs", "agent-socket"], b"").ok().out();
        let deadline = Instant::now() + Duration::from_secs(10);
        while UnixStream::connect(listed.trim_end()).is_ok() || is_socket(Path::new(listed.trim_end())) {
            assert!(Instant::now() < deadline, "the agent lives on");
            std::thread::yield_now();
        }
    }

    fn agent_conf(&self, text: &str) {
        std::fs::write(self.sandbox.gnupg_home().join("gpg-agent.conf"), text).expect("gpg-agent.conf");
        self.kill_agent();
    }

    /// A double of pinentry that answers every question for a passphrase with these lines, and leaves a mark.
    fn double_of_pinentry(&self, answer: &str) {
        let program = self.sandbox.path().join("double-of-pinentry");
        let mark = self.sandbox.path().join("asked");
        let script = format!(
            "#!/bin/sh\necho 'OK a double'\nwhile read -r line; do case \"$line\" in\n\
             'GETINFO flavor') echo 'D curses'; echo OK;;\n\
             GETPIN) echo x >> {mark}; printf '{answer}\\n';;\n\
             OPTION\\ ttyname=*) echo \"$line\" >> {mark}.tty; echo OK;;\n\
             BYE) echo OK; exit;;\n*) echo OK;; esac; done\n",
            mark = mark.display()
        );
        std::fs::write(&program, script).expect("the double");
        set_mode(&program, 0o700);
        self.agent_conf(&format!("pinentry-program {}\n", program.display()));
    }

    fn times_asked(&self) -> usize {
        std::fs::read(self.sandbox.path().join("asked")).map_or(0, |marks| marks.len() / 2)
    }

    /// A key with the passphrase "open sesame", forgotten by the agent, and a message to it.
    fn locked() -> (Peer, String, Vec<u8>) {
        let peer = Peer::new();
        let key = peer.sandbox.make_key_with_passphrase("Lock <lock@example.test>", "future-default", "open sesame");
        let message = peer.encrypt(&["-r", &key]);
        peer.kill_agent();
        (peer, key, message)
    }
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}

fn to(names: &[&str]) -> Vec<Recipient> {
    names.iter().map(|name| Recipient::new(name).expect("a recipient")).collect()
}

fn text() -> Secret {
    Secret::new(TEXT.to_vec())
}

/// What a frontend would do, as a record of what it was told.
fn watching(events: &Arc<Mutex<Vec<PinentryEvent>>>) -> Prompts {
    let events = events.clone();
    Prompts { pinentry: Some(Arc::new(move |event| events.lock().expect("events").push(event))), ..Prompts::default() }
}

fn answering(passphrase: Option<&'static str>) -> Prompts {
    let answer = move |_: &str| passphrase.map(|text| Secret::new(text.as_bytes().to_vec()));
    Prompts { passphrase: Some(Arc::new(answer)), ..Prompts::default() }
}

#[test]
fn every_kind_of_key_reads_and_is_read() {
    let peer = Peer::new();
    let kinds =
        ["cv25519", "rsa2048", "nistp256", "nistp384", "nistp521", "brainpoolP256r1", "brainpoolP512r1", "elg1024"];
    for kind in kinds {
        let key = peer.key(kind, kind);
        let message = peer.encrypt(&["-r", &key]);
        let opened = peer.alone().decrypt(&message, Asking::Never);
        assert_eq!(opened.unwrap_or_else(|error| panic!("{kind}: {error}")).expose(), TEXT, "{kind}");
        let ours = peer.cipher().encrypt(&text(), &to(&[&key])).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(peer.sandbox.run("gpg", &["--batch", "-q", "-d"], &ours).ok().stdout, TEXT, "{kind}");
        assert_eq!(peer.alone().decrypt(&ours, Asking::Never).expect(kind).expose(), TEXT, "{kind}");
    }
    // Our keygrips are gpg's own, checked for every subkey made above.
    let listed = peer.sandbox.gpg(&["--with-colons", "--with-keygrip", "--list-keys"]).ok().out();
    let env = peer.env(&[]);
    let options = Options::resolve(&Typed::default(), &env).expect("options");
    let keyring = Keyring::new(&env, &options);
    let mut agent = AgentConnection::open_running(&env, &options).expect("the agent");
    let mut checked = 0;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split(':').collect()).collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line[0] == "sub") {
        let grip = lines[at..].iter().find(|line| line[0] == "grp").expect("a keygrip")[9];
        let handle: KeyHandle = line[4].parse().expect("a key id");
        let cert = keyring.cert_with_key(&handle).expect("a keyring").expect("a certificate");
        let key = cert.keys().find(|key| key.key().key_handle().aliases(&handle)).expect("the key");
        let ours = Keygrip::of(&key.key().clone().role_into_unspecified()).expect("a grip");
        assert_eq!(ours.to_string(), grip, "{line:?}");
        assert_eq!(agent.key_state(&ours).expect("a state"), KeyState::NoPassphrase);
        checked += 1;
    }
    assert_eq!(checked, kinds.len());
}

/// d, p and q of an RSA key whose modulus has 1535 bits, so that the first bit of its first byte is clear; gpg makes no
/// such keys, but reads them.
const ODD_RSA: [&str; 3] = [
    "14d6cb824fae02b7a2f799fd59742b6204e300f33b5d036535e7d3f9128c0abaeabe003687b7d8e3a8fad4fecad2fb4773485bba5dc98a2ae547ec8c07bfd988b65763d39606de12926baf938171ca8d9c9f5cf07fa3aedfe175f9a78a33f79920a5e57442ee8780bc66f4f2504002465946bcaf951de50c0f1b10c115add8f98545db90a1fbcdd564d695c089f186cf5358636437ed0954855335ce420b04d5cb32bda8dd3f1e37100138f433da1e7ffb9106cf2d50e8d1d427eb2cac463aa9",
    "ee7d19cbd28567f8cb2271acb851f548bf2a5a5045364a5d78469491ccdaba26131ea5e2fd9fee719968cde7c629bb7d930adc5fa1828dab006afab5dbaced41604532f85e7e1d9269a3644087235006563039c17bb7ad272c0644c903d09033",
    "7b09f6234d750c9489cf020d18bca45e87de872db551dd36a985676ad3f3d65d221359ed18f3b42fb48ac364e46eb2edaaa1adafa277a16b3c75741f6c191b0c90362e6d844b57a47a8430a3624b3e8d297a430e491094fb120477ea74d9a9dd",
];

#[test]
fn an_rsa_modulus_of_any_length_has_gpg_s_keygrip() {
    let peer = Peer::new();
    peer.key("first", "cv25519");
    let [d, p, q] = ODD_RSA.map(|number| sequoia_openpgp::fmt::hex::decode(number).expect("hex"));
    let cert =
        CertBuilder::new().set_profile(Profile::RFC4880).expect("a profile").add_userid("Odd <odd@example.test>");
    let (cert, _) = cert.generate().expect("a certificate");
    let mut signer =
        cert.primary_key().key().clone().parts_into_secret().expect("its secret").into_keypair().expect("a pair");
    let subkey: Key<SecretParts, SubordinateRole> =
        Key4::import_secret_rsa(&d, &p, &q, cert.primary_key().key().creation_time()).expect("a key").into();
    let flags = KeyFlags::empty().set_storage_encryption().set_transport_encryption();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding).set_key_flags(flags).expect("flags");
    let binding = subkey.bind(&mut signer, &cert, binding).expect("bound");
    let (cert, _) = cert.insert_packets([Packet::from(subkey), binding.into()]).expect("a whole certificate");
    let bytes = cert.as_tsk().to_vec().expect("bytes");
    peer.sandbox.run("gpg", &["--batch", "--quiet", "--import"], &bytes).ok();
    let message = peer.encrypt(&["-r", "odd@example.test"]);
    assert_eq!(peer.alone().decrypt(&message, Asking::Never).expect("opened").expose(), TEXT);
}

#[test]
fn every_form_of_message_is_read_without_a_child() {
    let peer = Peer::new();
    let (alice, bob) = (peer.key("alice", "cv25519"), peer.key("bob", "rsa2048"));
    let mut forms: Vec<Vec<&str>> = Vec::new();
    let ciphers = ["3DES", "CAST5", "AES", "AES192", "AES256", "TWOFISH", "CAMELLIA128", "CAMELLIA192", "CAMELLIA256"];
    forms.extend(ciphers.map(|cipher| vec!["--cipher-algo", cipher]));
    forms.extend(["none", "zip", "zlib", "bzip2"].map(|algo| vec!["--compress-algo", algo]));
    forms.push(vec!["--armor"]);
    forms.push(vec!["--textmode"]);
    forms.push(vec!["--set-filename", "name.txt"]);
    forms.push(vec!["--throw-keyids"]);
    forms.push(vec!["--sign", "-u", &alice]);
    for form in &forms {
        let message = peer.encrypt(&[form.as_slice(), &["-r", &bob, "-r", &alice]].concat());
        let opened = peer.alone().decrypt(&message, Asking::Never);
        assert_eq!(opened.unwrap_or_else(|error| panic!("{form:?}: {error}")).expose(), TEXT, "{form:?}");
    }
    let mixed = peer.encrypt(&["-r", &bob, "-R", &alice]);
    assert_eq!(peer.alone().decrypt(&mixed, Asking::Never).expect("mixed").expose(), TEXT);
    // Long enough for streamed packets.
    let long = "0123456789abcdef".repeat(20_000).into_bytes();
    let args = ["--batch", "-q", "--trust-model", "always", "-z", "0", "-o", "-", "-e", "-r", &alice];
    let message = peer.sandbox.run("gpg", &args, &long).ok().stdout;
    assert!(peer.alone().decrypt(&message, Asking::Never).expect("long").same_as(&Secret::new(long)));
}

/// GnuPG 2.2 reads the OCB packet of newer versions and cannot write it. This writes one; gpg reading it proves that it
/// is what it should be.
fn ocb_message(peer: &Peer, fingerprint: &str, text: &[u8], chunk_bits: u8) -> Vec<u8> {
    let exported = peer.sandbox.gpg(&["--export", fingerprint]).ok().stdout;
    let cert = sequoia_openpgp::Cert::from_bytes(&exported).expect("a certificate");
    let policy = StandardPolicy::new();
    let key = cert.keys().with_policy(&policy, None).for_transport_encryption().next().expect("a key");
    let (algo, ocb) = (SymmetricAlgorithm::AES256, AEADAlgorithm::OCB);
    let session = SessionKey::new(32).expect("a session key");
    let packet: Packet = PKESK::from(PKESK3::for_recipient(algo, &session, key.key()).expect("encrypted")).into();

    let literal = [&[0xcb, 0xff][..], &(6 + text.len() as u32).to_be_bytes(), b"b\0\0\0\0\0", text].concat();
    let header = [1, algo.into(), ocb.into(), chunk_bits];
    let iv = [7u8; 15];
    let seal = |index: u64, length: Option<u64>, plain: &[u8]| {
        let mut nonce = iv;
        nonce[7..].iter_mut().zip(index.to_be_bytes()).for_each(|(byte, part)| *byte ^= part);
        let mut data = [&[0xd4][..], &header, &index.to_be_bytes()].concat();
        data.extend(length.into_iter().flat_map(u64::to_be_bytes));
        let mut sealed = vec![0; plain.len() + 16];
        let context = ocb.context(algo, &session, &data, &nonce).expect("OCB");
        context.for_encryption().expect("OCB").encrypt_seal(&mut sealed, plain).expect("sealed");
        sealed
    };
    let chunks: Vec<&[u8]> = literal.chunks(1 << (chunk_bits + 6)).collect();
    let mut body = [&header[..], &iv].concat();
    (0u64..).zip(&chunks).for_each(|(index, chunk)| body.extend(seal(index, None, chunk)));
    body.extend(seal(chunks.len() as u64, Some(literal.len() as u64), b""));
    [packet.to_vec().expect("bytes"), [&[0xd4, 0xff][..], &(body.len() as u32).to_be_bytes()].concat(), body].concat()
}

#[test]
fn ocb_packets_of_newer_gnupg_are_read_here() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    for (length, chunk_bits) in [(0, 0), (50, 0), (58, 0), (1000, 0), (5000, 4), (300, 16)] {
        let text = vec![b'x'; length];
        let message = ocb_message(&peer, &alice, &text, chunk_bits);
        let by_gpg = peer.sandbox.run("gpg", &["--batch", "-q", "-d"], &message).ok().stdout;
        assert!(by_gpg == text, "gpg reads {length} bytes in chunks of 2^{chunk_bits}");
        let opened = peer.alone().decrypt(&message, Asking::Never).expect("read");
        assert!(opened.same_as(&Secret::new(text)), "{length} bytes in chunks of 2^{chunk_bits}");
    }
}

#[test]
fn what_only_gpg_reads_is_given_to_gpg() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["--cipher-algo", "BLOWFISH", "-r", &alice]);
    assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("by gpg").expose(), TEXT);
    let error = peer.alone().decrypt(&message, Asking::Never).expect_err("no gpg");
    assert!(matches!(error, CipherError::Message(MessageError::Unsupported(_))), "{error}");
}

#[test]
fn newer_messages_of_other_programs_are_read() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let exported = peer.sandbox.gpg(&["--export", &alice]).ok().stdout;
    let cert = sequoia_openpgp::Cert::from_bytes(&exported).expect("a certificate");
    let policy = StandardPolicy::new();
    let keys = cert.keys().with_policy(&policy, None).for_transport_encryption();
    let to = keys.map(|key| To::new(Features::empty().set_seipdv2(), key.key().key_handle(), key.key()));
    let mut message = Vec::new();
    let stack = Encryptor::for_recipients(Stream::new(&mut message), to).build().expect("an encryptor");
    let mut writer = LiteralWriter::new(stack).build().expect("a literal");
    writer.write_all(TEXT).expect("written");
    writer.finalize().expect("finished");
    assert_eq!(message[2], 6, "a session key packet of version 6");
    assert_eq!(peer.alone().decrypt(&message, Asking::Never).expect("read").expose(), TEXT);
    let damaged: usize =
        (0..message.len()).filter(|cut| peer.alone().decrypt(&message[..*cut], Asking::Never).is_ok()).count();
    assert_eq!(damaged, 0);
}

#[test]
fn what_we_write_has_the_form_that_everybody_reads() {
    let peer = Peer::new();
    let (alice, bob) = (peer.key("alice", "cv25519"), peer.key("bob", "rsa2048"));
    let always = ("PASSWORD_STORE_GPG_OPTS", "--trust-model always");
    let ours = peer.cipher_with(&[always], Prompts::default()).encrypt(&text(), &to(&[&alice, &bob])).expect("written");
    let packets = peer.sandbox.run("gpg", &["--batch", "--list-packets"], &ours).ok().out();
    let count = |what: &str| packets.matches(what).count();
    assert_eq!(count(":pubkey enc packet: version 3"), 2, "{packets}");
    assert_eq!(count("mdc_method: 2"), 1, "{packets}");
    assert_eq!(count(":literal data packet:"), 1, "{packets}");
    assert!(packets.contains("mode b") && packets.contains("name=\"\""), "{packets}");
    assert_eq!(count(":compressed packet") + count(":aead encrypted packet"), 0, "{packets}");
    assert!(peer.cipher_with(&[always], Prompts::default()).is_encrypted_to(&ours, &to(&[&bob, &alice])));
    assert!(!peer.cipher_with(&[always], Prompts::default()).is_encrypted_to(&ours, &to(&[&alice])));

    let armored = [("PASSWORD_STORE_GPG_OPTS", "--always-trust --armor")];
    let ours = peer.cipher_with(&armored, Prompts::default()).encrypt(&text(), &to(&[&alice])).expect("armoured");
    assert!(ours.starts_with(b"-----BEGIN PGP MESSAGE-----"), "{}", String::from_utf8_lossy(&ours));
    assert_eq!(peer.sandbox.run("gpg", &["--batch", "-q", "-d"], &ours).ok().stdout, TEXT);

    let hidden = [("PASSWORD_STORE_GPG_OPTS", "--throw-keyids")];
    let ours = peer.cipher_with(&hidden, Prompts::default()).encrypt(&text(), &to(&[&alice])).expect("hidden");
    let packets = peer.sandbox.run("gpg", &["--batch", "--list-packets"], &ours).ok().out();
    assert!(packets.contains("keyid 0000000000000000"), "{packets}");
    assert_eq!(peer.alone().decrypt(&ours, Asking::Never).expect("read").expose(), TEXT);
}

#[test]
fn pass_and_gopass_read_what_we_write() {
    let (sandbox, key) = Sandbox::with_store();
    let peer_ = Peer { sandbox };
    let ours = peer_.cipher().encrypt(&text(), &to(&[&key])).expect("written");
    std::fs::write(peer_.sandbox.store().join("entry.gpg"), &ours).expect("an entry");
    for program in ["pass", "gopass"] {
        let Some(program) = peer(program) else { continue };
        let shown = peer_.sandbox.run(&program, &["show", "entry"], b"").ok();
        assert_eq!(shown.out().trim_end(), String::from_utf8_lossy(TEXT).trim_end(), "{}", program.display());
    }
}

/// `count` session keys of nobody's, to this key without naming it, in front of a message.
fn with_hidden_decoys(peer: &Peer, fingerprint: &str, count: usize, message: &[u8]) -> Vec<u8> {
    let exported = peer.sandbox.gpg(&["--export", fingerprint]).ok().stdout;
    let cert = sequoia_openpgp::Cert::from_bytes(&exported).expect("a certificate");
    let policy = StandardPolicy::new();
    let key = cert.keys().with_policy(&policy, None).for_transport_encryption().next().expect("a key");
    let session = SessionKey::new(32).expect("a session key");
    let mut packet = PKESK3::for_recipient(SymmetricAlgorithm::AES256, &session, key.key()).expect("encrypted");
    packet.set_recipient(None);
    let packet = Packet::from(PKESK::from(packet)).to_vec().expect("bytes");
    [packet.repeat(count), message.to_vec()].concat()
}

#[test]
fn a_message_cannot_keep_the_agent_busy() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-R", &alice]);
    let a_team = with_hidden_decoys(&peer, &alice, 100, &message);
    assert_eq!(peer.alone().decrypt(&a_team, Asking::Never).expect("opened").expose(), TEXT);
    let a_trap = with_hidden_decoys(&peer, &alice, 900, &message);
    let error = peer.cipher().decrypt(&a_trap, Asking::Never).expect_err("too many");
    assert!(error.to_string().contains("256"), "{error}");
}

#[test]
fn damage_anywhere_is_an_error_and_never_a_part() {
    let peer = Peer::new();
    let (alice, bob) = (peer.key("alice", "cv25519"), peer.key("bob", "rsa2048"));
    let cipher = peer.alone();
    let forms: [&[&str]; 4] = [&["-r", &alice], &["-r", &bob, "-z", "0"], &["OCB"], &["--armor", "-r", &alice]];
    for form in forms {
        let message = if form[0] == "OCB" { ocb_message(&peer, &alice, TEXT, 0) } else { peer.encrypt(form) };
        // Where an armoured file has only its checksum and footer left.
        let end = String::from_utf8_lossy(&message).find("\n=").unwrap_or(message.len());
        for cut in 0..message.len() {
            match cipher.decrypt(&message[..cut], Asking::Never) {
                Ok(opened) => assert!(cut >= end && opened.expose() == TEXT, "{form:?} {cut} of {end}"),
                Err(error) => assert!(matches!(error, CipherError::Message(_)), "{form:?} {cut}: {error}"),
            }
        }
        if form[0] == "--armor" {
            continue;
        }
        for at in 0..message.len() {
            for bit in [0x01, 0x80] {
                let mut flipped = message.clone();
                flipped[at] ^= bit;
                if let Ok(opened) = cipher.decrypt(&flipped, Asking::Never) {
                    // Bits without a meaning: of a point, of how long a number says it is.
                    assert_eq!(opened.expose(), TEXT, "{form:?} byte {at} bit {bit:#x}");
                    let ends = if form.contains(&"-z") { 20 } else { 60 };
                    assert!(at < ends, "{form:?} byte {at} bit {bit:#x}");
                }
            }
        }
    }
}

#[test]
fn an_agent_that_is_down_is_started_and_a_stale_socket_does_not_matter() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &alice]);
    peer.kill_agent();
    let error = peer.alone().decrypt(&message, Asking::Never).expect_err("nothing to start");
    assert!(matches!(error, CipherError::Agent(AgentError::NotStarted { .. })), "{error}");
    assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("started").expose(), TEXT);

    let pid = peer.sandbox.run("gpg-connect-agent", &["--no-autostart", "getinfo pid", "/bye"], b"").ok().out();
    let pid = pid.lines().find_map(|line| line.strip_prefix("D ")).expect("a process id").to_owned();
    peer.sandbox.run("kill", &["-9", &pid], b"").ok();
    let deadline = Instant::now() + Duration::from_secs(10);
    let running = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while running() {
        assert!(Instant::now() < deadline, "the agent lives on");
        std::thread::yield_now();
    }
    assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("started again").expose(), TEXT);

    peer.kill_agent();
    std::fs::write(peer.sandbox.gnupg_home().join("gpg.conf"), "no-autostart\n").expect("gpg.conf");
    let error = peer.cipher().decrypt(&message, Asking::Never).expect_err("may not start");
    assert!(matches!(error, CipherError::Agent(AgentError::NotStarted { .. })), "{error}");
}

#[test]
fn a_redirected_socket_is_followed() {
    let peer = Peer::new();
    std::fs::create_dir_all(peer.sandbox.gnupg_home()).expect("a GnuPG home");
    set_mode(&peer.sandbox.gnupg_home(), 0o700);
    let listed = peer.sandbox.run("gpgconf", &["--list-dirs", "agent-socket"], b"").ok().out();
    let target = peer.sandbox.path().join("S.elsewhere");
    let redirection = format!("%Assuan%\nsocket={}\n", target.display());
    std::fs::write(Path::new(listed.trim_end()), redirection).expect("a redirection");
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &alice]);
    assert!(target.exists(), "gpg-agent listens there");
    assert_eq!(peer.alone().decrypt(&message, Asking::Never).expect("read").expose(), TEXT);
    peer.kill_agent();
    assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("started").expose(), TEXT);
}

#[test]
fn a_text_keeps_its_carriage_returns_whatever_gpg_conf_says() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let text = b"a\r\nb\rc \n\r";
    // The second one keeps regpass from writing it itself.
    for conf in ["textmode\n", "textmode\nweak-digest SHA1\n"] {
        std::fs::write(peer.sandbox.gnupg_home().join("gpg.conf"), conf).expect("gpg.conf");
        let message = peer.cipher().encrypt(&Secret::new(text.to_vec()), &to(&[&alice])).expect("encrypted");
        assert_eq!(peer.sandbox.run("gpg", &["--batch", "--quiet", "-d"], &message).ok().stdout, text, "{conf}");
        assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("read").expose(), text, "{conf}");
    }
}

#[test]
fn another_user_s_agent_is_not_spoken_to_neither_by_gpg() {
    if rustix::process::getuid().as_raw() != 0 {
        return skip("only root can make another user's socket");
    }
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let (named, hidden) = (peer.encrypt(&["-r", &alice]), peer.encrypt(&["-R", &alice]));
    peer.kill_agent();
    let listed = peer.sandbox.run("gpgconf", &["--list-dirs", "agent-socket"], b"").ok().out();
    let theirs = peer.sandbox.path().join("theirs");
    std::fs::create_dir(&theirs).expect("a folder");
    let target = theirs.join("S");
    let listener = UnixListener::bind(&target).expect("a socket");
    listener.set_nonblocking(true).expect("a listener");
    for path in [&theirs, &target] {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).expect("given away");
    }
    std::fs::write(Path::new(listed.trim_end()), format!("%Assuan%\nsocket={}\n", target.display())).expect("there");
    for message in [&named, &hidden] {
        let error = peer.cipher().decrypt(message, Asking::Allowed).expect_err("refused");
        assert!(matches!(error, CipherError::Agent(AgentError::Foreign { uid: 65534, .. })), "{error}");
        let problem = Problem::from(error);
        assert!(problem.hints.iter().any(|hint| hint.contains("ls -ln")), "{problem:?}");
    }
    assert_eq!(listener.accept().map(drop).map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
    // In the home of whom it belongs to, root speaks to it.
    std::os::unix::fs::chown(peer.sandbox.gnupg_home(), Some(65534), Some(65534)).expect("given away");
    let waiting = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if listener.accept().is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    });
    drop(peer.cipher().decrypt(&named, Asking::Never));
    assert!(waiting.join().expect("it ends"));
    std::fs::remove_file(listed.trim_end()).expect("removed");
}

#[test]
fn a_hung_agent_is_an_error_of_its_own() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &alice]);
    peer.kill_agent();
    // A double of an agent that accepts and says nothing.
    let listed = peer.sandbox.run("gpgconf", &["--list-dirs", "agent-socket"], b"").ok().out();
    let listener = UnixListener::bind(listed.trim_end()).expect("a socket");
    let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("hung");
    assert!(matches!(error, CipherError::Agent(AgentError::Hung)), "{error}");
    let problem = Problem::from(error);
    assert!(problem.hints.iter().any(|hint| hint.contains("gpgconf --kill gpg-agent")), "{problem:?}");
    drop(listener);
    std::fs::remove_file(listed.trim_end()).expect("removed");
}

#[test]
fn a_locked_key_is_not_asked_for_when_it_may_not_be() {
    let (peer, key, message) = Peer::locked();
    peer.double_of_pinentry("D open sesame\\nOK");
    let error = peer.cipher().decrypt(&message, Asking::Never).expect_err("locked");
    assert!(error.is_locked(), "{error}");
    assert_eq!(peer.times_asked(), 0);
    let hidden = peer.encrypt(&["-R", &key]);
    let error = peer.cipher().decrypt(&hidden, Asking::Never).expect_err("locked");
    assert!(error.is_locked(), "{error}");
    assert_eq!(peer.times_asked(), 0);

    let events = Arc::new(Mutex::new(Vec::new()));
    let opened = peer.cipher_with(&[], watching(&events)).decrypt(&message, Asking::Allowed).expect("unlocked");
    assert_eq!(opened.expose(), TEXT);
    let events = events.lock().expect("events");
    assert!(matches!(&events[..], [PinentryEvent::Starts { terminal: true, .. }, PinentryEvent::Ended]), "{events:?}");
    assert_eq!(peer.times_asked(), 1);
    // The agent remembers it now.
    assert_eq!(peer.alone().decrypt(&message, Asking::Never).expect("unlocked").expose(), TEXT);
    assert_eq!(peer.times_asked(), 1);
}

/// Docker gives a helper pipes only. `script` (bsdutils) makes the terminal.
#[test]
fn a_process_with_pipes_only_names_its_controlling_terminal() {
    let (mut peer, _, message) = Peer::locked();
    peer.double_of_pinentry("D open sesame\\nOK");
    peer.sandbox.unset("GPG_TTY");
    peer.sandbox.init_store("lock@example.test");
    std::fs::write(peer.sandbox.store().join("entry.gpg"), &message).expect("an entry");
    let seen = peer.sandbox.path().join("seen");
    let inner = format!(
        "tty > {seen}.tty; {program} show entry </dev/null 2>/dev/null | cat > {seen}",
        seen = seen.display(),
        program = regpass_binary().display()
    );
    peer.sandbox.run("script", &["-qec", &inner, "/dev/null"], b"").ok();
    let read = |name: &str| std::fs::read_to_string(peer.sandbox.path().join(name)).expect(name);
    assert_eq!(read("seen").as_bytes(), TEXT);
    assert_eq!(read("asked.tty").trim_end(), format!("OPTION ttyname={}", read("seen.tty").trim_end()));
}

#[test]
fn what_a_person_says_to_pinentry_is_kept_apart_and_asked_once() {
    let (peer, _, message) = Peer::locked();
    let asked = |answer: &str, times: usize| {
        peer.double_of_pinentry(answer);
        let before = peer.times_asked();
        let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("locked");
        assert_eq!(peer.times_asked() - before, times, "{error}");
        error
    };
    let cancelled = asked("ERR 83886179 Operation cancelled <Pinentry>", 1);
    assert!(cancelled.is_cancelled(), "{cancelled}");
    assert_eq!(Problem::from(cancelled).kind, ProblemKind::Cancelled);
    // The agent itself asks three times.
    let wrong = asked("D open barley\\nOK", 3);
    assert!(matches!(wrong, CipherError::Agent(AgentError::BadPassphrase)), "{wrong}");
    let unanswered = asked("ERR 83886142 Timeout <Pinentry>", 1);
    assert!(matches!(unanswered, CipherError::Agent(AgentError::Unanswered)), "{unanswered}");
    let empty = asked("OK", 1);
    assert!(matches!(empty, CipherError::Agent(AgentError::NoPassphrase)), "{empty}");
    // An error of no known meaning: gpg would ask the same once more.
    asked("ERR 83886081 General error <Pinentry>", 1);

    peer.agent_conf("pinentry-program /nonexistent/pinentry\n");
    let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("no pinentry");
    assert!(matches!(error, CipherError::Agent(AgentError::NoPinentry)), "{error}");
    let problem = Problem::from(error);
    assert!(problem.hints.iter().any(|hint| hint.ends_with("gpgconf --check-programs")), "{problem:?}");
}

#[test]
fn a_pinentry_that_dies_is_not_a_missing_terminal() {
    let (peer, _, message) = Peer::locked();
    peer.double_of_pinentry("'; exit 1; echo '");
    let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("no passphrase");
    assert!(matches!(error, CipherError::Agent(AgentError::PinentryDied)), "{error}");
}

/// A double of an agent that is ended in the middle of the conversation; its successor is the real one.
#[test]
fn an_agent_that_ends_before_it_asks_is_started_anew() {
    let peer = Peer::new();
    let key = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &key]);
    peer.kill_agent();
    let socket = peer.sandbox.run("gpgconf", &["--list-dirs", "agent-socket"], b"").ok().out();
    let listener = UnixListener::bind(socket.trim_end()).expect("a socket");
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| peer.cipher().decrypt(&message, Asking::Allowed));
        let (mut client, _) = listener.accept().expect("a client");
        client.write_all(b"OK\n").expect("a greeting");
        let heard = BufReader::new(client.try_clone().expect("a second end")).lines();
        assert!(heard.map_while(Result::ok).any(|line| line == "PKDECRYPT"));
        std::fs::remove_file(socket.trim_end()).expect("removed");
        drop((listener, client));
        assert_eq!(opened.join().expect("ends").expect("opened").expose(), TEXT);
    });
}

#[test]
fn an_agent_that_hangs_while_starting_is_told_and_gpg_does_not_wait_for_it() {
    let (peer, _, message) = Peer::locked();
    let conf = peer.sandbox.gnupg_home().join("gpg-agent.conf");
    peer.sandbox.run("mkfifo", &[&conf.display().to_string()], b"").ok();
    let started = Instant::now();
    let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("it hangs");
    assert!(matches!(error, CipherError::Agent(AgentError::HangsStarting { .. })), "{error}");
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[test]
fn a_damaged_session_key_is_not_a_missing_secret_key() {
    let peer = Peer::new();
    for kind in ["cv25519", "rsa2048"] {
        let key = peer.key(kind, kind);
        let message = peer.encrypt(&["-r", &key]);
        for at in [16, 20, 30, 40, 60, 80] {
            let mut flipped = message.clone();
            flipped[at] ^= 1;
            let Err(error) = peer.cipher().decrypt(&flipped, Asking::Never) else { continue };
            assert!(matches!(error, CipherError::Message(_)), "{kind}, byte {at}: {error}");
        }
    }
}

#[test]
fn a_home_that_is_missing_is_named() {
    let peer = Peer::new();
    let key = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &key]);
    let file = peer.sandbox.path().join("file");
    std::fs::write(&file, "x").expect("a file");
    for (home, says) in [("~/g".to_owned(), "is missing"), (file.display().to_string(), "is not a folder")] {
        let cipher = peer.cipher_with(&[("GNUPGHOME", &home)], Prompts::default());
        let to = [Recipient::new(&key).expect("a recipient")];
        let read = cipher.decrypt(&message, Asking::Never).expect_err("no home");
        let written = cipher.encrypt(&Secret::new(TEXT.to_vec()), &to).expect_err("no home");
        for error in [read.to_string(), written.to_string()] {
            assert!(error.contains(says) && error.contains(&home), "{error}");
        }
    }
}

#[test]
fn a_fifo_for_gpg_conf_is_named_at_once() {
    let peer = Peer::new();
    let key = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &key]);
    peer.sandbox.run("mkfifo", &[&peer.sandbox.gnupg_home().join("gpg.conf").display().to_string()], b"").ok();
    let started = Instant::now();
    let to = [Recipient::new(&key).expect("a recipient")];
    let problem = Problem::from(peer.cipher().encrypt(&Secret::new(TEXT.to_vec()), &to).expect_err("a FIFO"));
    assert!(problem.message.contains("gpg.conf") && !problem.hints.join(" ").contains("apt install"), "{problem:?}");
    assert_eq!(peer.cipher().decrypt(&message, Asking::Never).expect("needs no gpg").expose(), TEXT);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn the_real_pinentry_without_a_terminal_says_so() {
    let Some(program) = peer("pinentry-curses") else { return };
    let (peer, _, message) = Peer::locked();
    peer.agent_conf(&format!("pinentry-program {}\n", program.display()));
    let events = Arc::new(Mutex::new(Vec::new()));
    let error = peer.cipher_with(&[], watching(&events)).decrypt(&message, Asking::Allowed).expect_err("no terminal");
    assert!(matches!(error, CipherError::Agent(AgentError::NoWayToAsk)), "{error}");
    assert_eq!(events.lock().expect("events").last(), Some(&PinentryEvent::Ended));
}

#[test]
fn loopback_asks_through_us_and_never_falls_back_to_a_pinentry() {
    let (peer, _, message) = Peer::locked();
    peer.double_of_pinentry("D open sesame\\nOK");
    let loopback = [("REGPASS_PINENTRY", "loopback")];
    let with = |prompts| peer.cipher_with(&loopback, prompts).decrypt(&message, Asking::Allowed);
    let wrong = with(answering(Some("open barley"))).expect_err("wrong");
    assert!(matches!(wrong, CipherError::Agent(AgentError::BadPassphrase)), "{wrong}");
    assert!(with(answering(None)).expect_err("cancelled").is_cancelled());
    assert!(with(Prompts::default()).expect_err("nobody to ask").is_locked());
    let loud = with(answering(Some("open sesame"))).expect("unlocked");
    assert_eq!(loud.expose(), TEXT);
    std::fs::write(peer.sandbox.gnupg_home().join("gpg-agent.conf"), "no-allow-loopback-pinentry\n").expect("a config");
    peer.kill_agent();
    let error = with(answering(Some("open sesame"))).expect_err("forbidden");
    assert!(matches!(error, CipherError::Agent(AgentError::Forbidden(_))), "{error}");
    assert_eq!(peer.times_asked(), 0);
}

#[test]
fn a_passphrase_file_named_for_gpg_is_given_to_gpg() {
    let (peer, _, message) = Peer::locked();
    peer.agent_conf("pinentry-program /bin/false\n");
    let file = peer.sandbox.path().join("passphrase");
    std::fs::write(&file, "open sesame\n").expect("a file");
    for options in ["--pinentry-mode loopback --passphrase-file", "--batch --pinentry-mode=loopback --passphrase-file"]
    {
        let options = format!("{options} {}", file.display());
        for asking in [Asking::Never, Asking::Allowed] {
            let cipher = peer.cipher_with(&[("PASSWORD_STORE_GPG_OPTS", &options)], Prompts::default());
            assert_eq!(cipher.decrypt(&message, asking).expect(&options).expose(), TEXT);
            peer.kill_agent();
        }
    }
    // Without the file gpg would ask on the terminal itself: the agent is not passed by for that.
    let options = [("PASSWORD_STORE_GPG_OPTS", "--pinentry-mode loopback")];
    let error = peer.cipher_with(&options, Prompts::default()).decrypt(&message, Asking::Never).expect_err("locked");
    assert!(error.is_locked(), "{error}");
}

#[test]
fn of_several_keys_the_unlocked_one_is_used() {
    let (peer, locked, _) = Peer::locked();
    peer.double_of_pinentry("D open sesame\\nOK");
    let open = peer.key("open", "cv25519");
    for recipients in [["-r", &locked, "-r", &open], ["-R", &locked, "-R", &open]] {
        let message = peer.encrypt(&recipients);
        assert_eq!(peer.cipher().decrypt(&message, Asking::Allowed).expect("read").expose(), TEXT);
    }
    assert_eq!(peer.times_asked(), 0);
}

#[test]
fn a_key_that_is_not_here_is_named() {
    let (peer, other) = (Peer::new(), Peer::new());
    let (mine, theirs) = (peer.key("alice", "cv25519"), other.key("bob", "cv25519"));
    let message = other.encrypt(&["-r", &theirs]);
    let listed = other.sandbox.gpg(&["--with-colons", "--list-keys", &theirs]).ok().out();
    let id =
        listed.lines().find(|line| line.starts_with("sub:")).and_then(|line| line.split(':').nth(4)).expect("an id");
    let unknown = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("not ours");
    assert!(unknown.to_string().contains(id), "{unknown}");
    // Knowing the public key changes nothing.
    let exported = other.sandbox.gpg(&["--export", &theirs]).ok().stdout;
    peer.sandbox.run("gpg", &["--batch", "-q", "--import"], &exported).ok();
    let known = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("not ours");
    assert!(matches!(&known, CipherError::NoSecretKey { keys } if keys.len() == 1), "{known}");
    let hidden = other.encrypt(&["-R", &theirs]);
    let error = peer.cipher().decrypt(&hidden, Asking::Allowed).expect_err("not ours");
    assert!(matches!(&error, CipherError::NoSecretKey { keys } if keys.is_empty()), "{error}");
    let symmetric = ["--batch", "-q", "--pinentry-mode", "loopback", "--passphrase", "x", "-o", "-", "-c"];
    let message = peer.sandbox.run("gpg", &symmetric, TEXT).ok().stdout;
    let error = peer.cipher().decrypt(&message, Asking::Allowed).expect_err("a passphrase");
    assert!(matches!(error, CipherError::PassphraseOnly), "{error}");
    let untrusted = peer.cipher().encrypt(&text(), &to(&[&mine, &theirs])).expect_err("untrusted");
    assert!(matches!(untrusted, CipherError::Keyring(KeyringError::Untrusted { .. })), "{untrusted}");
}

#[test]
fn options_that_only_gpg_knows_make_gpg_write() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let camellia = [("PASSWORD_STORE_GPG_OPTS", "--cipher-algo CAMELLIA256")];
    let ours = peer.cipher_with(&camellia, Prompts::default()).encrypt(&text(), &to(&[&alice])).expect("by gpg");
    let shown = peer.sandbox.run("gpg", &["--batch", "-v", "-d"], &ours).ok().err();
    assert!(shown.contains("CAMELLIA256"), "{shown}");
    let nonsense = [("PASSWORD_STORE_GPG_OPTS", "--no-such-option")];
    let error = peer.cipher_with(&nonsense, Prompts::default()).encrypt(&text(), &to(&[&alice])).expect_err("refused");
    assert!(matches!(&error, CipherError::Gpg(words) if words.contains("no-such-option")), "{error}");
}

#[test]
fn a_key_file_and_gnupg_understand_each_other() {
    let peer = Peer::new();
    let (key, fingerprint) = generate("Carol <carol@example.test>").expect("a key");
    let file = peer.sandbox.path().join("key.asc");
    std::fs::write(&file, key.expose()).expect("the key file");
    set_mode(&file, 0o600);
    let file = file.to_str().expect("a name").to_owned();
    let vars = [("REGPASS_KEY_FILE", file.as_str()), ("PATH", NO_PROGRAMS), ("GNUPGHOME", "/nonexistent")];
    let ours = peer.cipher_with(&vars, Prompts::default()).encrypt(&text(), &to(&[&fingerprint])).expect("written");
    peer.start_agent_in_new_home();
    peer.sandbox.run("gpg", &["--batch", "-q", "--import"], key.expose()).ok();
    assert_eq!(peer.sandbox.run("gpg", &["--batch", "-q", "-d"], &ours).ok().stdout, TEXT);
    assert_eq!(peer.alone().decrypt(&ours, Asking::Never).expect("by the agent").expose(), TEXT);
    for form in [&["-r", &fingerprint[..]][..], &["-R", &fingerprint], &["--armor", "-r", &fingerprint]] {
        let theirs = peer.encrypt(form);
        let opened = peer.cipher_with(&vars, Prompts::default()).decrypt(&theirs, Asking::Never).expect("read");
        assert_eq!(opened.expose(), TEXT, "{form:?}");
    }
}

#[test]
fn a_key_that_gpg_exported_is_a_key_file_with_its_passphrase() {
    let (peer, key, message) = Peer::locked();
    let args = ["--batch", "-q", "--pinentry-mode", "loopback", "--passphrase", "open sesame", "--export-secret-keys"];
    let exported = peer.sandbox.run("gpg", &[&args[..], &[&key]].concat(), b"").ok().stdout;
    let put = |name: &str, bytes: &[u8]| {
        let file = peer.sandbox.path().join(name);
        std::fs::write(&file, bytes).expect("a file");
        set_mode(&file, 0o600);
        file.to_str().expect("a name").to_owned()
    };
    let (file, passphrase) = (put("key", &exported), put("passphrase", b"open sesame\n"));
    let vars = [("REGPASS_KEY_FILE", file.as_str()), ("PATH", NO_PROGRAMS)];
    let locked = peer.cipher_with(&vars, Prompts::default()).decrypt(&message, Asking::Allowed).expect_err("locked");
    assert!(matches!(locked, CipherError::KeyFile(KeyFileError::Locked { .. })), "{locked}");
    let opened = peer.cipher_with(&vars, answering(Some("open sesame"))).decrypt(&message, Asking::Allowed);
    assert_eq!(opened.expect("unlocked").expose(), TEXT);
    let vars = [vars[0], vars[1], ("REGPASS_KEY_PASSPHRASE_FILE", passphrase.as_str())];
    let opened = peer.cipher_with(&vars, Prompts::default()).decrypt(&message, Asking::Never);
    assert_eq!(opened.expect("unlocked").expose(), TEXT);
}

#[test]
fn many_at_once_share_one_agent() {
    let peer = Peer::new();
    let alice = peer.key("alice", "cv25519");
    let message = peer.encrypt(&["-r", &alice]);
    peer.kill_agent();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|_| {
                let cipher = peer.cipher();
                let message = &message;
                scope.spawn(move || cipher.decrypt(message, Asking::Never).map(|opened| opened.expose() == TEXT))
            })
            .collect();
        for thread in threads {
            assert!(matches!(thread.join().expect("ends"), Ok(true)));
        }
    });
}

impl Peer {
    fn start_agent_in_new_home(&self) {
        std::fs::create_dir_all(self.sandbox.gnupg_home()).expect("a GnuPG home");
        set_mode(&self.sandbox.gnupg_home(), 0o700);
        self.start_agent();
    }
}

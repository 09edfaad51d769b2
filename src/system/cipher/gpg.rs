//! gpg itself, for the unusual: messages and keys of kinds that are not done in process, and options that only gpg can
//! honour. Its status lines decide (GnuPG sources, doc/DETAILS), never its exit code alone: gpg ends with 0 and no
//! output on some damaged files, and writes a part of the text before it fails on others.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use super::container::{TAG_OCB, TAG_SEIPD, TAG_UNPROTECTED};
use super::message::{MessageError, PLAINTEXT_MAX, binary};
use super::packets::{Packet, Packets};
use super::{Asking, CipherError};
use crate::model::{Recipient, Secret, text};
use crate::system::agent::{AgentError, PinentryEvent, Prompts};
use crate::system::env::Env;
use crate::system::keyring::KeyringError;
use crate::system::options::Options;
use crate::system::process::{self, Finished, Limits, ProcessError};

/// For a person in front of a pinentry, and for gpg alone.
const WITH_PERSON: Duration = Duration::from_secs(15 * 60);
const ALONE: Duration = Duration::from_secs(60);

/// A message is larger than its text by the packets around it: one for each recipient.
const MESSAGE_MAX: usize = PLAINTEXT_MAX + (4 << 20);

/// The largest signature taken from gpg, in bytes.
const SIGNATURE_MAX: usize = 64 << 10;

/// The least that stands around a text in an encrypted message, in bytes (RFC 9580, sections 4.2, 5.9, 5.7, 5.13.1;
/// draft-koch-librepgp, 5.16): the literal packet's header, format, name's length and date, and its container's own.
const PACKET_AROUND: usize = 2 + 6;
const UNPROTECTED_AROUND: usize = 16 + 2;
const SEIPD_AROUND: usize = 1 + 16 + 2 + 22;
const OCB_AROUND: usize = 4 + 15 + 2 * 16;

const STATUS: &str = "[GNUPG:] ";

/// How gpg is called; nothing is started until it is used.
pub struct Gpg<'a> {
    pub env: &'a Env,
    pub options: &'a Options,
    pub prompts: &'a Prompts,
}

impl Gpg<'_> {
    /// Decrypts with gpg what could not be decrypted here for the reason given, which is also the answer when there is
    /// no gpg.
    pub fn decrypt_instead(&self, message: &[u8], asking: Asking, why: CipherError) -> Result<Secret, CipherError> {
        let mut command = self.command();
        // It is not in the terminal's foreground: asking there itself, it would be stopped for good.
        command.args(["--no-tty", "--status-fd", "2", "--quiet", "--output", "-"]);
        match asking {
            _ if self.has_passphrase() => drop(command.arg("--batch")),
            Asking::Allowed if self.options.pinentry_loopback => return Err(why),
            Asking::Allowed => {}
            Asking::Never => drop(command.args(["--batch", "--pinentry-mode", "error"])),
        }
        command.arg("--decrypt");
        let time = if asking == Asking::Allowed { WITH_PERSON } else { ALONE };
        let shown = self.prompts.pinentry.as_ref().filter(|_| asking == Asking::Allowed);
        // gpg does not tell when its agent shows a pinentry, so the terminal is left for as long as gpg runs.
        if let Some(tell) = shown {
            tell(PinentryEvent::Starts { terminal: true, pinentry: None });
        }
        let finished = process::run(&mut command, message, Limits { time, stdout: PLAINTEXT_MAX });
        if let Some(tell) = shown {
            tell(PinentryEvent::Ended);
        }
        match finished {
            Err(ProcessError::Missing { .. }) => Err(why),
            Err(ProcessError::TooMuch { .. }) => Err(MessageError::TooLarge(PLAINTEXT_MAX).into()),
            other => match (decrypted(other?, asking), why) {
                // What was found here says more than gpg's last line, unless it was only that gpg is needed.
                (
                    Err(said @ (CipherError::Gpg(_) | CipherError::NoSecretKey { .. })),
                    CipherError::Message(MessageError::Unsupported(_)),
                ) => Err(said),
                (Err(CipherError::Gpg(_) | CipherError::NoSecretKey { .. }), why @ CipherError::Message(_)) => Err(why),
                (Err(CipherError::Gpg(_)), why) => Err(why),
                (other, _) => other,
            },
        }
    }

    /// True when `PASSWORD_STORE_GPG_OPTS` gives gpg the passphrase, which gpg-agent would ask a person for.
    pub fn has_passphrase(&self) -> bool {
        let names = |option: &[u8]| matches!(option, b"--passphrase" | b"--passphrase-file");
        self.options.gpg_options.iter().any(|word| {
            let word = word.as_encoded_bytes();
            word.split(|byte| *byte == b'=').next().is_some_and(names)
        })
    }

    /// Encrypts as pass does (pass 1.7.4, `GPG_OPTS`), without ever asking.
    pub fn encrypt(&self, plaintext: &Secret, recipients: &[Recipient]) -> Result<Vec<u8>, CipherError> {
        let mut command = self.command();
        command.args(["--status-fd", "2", "--quiet", "--yes", "--batch", "--compress-algo=none", "--no-encrypt-to"]);
        // As a text gpg would lose its carriage returns.
        command.arg("--no-textmode");
        // A key that is missing here stops the write; it is not fetched from the network unseen.
        command.arg("--no-auto-key-locate");
        if self.options.trust_always {
            command.args(["--trust-model", "always"]);
        }
        for recipient in recipients {
            command.args(["--recipient", recipient.as_str()]);
        }
        command.args(["--output", "-", "--encrypt"]);
        let limits = Limits { time: ALONE, stdout: MESSAGE_MAX };
        let finished = process::run(&mut command, plaintext.expose(), limits)?;
        let unheard = self.is_unheard(&finished);
        encrypted(finished, plaintext.len()).map_err(|error| if unheard { of_options(error) } else { error })
    }

    /// True when gpg gave up before it saw what it was to do, and there are options of the person's that may be why.
    fn is_unheard(&self, finished: &Finished) -> bool {
        let said = &finished.stderr;
        let told = said.windows(STATUS.len()).any(|window| window == STATUS.as_bytes());
        !self.options.gpg_options.is_empty() && !finished.status.success() && !told
    }

    /// A detached signature, in gpg's own order of keys as pass gives them (pass 1.7.4, line 352).
    pub fn sign(&self, text: &[u8], keys: &[String]) -> Result<Vec<u8>, CipherError> {
        let mut command = self.command();
        command.args(["--status-fd", "2", "--quiet", "--output", "-"]);
        for key in keys {
            command.args(["--default-key", key]);
        }
        command.arg("--detach-sign");
        if let Some(tell) = &self.prompts.pinentry {
            tell(PinentryEvent::Starts { terminal: true, pinentry: None });
        }
        let finished = process::run(&mut command, text, Limits { time: WITH_PERSON, stdout: SIGNATURE_MAX });
        if let Some(tell) = &self.prompts.pinentry {
            tell(PinentryEvent::Ended);
        }
        let finished = finished?;
        let created = status_lines(&finished).iter().any(|line| line[0] == "SIG_CREATED");
        match finished.status.success() && created && !finished.stdout.is_empty() {
            true => Ok(finished.stdout.expose().to_vec()),
            false => Err(complaint(&finished)),
        }
    }

    fn command(&self) -> Command {
        let mut command = process::command(self.env, "gpg");
        if let Some(terminal) = self.env.terminal() {
            command.env("GPG_TTY", terminal);
        }
        command.arg("--homedir").arg(&self.options.gnupg_home).args(without_homedir(&self.options.gpg_options));
        command
    }
}

/// `Options::gnupg_home` says it already, as an absolute path.
fn without_homedir(options: &[std::ffi::OsString]) -> Vec<&OsStr> {
    let mut kept = Vec::with_capacity(options.len());
    let mut options = options.iter().map(|option| option.as_os_str());
    while let Some(option) = options.next() {
        match option.as_encoded_bytes() {
            b"--homedir" => drop(options.next()),
            joined if joined.starts_with(b"--homedir=") => {}
            _ => kept.push(option),
        }
    }
    kept
}

/// The status lines on stderr, keyword first.
fn status_lines(finished: &Finished) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(&finished.stderr);
    let lines = text.lines().filter_map(|line| line.strip_prefix(STATUS));
    lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// gpg's own last words among the status lines.
fn complaint(finished: &Finished) -> CipherError {
    let lines = finished.stderr.split(|byte| *byte == b'\n');
    let mut own = lines.filter(|line| !line.is_empty() && !line.starts_with(STATUS.as_bytes()));
    let said = own.next_back().map(|line| line.strip_prefix(b"gpg: ").unwrap_or(line));
    CipherError::Gpg(match said {
        Some(said) => text::quoted(said),
        None => format!("it does not say why ({})", finished.status),
    })
}

fn decrypted(finished: Finished, asking: Asking) -> Result<Secret, CipherError> {
    let lines = status_lines(&finished);
    let has = |word: &str| lines.iter().any(|line| line[0] == word);
    if finished.status.success() && has("DECRYPTION_OKAY") && has("GOODMDC") && !has("DECRYPTION_FAILED") {
        return Ok(finished.stdout);
    }
    let agent = lines.iter().find_map(|line| match line.as_slice() {
        [error, place, code, ..] if error == "ERROR" && place.starts_with("pkdecrypt") => code.parse().ok(),
        _ => None,
    });
    if let Some(number) = agent {
        let error = AgentError::with_number(number, String::new());
        return Err(match if asking == Asking::Never { error.when_silent() } else { error } {
            AgentError::Refused { .. } => complaint(&finished),
            known => known.into(),
        });
    }
    if has("BADMDC") {
        return Err(MessageError::Altered.into());
    }
    let missing = lines.iter().filter(|line| line[0] == "NO_SECKEY").filter_map(|line| line.get(1).cloned());
    let missing: Vec<String> = missing.collect();
    match missing.is_empty() {
        // gpg ends so on some damaged files.
        true if finished.status.success() => {
            Err(MessageError::Damaged("gpg finds nothing in it that it can open").into())
        }
        true => Err(complaint(&finished)),
        false => Err(CipherError::NoSecretKey { keys: missing }),
    }
}

/// Says where the options are that gpg did not take.
fn of_options(error: CipherError) -> CipherError {
    match error {
        CipherError::Gpg(said) => CipherError::Gpg(format!("{said} (it was called with PASSWORD_STORE_GPG_OPTS)")),
        other => other,
    }
}

/// True when the message is long enough to hold a text of `length` bytes as it is. gpg does not compress here, so that one
/// which is shorter holds something else: gpg took a part of its input for a passphrase, say, or for commands.
fn holds(message: &[u8], length: usize) -> bool {
    let Ok(bytes) = binary(message) else { return false };
    let least = |packet: &Packet| match packet.tag {
        TAG_SEIPD => Some(PACKET_AROUND + SEIPD_AROUND),
        TAG_OCB => Some(PACKET_AROUND + OCB_AROUND),
        TAG_UNPROTECTED => Some(PACKET_AROUND + UNPROTECTED_AROUND),
        _ => None,
    };
    let mut packets = Packets::of(&bytes).flatten();
    packets.any(|packet| least(&packet).is_some_and(|around| packet.size() >= length + around))
}

fn encrypted(finished: Finished, length: usize) -> Result<Vec<u8>, CipherError> {
    let lines = status_lines(&finished);
    let refused = lines.iter().find_map(|line| match line.as_slice() {
        [word, reason, who @ ..] if word == "INV_RECP" => Some(recipient_error(reason, who.join(" "))),
        _ => None,
    });
    if let Some(error) = refused {
        return Err(error.into());
    }
    let ended = lines.iter().any(|line| line[0] == "END_ENCRYPTION");
    if finished.status.success() && ended && !finished.stdout.is_empty() {
        if !holds(finished.stdout.expose(), length) {
            return Err(CipherError::Gpg("it encrypted not all that it was given".to_owned()));
        }
        return Ok(finished.stdout.expose().to_vec());
    }
    Err(complaint(&finished))
}

/// doc/DETAILS, `INV_RECP`.
fn recipient_error(reason: &str, recipient: String) -> KeyringError {
    match reason {
        "2" => KeyringError::Ambiguous { recipient, fingerprints: Vec::new() },
        "3" => KeyringError::NoEncryptionKey { recipient },
        "4" => KeyringError::Revoked { recipient },
        "5" => KeyringError::Expired { recipient, fingerprint: None, at: None },
        "10" => KeyringError::Untrusted { recipient, fingerprint: None },
        "13" => KeyringError::Disabled { recipient, fingerprint: None },
        _ => KeyringError::Missing { recipient },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn finished(code: i32, stdout: &[u8], status: &[&str]) -> Finished {
        let stderr: Vec<String> = status.iter().map(|line| format!("[GNUPG:] {line}\n")).collect();
        let stderr = format!("gpg: something it says\n{}", stderr.concat()).into_bytes();
        Finished { status: ExitStatus::from_raw(code << 8), stdout: Secret::new(stdout.to_vec()), stderr }
    }

    #[test]
    fn only_gpg_s_word_makes_a_plaintext() {
        let good = ["DECRYPTION_KEY A B -", "DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION"];
        assert_eq!(decrypted(finished(0, b"x", &good), Asking::Allowed).expect("good").expose(), b"x");
        for (code, status) in [
            (2, &good[..]),
            (0, &[][..]),
            (0, &["DECRYPTION_OKAY"][..]),
            (0, &["GOODMDC"][..]),
            (0, &["DECRYPTION_OKAY", "GOODMDC", "DECRYPTION_FAILED"][..]),
        ] {
            assert!(decrypted(finished(code, b"x", status), Asking::Allowed).is_err(), "{code} {status:?}");
        }
    }

    #[test]
    fn failures_keep_their_kind() {
        let fails = |status: &[&str], asking| decrypted(finished(2, b"", status), asking).expect_err("fails");
        let cancelled = fails(&["ERROR pkdecrypt_failed 83886179"], Asking::Allowed);
        assert!(cancelled.is_cancelled(), "{cancelled}");
        assert!(fails(&["ERROR pkdecrypt_failed 67108949"], Asking::Never).is_locked());
        assert!(matches!(fails(&["BADMDC"], Asking::Allowed), CipherError::Message(MessageError::Altered)));
        let missing = fails(&["NO_SECKEY 0123456789ABCDEF"], Asking::Allowed).to_string();
        assert!(missing.contains("0123456789ABCDEF"), "{missing}");
        let silent = decrypted(finished(0, b"", &[]), Asking::Allowed).expect_err("fails").to_string();
        assert!(!silent.contains("exit status"), "{silent}");
        let other = fails(&[], Asking::Allowed).to_string();
        assert_eq!(other, "gpg failed: \"something it says\"");
    }

    #[test]
    fn refused_recipients_are_named_with_their_reason() {
        let refused = |line| encrypted(finished(2, b"", &[line]), 0).expect_err("refused").to_string();
        assert!(refused("INV_RECP 10 bob@example.test").contains("vouches"));
        assert!(refused("INV_RECP 5 Bob B").contains("\"Bob B\" expired"));
        assert!(encrypted(finished(0, b"", &["END_ENCRYPTION"]), 0).is_err());
    }

    #[test]
    fn a_message_that_is_too_short_for_the_text_is_refused() {
        use crate::system::cipher::{container, packets};
        let text = b"correct horse";
        let literal =
            |text: &[u8]| [packets::header(11, text.len() + 6), b"b\0\0\0\0\0".to_vec(), text.to_vec()].concat();
        let sealed = |inside: &[u8]| container::seal_seipd1(&vec![7; 32].into(), &[inside]).expect("sealed");
        let taken = |message: &[u8]| encrypted(finished(0, message, &["END_ENCRYPTION"]), text.len());
        assert!(taken(&sealed(&literal(text))).is_ok());
        // The text without the packet around it (`--no-literal`), and one byte less (`--passphrase-fd 0`).
        for short in [text.to_vec(), literal(&text[1..])] {
            assert!(taken(&sealed(&short)).is_err(), "{short:?}");
        }
        assert!(taken(b"x").is_err());
    }

    #[test]
    fn the_home_is_said_once() {
        let options = ["--armor", "--homedir", "/x", "--homedir=/y", "--always-trust"].map(std::ffi::OsString::from);
        assert_eq!(without_homedir(&options), ["--armor", "--always-trust"]);
    }
}

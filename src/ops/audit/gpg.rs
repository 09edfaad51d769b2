//! Group GPG: would GnuPG, as it is set up here, open a login when Docker asks for one. Ids as in the catalogue
//! (docs/checks.md).

use std::time::Duration;

use super::Check;
use super::evidence::{AgentSeen, Evidence, FolderSeen, GnupgSeen, OwnKey, ReaderSeen, Source, shown};
use super::finding::Severity::{High, Low, Medium};
use super::finding::{Answer, Confidence, Finding, Spot};
use super::store::unread;
use crate::model::{misplaced, text, utc};
use crate::system::agent::KeyState;
use crate::system::agent::key_files::OnDisk;

pub(super) const CHECKS: &[Check] = &[
    Check { id: "GPG01", title: "gpg is missing or too old", severity: High, look: program },
    Check { id: "GPG02", title: "gpg-agent does not answer", severity: Medium, look: agent },
    Check { id: "GPG03", title: "the program that asks for passphrases cannot run", severity: High, look: pinentry },
    Check { id: "GPG04", title: "nobody can be asked for the passphrase", severity: High, look: no_way_to_ask },
    Check { id: "GPG05", title: "a pinentry waits on a terminal that is gone", severity: High, look: stale },
    Check { id: "GPG06", title: "others can get at the GnuPG home", severity: Medium, look: modes },
    Check { id: "GPG07", title: "the agent's socket has too long a name", severity: Medium, look: long_socket },
    Check { id: "GPG08", title: "a recipient's key expires within 30 days", severity: Medium, look: expiring },
    Check { id: "GPG09", title: "a secret key has no passphrase", severity: Medium, look: unprotected },
    Check { id: "GPG10", title: "the agent forgets too soon, or remembers too long", severity: Low, look: cache },
];

/// The oldest gpg with an agent of its own (GnuPG 2.1, 2014).
const OLDEST: (u32, u32) = (2, 1);

/// The longest name that a socket's address holds (unix(7), `sun_path` without its end).
const SOCKET_MAX: usize = 107;

const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// A passphrase that is remembered for less is asked for again in the midst of one deployment; one that is remembered for
/// more than a working day is as good as none.
const CACHE: std::ops::RangeInclusive<u64> = 300..=24 * 3600;

fn program(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let (title, fix) = match &seen.gpg {
            None => ("gpg is not on PATH: pass and the official helper need it".to_owned(), "sudo apt install gnupg"),
            Some(Err(why)) => return missed(why.clone()),
            Some(Ok(version)) if is_old(version) => {
                (format!("gpg is {version}; 2.1 is the first with gpg-agent for all keys"), "install a newer GnuPG")
            }
            Some(Ok(_)) => return Answer::default(),
        };
        [Finding::new("GPG01", High, title, fix)].into_iter().collect()
    })
}

fn is_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < OLDEST
}

fn agent(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let (title, fix) = match &seen.agent {
            AgentSeen::Answers | AgentSeen::Restricted => return Answer::default(),
            AgentSeen::Silent(why) => {
                (why.clone(), "end it, so that the next one starts anew: gpgconf --kill gpg-agent")
            }
            AgentSeen::NotRunning if seen.is_not_started => (
                "no gpg-agent runs, and \"no-autostart\" in GnuPG's configuration forbids starting one".to_owned(),
                "start it: gpgconf --launch gpg-agent; or take no-autostart out of gpg.conf and common.conf",
            ),
            AgentSeen::NotRunning if !seen.has_agent_program && seen.gpg.is_some() => {
                ("no gpg-agent runs, and the program is not on PATH".to_owned(), "sudo apt install gpg-agent")
            }
            AgentSeen::NotRunning => return Answer::default(),
        };
        [Finding::new("GPG02", Medium, title, fix).at(&seen.socket, Spot::Whole)].into_iter().collect()
    })
}

fn pinentry(evidence: &Evidence) -> Answer {
    with_passphrase(evidence, |seen| {
        let asks = &seen.pinentry;
        let at = asks.chosen.as_ref().zip(seen.conf.as_ref());
        let place = |finding: Finding| match at {
            Some(((_, line), conf)) => finding.at(conf, Spot::Line(*line)),
            None => finding,
        };
        if asks.program.is_none() {
            let title = match &asks.chosen {
                Some((path, _)) => format!("the pinentry {} is not there, or cannot be run", shown(path)),
                None => "no pinentry is installed: gpg-agent cannot ask for a passphrase".to_owned(),
            };
            let fix = "sudo apt install pinentry-curses, and name it in gpg-agent.conf: pinentry-program";
            return [place(Finding::new("GPG03", High, title, fix))].into_iter().collect();
        }
        if asks.is_graphical() && !seen.way.has_display {
            let title =
                "the pinentry draws in a window, and there is no display: without a terminal of its own it cannot ask";
            let fix = "sudo apt install pinentry-curses, and name it in gpg-agent.conf: pinentry-program";
            return [place(Finding::new("GPG03", Low, title, fix).with(Confidence::Likely))].into_iter().collect();
        }
        Answer::default()
    })
}

fn no_way_to_ask(evidence: &Evidence) -> Answer {
    with_passphrase(evidence, |seen| {
        let is_remembered =
            |key: &OwnKey| matches!(key.state, Some(KeyState::Unlocked | KeyState::NoPassphrase | KeyState::Card));
        if seen.way.has_display || seen.own.iter().any(is_remembered) {
            return Answer::default();
        }
        const FIX: &str = "export GPG_TTY=$(tty), then gpg-connect-agent updatestartuptty /bye";
        let finding = match (&seen.way.gpg_tty, &seen.way.terminal) {
            (Some((path, false)), _) => {
                let title = format!("GPG_TTY is {}, which is no terminal of yours: gpg-agent asks there", shown(path));
                Finding::new("GPG04", High, title, FIX)
            }
            (Some(_), _) => return Answer::default(),
            // The official helper reads Docker's question from its standard input, so that gpg finds no terminal by itself.
            (None, Some(_)) if !evidence.stores.is_ours => {
                let title = "GPG_TTY is not set: the official helper's gpg cannot say on which terminal to ask";
                Finding::new("GPG04", Medium, title, FIX)
            }
            (None, Some(_)) => return Answer::default(),
            (None, None) => {
                let title = "the key is locked, and there is neither a terminal nor a display to ask on";
                let fix = "unlock it before: have gpg-agent ask once on a terminal, or gpg-preset-passphrase";
                Finding::new("GPG04", Medium, title, fix)
            }
        };
        [finding.with(Confidence::Likely)].into_iter().collect()
    })
}

fn stale(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let told = |(pid, terminal): &(u32, std::path::PathBuf)| {
            let title =
                format!("pinentry {pid} waits on {}, which is gone: gpg-agent asks nobody else", shown(terminal));
            Finding::new("GPG05", High, title, format!("kill {pid}"))
        };
        seen.stale.iter().map(told).collect()
    })
}

fn modes(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let told = |folder: &FolderSeen| {
            let word = misplaced::shell_word(&folder.path);
            let by_mode = (folder.mode & 0o077 != 0).then(|| {
                let title =
                    format!("its mode is {:04o}: gpg warns, and others may see or change what is in it", folder.mode);
                let severity = if folder.mode & 0o022 != 0 { High } else { Medium };
                Finding::new("GPG06", severity, title, format!("chmod 700 {word}"))
            });
            let by_owner = (folder.uid != evidence.uid && evidence.uid != 0).then(|| {
                let title = format!("it belongs to user {}: gpg refuses to use it, or warns", folder.uid);
                let in_own_home = evidence.home_uid == Some(evidence.uid)
                    && evidence.home.as_ref().is_some_and(|home| folder.path.starts_with(home));
                // What lies elsewhere may be that user's own, with their keys.
                let fix = match in_own_home {
                    true => format!("give it back: sudo chown -R {} {word}", evidence.uid),
                    false => "use a GnuPG home of your own: unset GNUPGHOME, and HOME where that is theirs".to_owned(),
                };
                Finding::new("GPG06", Medium, title, fix)
            });
            by_mode.into_iter().chain(by_owner).map(|finding| finding.at(&folder.path, Spot::Whole)).collect::<Vec<_>>()
        };
        [&seen.home, &seen.secret_keys].into_iter().filter(|folder| folder.exists).flat_map(told).collect()
    })
}

fn long_socket(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let length = seen.socket.as_os_str().len();
        let title = format!("{length} bytes; a socket's name has at most {SOCKET_MAX}: gpg-agent cannot listen there");
        let fix = "use a GnuPG home with a shorter name (GNUPGHOME), or put the name of another socket into the file";
        let finding = Finding::new("GPG07", Medium, title, fix).at(&seen.socket, Spot::Whole);
        (length > SOCKET_MAX).then_some(finding).into_iter().collect()
    })
}

fn expiring(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |_| {
        let Some(now) = evidence.stores.now else { return Answer::default() };
        let told = |seen: &ReaderSeen| {
            let at = seen.expires.filter(|at| *at > now && *at <= now + SOON)?;
            let key = seen.fingerprint.as_deref().unwrap_or("KEY");
            let who =
                seen.name.as_ref().map_or_else(|| text::quoted(seen.recipient.as_str()), |name| format!("\"{name}\""));
            let title = format!(
                "the key of {who} expires on {}: nothing can be written for them then",
                &utc::rfc3339(at)[..10]
            );
            let renewal = format!(
                "gpg --quick-set-expire {key} 1y && gpg --quick-set-expire {key} 1y '*', then have the others import it"
            );
            let fix = match seen.own {
                Some(true) => renewal,
                Some(false) => "have its owner prolong it, then gpg --import the key again".to_owned(),
                None => format!("have its owner prolong it, then gpg --import it again; when it is yours: {renewal}"),
            };
            Some((key.to_owned(), Finding::new("GPG08", Medium, title, fix)))
        };
        let mut found: Vec<(String, Finding)> = Vec::new();
        for store in &evidence.stores.stores {
            for readers in &store.readers {
                let place = readers.file.as_deref().unwrap_or(&store.root);
                for (key, finding) in readers.readers.iter().filter_map(told) {
                    if found.iter().all(|(known, _)| *known != key) {
                        found.push((key, finding.at(place, Spot::Whole)));
                    }
                }
            }
        }
        let mut answer: Answer = found.into_iter().map(|(_, finding)| finding).collect();
        answer.missed.extend(evidence.gnupg.keys.ring.iter().cloned());
        answer.missed.extend(evidence.stores.stores.iter().flat_map(unread));
        answer
    })
}

fn unprotected(evidence: &Evidence) -> Answer {
    of_gnupg(evidence, |seen| {
        let told = |key: &OwnKey| {
            let who = key.name.as_ref().map_or_else(|| key.fingerprint.clone(), |name| format!("\"{name}\""));
            let title = format!("the secret key of {who} opens every login for whoever can copy its file");
            let fix = format!(
                "gpg --change-passphrase {}; on machines without people, close the home to everybody else",
                key.fingerprint
            );
            Finding::new("GPG09", Medium, title, fix).at(&seen.secret_keys.path, Spot::Whole)
        };
        let mut answer: Answer = seen.own.iter().filter(|key| key.guard == Some(OnDisk::Plain)).map(told).collect();
        if seen.own.iter().any(|key| key.guard.is_none()) {
            answer.missed.push("the file of a secret key cannot be read".to_owned());
        }
        answer.missed.extend(untold(evidence));
        answer
    })
}

fn cache(evidence: &Evidence) -> Answer {
    with_passphrase(evidence, |seen| {
        let Some(conf) = &seen.conf else { return Answer { missed: seen.missed.clone(), ..Answer::default() } };
        let told = |(name, set): (&str, &Option<(u64, usize)>)| {
            let (seconds, line) = set.filter(|(seconds, _)| !CACHE.contains(seconds))?;
            let (title, fix) = if seconds < *CACHE.start() {
                (
                    format!("{name} is {seconds} s: the passphrase is asked for again in the midst of a deployment"),
                    format!("set it to {} at least", CACHE.start()),
                )
            } else {
                (
                    format!("{name} is {seconds} s: the key stays open for days"),
                    format!("set it to {} at most", CACHE.end()),
                )
            };
            Some(Finding::new("GPG10", Low, title, fix).at(conf, Spot::Line(line)))
        };
        let [default, max] = &seen.cache;
        [("default-cache-ttl", default), ("max-cache-ttl", max)].into_iter().filter_map(told).collect()
    })
}

/// What a check says where GnuPG keeps the keys.
fn of_gnupg(evidence: &Evidence, look: impl Fn(&GnupgSeen) -> Answer) -> Answer {
    match (evidence.stores.by_key_file, evidence.gnupg.is_used) {
        (true, _) => Answer::skipped("a key file is used instead of GnuPG"),
        (false, false) => Answer::skipped("no password store is here"),
        (false, true) => look(&evidence.gnupg),
    }
}

/// The same where a passphrase guards a key that is here, and the agent asks for it.
fn with_passphrase(evidence: &Evidence, look: impl Fn(&GnupgSeen) -> Answer) -> Answer {
    of_gnupg(evidence, |seen| {
        if !seen.own.iter().any(|key| key.guard == Some(OnDisk::Protected)) {
            let closed = [Source::Store, Source::GnupgHome, Source::Keyring, Source::SecretKeys];
            let closed = closed.into_iter().flat_map(|source| evidence.shut(source)).cloned();
            let missed: Vec<String> = untold(evidence).into_iter().chain(closed).collect();
            let skipped = missed.is_empty().then(|| "no secret key with a passphrase is here".to_owned());
            return Answer { missed, skipped, ..Answer::default() };
        }
        if seen.way.loopback { Answer::skipped("regpass asks for passphrases itself (loopback)") } else { look(seen) }
    })
}

/// Why nobody can tell whether a recipient's secret key is here; empty where that is known of all.
fn untold(evidence: &Evidence) -> Vec<String> {
    let readers = evidence.stores.stores.iter().flat_map(|store| &store.readers).flat_map(|readers| &readers.readers);
    let is_known = readers.map(|seen| seen.own).all(|own| own.is_some());
    if is_known { Vec::new() } else { evidence.gnupg.untold() }
}

fn missed(why: String) -> Answer {
    Answer { missed: vec![why], ..Answer::default() }
}

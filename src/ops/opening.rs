//! Many entries decrypted at once, by as many threads as there are processors, and a passphrase asked for at most once a
//! key: an entry is opened first on the calling thread, where asking is allowed; the others follow without asking, and
//! what is still locked then begins a round of its own. For `reencrypt` and `grep`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::progress::{Cancel, Progress, Step};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::system::cipher::{Asking, Cipher, CipherError};

/// Results that wait for the calling thread: a bound on memory when it is slower than those who open.
const QUEUE: usize = 32;

/// An entry that could not be read or written, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub entry: EntryPath,
    pub problem: Problem,
}

/// What is done with each entry.
pub(super) trait Work: Sync {
    type Item: Sync;
    type Done: Send;

    fn entry<'i>(&self, item: &'i Self::Item) -> &'i EntryPath;

    /// The entry's ciphertext.
    fn read(&self, item: &Self::Item) -> Result<Vec<u8>, Problem>;

    /// On one of the threads that open. `ciphertext` is what `read` gave.
    fn opened(&self, item: &Self::Item, ciphertext: Vec<u8>, plaintext: Secret) -> Result<Self::Done, Problem>;
}

/// Whoever waits for an op.
#[derive(Clone, Copy)]
pub(super) struct Waiting<'a> {
    pub(super) progress: &'a dyn Progress,
    pub(super) cancel: &'a Cancel,
}

/// Why an entry was not opened.
enum Refusal {
    /// Its key is locked, and this thread may not ask.
    Locked(Problem),
    /// Somebody was asked in vain, or could not be: asking for the next entry would only ask again.
    InVain(Problem),
    /// The person called it off, or nothing will be opened any more.
    Final(Problem),
    Other(Problem),
}

type Answer<T> = Result<T, Refusal>;

/// Opens the items and hands each one's result, in their order within a round, to `take` on the calling thread. Err when
/// the person called it off; what was taken by then stands.
pub(super) fn open_all<'i, W: Work>(
    cipher: &dyn Cipher,
    work: &W,
    items: &'i [W::Item],
    waiting: Waiting<'_>,
    mut take: impl FnMut(&'i W::Item, Result<W::Done, Problem>),
) -> Result<(), Problem> {
    let mut done = 0;
    let mut taken = |item: &'i W::Item, result: Result<W::Done, Problem>| {
        take(item, result);
        done += 1;
        waiting.progress.step(Step { done, total: items.len(), current: work.entry(item) });
    };
    let mut left: Vec<&'i W::Item> = items.iter().collect();
    let mut may_ask = true;
    while !left.is_empty() {
        let mut unlocked = false;
        while let (true, Some((first, rest))) = (may_ask && !unlocked, left.split_first()) {
            stop_if_called_off(waiting.cancel)?;
            match open(cipher, work, first, Asking::Allowed) {
                Err(Refusal::Final(problem)) => return Err(problem),
                Err(Refusal::Locked(problem) | Refusal::InVain(problem)) => {
                    may_ask = false;
                    taken(first, Err(problem));
                }
                Err(Refusal::Other(problem)) => taken(first, Err(problem)),
                Ok(result) => {
                    unlocked = true;
                    taken(first, Ok(result));
                }
            }
            left = rest.to_vec();
        }
        let mut locked = Vec::new();
        open_in_parallel(cipher, work, &left, waiting.cancel, |item, answer| match answer {
            Err(Refusal::Locked(_)) if may_ask => locked.push(item),
            Err(
                Refusal::Locked(problem) | Refusal::InVain(problem) | Refusal::Final(problem) | Refusal::Other(problem),
            ) => taken(item, Err(problem)),
            Ok(result) => taken(item, Ok(result)),
        })?;
        left = locked;
    }
    Ok(())
}

fn open_in_parallel<'i, W: Work>(
    cipher: &dyn Cipher,
    work: &W,
    items: &[&'i W::Item],
    cancel: &Cancel,
    mut take: impl FnMut(&'i W::Item, Answer<W::Done>),
) -> Result<(), Problem> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(items.len());
    let next = AtomicUsize::new(0);
    let (sender, results) = sync_channel(QUEUE);
    let mut expected = 0;
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index).filter(|_| !cancel.is_called_off()) else { return };
                    if sender.send((index, open(cipher, work, item, Asking::Never))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        for (index, answer) in results {
            early.insert(index, answer);
            while let Some(answer) = early.remove(&expected) {
                take(items[expected], answer);
                expected += 1;
            }
        }
    });
    // Called off after the last one, nothing is left to do.
    if expected == items.len() { Ok(()) } else { stop_if_called_off(cancel) }
}

fn open<W: Work>(cipher: &dyn Cipher, work: &W, item: &W::Item, asking: Asking) -> Answer<W::Done> {
    let ciphertext = work.read(item).map_err(Refusal::Other)?;
    match cipher.decrypt(&ciphertext, asking) {
        Ok(plaintext) => work.opened(item, ciphertext, plaintext).map_err(Refusal::Other),
        Err(error) => Err(refusal(error, work.entry(item), asking)),
    }
}

fn refusal(error: CipherError, entry: &EntryPath, asking: Asking) -> Refusal {
    let kind = match &error {
        _ if error.is_cancelled() || error.is_stuck() => Refusal::Final,
        _ if error.is_locked() => Refusal::Locked,
        _ if asking == Asking::Allowed && error.is_asked_in_vain() => Refusal::InVain,
        _ => Refusal::Other,
    };
    kind(unreadable(entry, error.into()))
}

/// `entry` could not be decrypted.
pub(super) fn unreadable(entry: &EntryPath, mut problem: Problem) -> Problem {
    problem.causes.insert(0, std::mem::take(&mut problem.message));
    problem.message = format!("cannot read {}", text::quoted(entry.as_bytes()));
    problem
}

pub(super) fn stop_if_called_off(cancel: &Cancel) -> Result<(), Problem> {
    match cancel.is_called_off() {
        true => Err(Problem::cancelled("called off")),
        false => Ok(()),
    }
}

//! The stores and their remotes, over the store: where each stands, its last commits; pull, push, both.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::git::{Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::watch::Pace;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{progress, sheet, words};
use super::conflicts::ConflictList;
use crate::model::{EntryPath, Problem, text};
use crate::ops::sync::{Outcome, StoreStatus, Synced, Task};
use crate::system::git::{Commit, Status};
use crate::system::store::layout;

const NAME: &str = "git";

/// Lines for the stores, of which most people have one.
const STORES_MAX: u16 = 5;

pub(in super::super) struct Git {
    tickets: Tickets,
    asked: Option<u64>,
    known: Option<Result<Vec<StoreStatus>, Problem>>,
    place: ListPlace,
    asked_log: Option<(u64, EntryPath)>,
    log: Option<(EntryPath, Result<Vec<Commit>, Problem>)>,
    working: Option<(u64, Task)>,
    pace: Pace,
    /// What the last work did, store by store.
    done: Option<Result<Vec<Synced>, Problem>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Work(Task),
    Conflicts,
    Again,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::char('s')], Action::Work(Task::Both), "sync", "pull, then push, every store"),
    row(&[Key::char('p')], Action::Work(Task::Pull), "pull", "fetch, and take over what the others did"),
    row(&[Key::char('P')], Action::Work(Task::Push), "push", "send the commits that the remote has not"),
    row(&[Key::char('C')], Action::Conflicts, "conflicts", "entries that both sides changed"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Again, "", "look again"),
    row(&[Key::named(KeyCode::Esc), Key::char('q'), Key::char('S')], Action::Close, "close", "back to the store"),
];

impl Default for Git {
    fn default() -> Git {
        Git {
            tickets: Tickets::of_layer(NAME),
            asked: None,
            known: None,
            place: ListPlace::default(),
            asked_log: None,
            log: None,
            working: None,
            pace: Pace::default(),
            done: None,
        }
    }
}

impl Git {
    fn stores(&self) -> &[StoreStatus] {
        match &self.known {
            Some(Ok(stores)) => stores,
            _ => &[],
        }
    }

    fn selected(&self) -> Option<&StoreStatus> {
        self.stores().get(self.place.selected())
    }

    fn look(&mut self) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        self.log = None;
        Flow::Start(ticket, Job::Git(Ask::Status))
    }

    /// The commits of the selected store, unless they are here or asked for.
    fn ask_log(&mut self) -> Flow {
        let in_git = self.selected().filter(|store| matches!(store.status, Ok(Some(_))));
        let Some(mount) = in_git.map(|store| store.mount.clone()) else { return Flow::Stay };
        let known = self.log.as_ref().is_some_and(|(of, _)| *of == mount);
        if known || self.asked_log.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked_log = Some((ticket.number, mount.clone()));
        Flow::Start(ticket, Job::Git(Ask::Log(mount)))
    }

    fn done_with(&mut self, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        let done = match report {
            Ok(Report::Git(Answer::Synced(done))) => Ok(done),
            Ok(_) => return Flow::Stay,
            Err(problem) => Err(problem),
        };
        let fine = done.as_ref().is_ok_and(|done| done.iter().all(|one| !matches!(one.outcome, Outcome::Failed(_))));
        self.done = Some(done);
        let toast = match (self.met_conflicts(), fine) {
            (true, _) => Toast::warn(format!(
                "both sides changed the same; {} settles it",
                scope.key_of::<Git>(Action::Conflicts)
            )),
            (_, true) => Toast::good("done"),
            (_, false) => Toast::warn("not everything could be done"),
        };
        Flow::Many(vec![Flow::Say(toast), Flow::StoreChanged, self.look()])
    }

    /// As the stores stand, by the last look.
    fn has_conflicts(&self) -> bool {
        let waits = |status: &Status| status.unmerged > 0 || status.operation.is_some();
        self.stores().iter().any(|store| store.status.as_ref().is_ok_and(|status| status.as_ref().is_some_and(waits)))
    }

    fn met_conflicts(&self) -> bool {
        self.done.iter().flatten().flatten().any(|one| matches!(one.outcome, Outcome::Conflicts(_)))
    }
}

impl Screen for Git {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        let status = |store: &StoreStatus| store.status.as_ref().ok().cloned().flatten();
        let all: Vec<Status> = self.stores().iter().filter_map(status).collect();
        match action {
            Action::Close => Offer::Ready,
            _ if self.working.is_some() => Offer::Refused("git is at work; call it off first"),
            _ if all.is_empty() => Offer::Refused("no store is in git"),
            Action::Work(_) if all.iter().all(|one| one.upstream.is_none()) => {
                Offer::Refused("no store has a remote to go with")
            }
            // What the last work met counts before the stores were looked at again.
            Action::Conflicts if !self.met_conflicts() && !self.has_conflicts() => {
                Offer::Refused("there are no conflicts")
            }
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        matches!(action, Action::Close if self.working.is_some()).then_some("call off")
    }

    fn has_list(&self) -> bool {
        self.stores().len() > 1
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.stores().len());
        self.ask_log()
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        self.look()
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Work(_))
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Work(task) => {
                let ticket = self.tickets.next();
                self.working = Some((ticket.number, task));
                (self.pace, self.done) = (Pace::default(), None);
                Flow::Start(ticket, Job::Git(Ask::Sync(task)))
            }
            Action::Conflicts => Flow::Push(Box::new(ConflictList::new())),
            Action::Again => self.look(),
            Action::Close => match self.working {
                Some((number, _)) => Flow::CallOff(self.tickets.ticket(number)),
                None => Flow::Pop,
            },
        }
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        if self.working.is_some_and(|(working, _)| working == number) {
            self.pace = pace;
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.working.take_if(|(working, _)| *working == number).is_some() {
            return self.done_with(report, scope);
        }
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Git(Answer::Status(stores))) => {
                    self.known = Some(Ok(stores));
                    // What they were told of is settled.
                    if self.met_conflicts() && !self.has_conflicts() {
                        self.done = None;
                    }
                }
                Ok(_) => {}
                Err(problem) => self.known = Some(Err(problem)),
            }
            self.place.keep_within(self.stores().len());
            return self.ask_log();
        }
        if let Some((_, mount)) = self.asked_log.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Git(Answer::Log(commits))) => self.log = Some((mount, Ok(commits))),
                Ok(_) => {}
                Err(problem) => self.log = Some((mount, Err(problem))),
            }
            return self.ask_log();
        }
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, "Git", scope);
        let inner = |room: Rect| Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let count = u16::try_from(self.stores().len()).unwrap_or(STORES_MAX).min(STORES_MAX);
        if count == 0 {
            let mut details = Details::new(frame.buffer_mut(), inner(room), false, scope);
            return match &self.known {
                Some(Err(problem)) => details.problem(problem),
                _ => details.sentence("git is asked", Meaning::Muted),
            };
        }
        let list = Rect { height: count.min(room.height), ..room };
        let mut place = self.place;
        let stores = self.stores();
        place.draw(frame.buffer_mut(), list, stores.len(), scope, |index, columns| {
            store_row(&stores[index], columns, scope)
        });
        let below = Rect { y: list.bottom(), height: room.height - list.height, ..room };
        let mut details = Details::new(frame.buffer_mut(), inner(below), below.height < 8, scope);
        details.gap();
        self.draw_store(&mut details, scope);
        self.place = place;
    }
}

impl Git {
    fn draw_store(&self, details: &mut Details<'_>, scope: &Scope) {
        let Some(store) = self.selected() else { return };
        match self.working {
            Some(_) if self.pace == Pace::default() => details.sentence("git is at work", Meaning::Plain),
            Some(_) => details.sentence(&progress::words(&self.pace, scope), Meaning::Plain),
            None => {}
        }
        match &self.done {
            Some(Err(problem)) => details.problem(problem),
            Some(Ok(done)) => {
                done.iter().filter(|one| one.mount == store.mount).for_each(|one| draw_done(one, details, scope))
            }
            None => {}
        }
        match &store.status {
            Err(problem) => return details.problem(problem),
            Ok(None) => {
                details.sentence("This store is not in git: nothing of it is kept.", Meaning::Plain);
                let place = text::shell_word(&store.root);
                return details
                    .sentence(&format!("have git keep it: PASSWORD_STORE_DIR={place} pass git init"), Meaning::Plain);
            }
            Ok(Some(status)) => draw_status(status, &store.root, details),
        }
        details.gap();
        match self.log.as_ref().filter(|(of, _)| *of == store.mount) {
            None => {}
            Some((_, Err(problem))) => details.problem(problem),
            Some((_, Ok(commits))) => {
                for commit in commits.iter().take(usize::from(details.rest().height)) {
                    draw_commit(commit, details, scope);
                }
            }
        }
    }
}

/// `~/.password-store  main  clean  2 to push, 1 to pull`
fn store_row(store: &StoreStatus, columns: u16, scope: &Scope) -> Line<'static> {
    let (state, meaning) = match &store.status {
        Err(_) => ("cannot be looked at".to_owned(), Meaning::Bad),
        Ok(None) => ("not in git".to_owned(), Meaning::Muted),
        Ok(Some(status)) => state(status),
    };
    let name = if store.mount.is_root() {
        words::path(&store.root, scope.home.as_deref())
    } else {
        store.mount.display().into_owned()
    };
    let room = columns.saturating_sub(words::width(&state) + 2);
    let name = words::fit_middle(&name, room, scope.theme.glyphs.ellipsis);
    let gap = columns.saturating_sub(words::width(&name) + words::width(&state));
    Line::from(vec![
        Span::raw(name),
        Span::raw(" ".repeat(usize::from(gap))),
        Span::styled(state, scope.theme.style(meaning)),
    ])
}

/// The most pressing thing about a work tree, in few words.
fn state(status: &Status) -> (String, Meaning) {
    let count = |number: usize, word: &str| words::counted(number as u64, word);
    if status.unmerged > 0 {
        return (count(status.unmerged, "conflict"), Meaning::Bad);
    }
    if let Some(operation) = status.operation {
        return (format!("{} not finished", operation.command()), Meaning::Bad);
    }
    let mut parts = Vec::new();
    if !status.uncommitted.is_empty() {
        parts.push(format!("{} uncommitted", status.uncommitted.len()));
    }
    match (status.ahead_behind, &status.upstream) {
        (_, None) => parts.push("no remote".to_owned()),
        (None, _) => parts.push("never synced".to_owned()),
        (Some((0, 0)), _) => {}
        (Some((ahead, behind)), _) => {
            if ahead > 0 {
                parts.push(format!("{ahead} to push"));
            }
            if behind > 0 {
                parts.push(format!("{behind} to pull"));
            }
        }
    }
    if parts.is_empty() { ("clean, in step".to_owned(), Meaning::Good) } else { (parts.join(", "), Meaning::Warn) }
}

fn draw_status(status: &Status, root: &Path, details: &mut Details<'_>) {
    let escaped = |text: &str| text::escaped(text.as_bytes()).into_owned();
    let branch = status.branch.as_deref().map_or_else(|| "none is checked out".to_owned(), escaped);
    let with = match &status.upstream {
        Some(upstream) => format!("{branch}, goes with {}", escaped(&upstream.remote)),
        None => format!("{branch}, goes with no remote"),
    };
    details.line_fact("branch", &with, Meaning::Plain);
    if let Some(first) = status.uncommitted.first() {
        let more = match status.uncommitted.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        details.line_fact("uncommitted", &format!("{}{more}", file_name(first, root)), Meaning::Warn);
    }
}

/// An entry by its name, any other file by its path in the store.
pub(in super::super) fn file_name(file: &Path, root: &Path) -> String {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let entry = inner.as_os_str().as_bytes().strip_suffix(layout::SUFFIX.as_bytes());
    match entry.and_then(|name| EntryPath::parse(OsStr::from_bytes(name)).ok()) {
        Some(entry) => layout::told(&entry).into_owned(),
        None => text::escaped(inner.as_os_str().as_bytes()).into_owned(),
    }
}

fn draw_done(done: &Synced, details: &mut Details<'_>, scope: &Scope) {
    match &done.outcome {
        Outcome::Failed(problem) => details.problem(problem),
        Outcome::Conflicts(conflicts) => {
            let count = words::counted(conflicts.names().count() as u64, "entry");
            let key = scope.key_of::<Git>(Action::Conflicts);
            details.sentence(&format!("Both sides changed {count}; {key} settles them."), Meaning::Bad);
        }
        Outcome::NoRemote => details.sentence("It has no remote to go with.", Meaning::Warn),
        Outcome::NoGit => {}
        Outcome::Done => {
            let text = format!("Commits pulled: {}, pushed: {}.", done.pulled, done.pushed);
            details.sentence(&text, Meaning::Good);
            if done.uncommitted > 0 {
                let left = words::counted(done.uncommitted as u64, "change");
                details.sentence(&format!("{left} in no commit went nowhere."), Meaning::Warn);
            }
        }
    }
    done.warnings.iter().for_each(|warning| details.problem(warning));
}

fn draw_commit(commit: &Commit, details: &mut Details<'_>, scope: &Scope) {
    let columns = details.rest().width;
    let ellipsis = scope.theme.glyphs.ellipsis;
    let start = words::commit_start(commit, columns, scope);
    let room = columns.saturating_sub(words::width(&start));
    let subject = words::fit(&text::escaped(commit.subject.as_bytes()), room, ellipsis);
    let line = Line::from(vec![Span::styled(start, scope.theme.style(Meaning::Muted)), Span::raw(subject)]);
    let rest = details.rest();
    if rest.height > 0 {
        details.buffer.set_line(rest.x, rest.y, &line, rest.width);
        details.skip(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}

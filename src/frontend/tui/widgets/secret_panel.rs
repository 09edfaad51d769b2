//! A secret in the details: a mask of fixed length, the plain text for a while when asked, then the mask again. Also
//! asks for the copy. The decrypted bytes live here and nowhere else in the UI.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use zeroize::Zeroizing;

use super::super::jobs::{Copy, Job, Portion, Report};
use super::super::screen::{Flow, Scope, Ticket, Tickets, Toast};
use super::super::theme::Meaning;
use super::details::{Details, LABEL};
use super::words;
use crate::model::{EntryPath, Problem, ProblemKind, Secret, text};
use crate::system::clipboard::Copied;

/// Why a secret cannot be scrolled.
pub(in super::super) const UNCUT: &str = "there is nothing more to show";

/// The most steps of the bar that shrinks meanwhile.
const STEPS: u64 = 10;

/// The keys of the screen that it is on, as the person has them.
pub(in super::super) struct PanelKeys {
    pub(in super::super) reveal: String,
    pub(in super::super) copy: String,
    pub(in super::super) more: String,
    pub(in super::super) less: String,
}

#[derive(Debug, Default)]
pub(in super::super) struct SecretPanel {
    state: State,
    /// A copy on its way: the question's number and what the entry is called.
    copying: Option<(u64, String)>,
    problem: Option<Problem>,
    view: Cell<View>,
}

/// Which rows of a long secret are on the screen.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    /// Rows above those in view.
    top: usize,
    /// As last drawn: the rows in view, and all.
    room: usize,
    all: usize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Masked,
    /// Asked for under this number.
    Waiting(u64),
    Shown {
        secret: Secret,
        until: Instant,
    },
}

impl SecretPanel {
    /// Shows it, or hides it again.
    pub(in super::super) fn toggle(&mut self, entry: &EntryPath, tickets: &mut Tickets) -> Flow {
        if !matches!(self.state, State::Masked) {
            self.hide();
            return Flow::Stay;
        }
        self.problem = None;
        let ticket = tickets.next();
        self.state = State::Waiting(ticket.number);
        Flow::Start(ticket, Job::Open(entry.clone()))
    }

    pub(in super::super) fn copy(
        &mut self,
        entry: &EntryPath,
        name: &str,
        portion: Portion,
        tickets: &mut Tickets,
    ) -> Flow {
        self.expect_copy(tickets.next(), name, Job::Copy(entry.clone(), portion))
    }

    /// Starts a job that copies something, and tells its end.
    pub(in super::super) fn expect_copy(&mut self, ticket: Ticket, name: &str, job: Job) -> Flow {
        self.problem = None;
        self.copying = Some((ticket.number, name.to_owned()));
        Flow::Start(ticket, job)
    }

    /// Drops the plain text, and the answer that may still come.
    pub(in super::super) fn hide(&mut self) {
        self.state = State::Masked;
        self.problem = None;
    }

    /// True when there are rows of the secret that are not in view.
    pub(in super::super) fn is_cut(&self) -> bool {
        let view = self.view.get();
        matches!(self.state, State::Shown { .. }) && view.all > view.room
    }

    /// Brings other rows into view, all but one of them new. When it is hidden stays as it was.
    pub(in super::super) fn scroll(&mut self, down: bool) -> Flow {
        let view = self.view.get_mut();
        let page = view.room.saturating_sub(1).max(1);
        view.top = if down { view.top.saturating_add(page) } else { view.top.saturating_sub(page) };
        view.top = view.top.min(view.all.saturating_sub(view.room));
        Flow::Stay
    }

    /// True while a secret is in clear or on its way.
    pub(in super::super) fn is_busy(&self) -> bool {
        !matches!(self.state, State::Masked)
    }

    /// The answer to one of its questions; None when the number is not one of them (any more).
    pub(in super::super) fn report(
        &mut self,
        number: u64,
        report: Result<Report, Problem>,
        keys: &PanelKeys,
        scope: &Scope,
    ) -> Option<Flow> {
        if matches!(self.state, State::Waiting(waiting) if waiting == number) {
            self.state = State::Masked;
            match report {
                Ok(Report::Opened(secret)) => {
                    self.state = State::Shown { secret, until: scope.now + scope.reveal };
                    self.view = Cell::default();
                    return Some(Flow::Stay);
                }
                Ok(_) => return Some(Flow::Stay),
                Err(problem) => return Some(self.failed(problem, &keys.reveal)),
            }
        }
        let (_, name) = self.copying.take_if(|(asked, _)| *asked == number)?;
        match report {
            Ok(Report::Copied(copied)) => Some(told(copied, &name, scope.now)),
            Ok(_) => Some(Flow::Stay),
            Err(problem) => Some(self.failed(problem, &keys.copy)),
        }
    }

    /// `key` has brought it about, and tries it again.
    fn failed(&mut self, mut problem: Problem, key: &str) -> Flow {
        if problem.kind == ProblemKind::Cancelled {
            return Flow::Say(Toast::warn(problem.one_line()));
        }
        problem.retry = problem.retry.map(|_| format!("press {key} to try again"));
        self.problem = Some(problem);
        Flow::Stay
    }

    pub(in super::super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let State::Shown { until, .. } = self.state else { return None };
        Some(next_step(until, now))
    }

    pub(in super::super) fn lapse(&mut self, now: Instant) {
        if matches!(self.state, State::Shown { until, .. } if until <= now) {
            self.state = State::Masked;
        }
    }

    /// The secret's lines.
    pub(in super::super) fn draw(&self, details: &mut Details<'_>, label: &str, keys: &PanelKeys, scope: &Scope) {
        let theme = &scope.theme;
        match &self.state {
            State::Masked => {
                let copying = if self.copying.is_some() { "  being copied" } else { "" };
                details.fact(label, &format!("{}{copying}", theme.glyphs.mask), Meaning::Plain);
            }
            State::Waiting(_) => details.fact(label, "being opened", Meaning::Muted),
            State::Shown { secret, until } => {
                let area = details.rest();
                let (used, view) = draw_plain(details.buffer, area, (label, keys), secret, self.view.get().top, scope);
                self.view.set(view);
                details.skip(used);
                details.fact("hidden in", &countdown(*until, scope), Meaning::Muted);
            }
        }
    }

    /// What went wrong, if something did.
    pub(in super::super) fn draw_problem(&self, details: &mut Details<'_>) {
        if let Some(problem) = &self.problem {
            details.gap();
            details.problem(problem);
        }
    }
}

/// When the countdown of what is shown until then changes next.
pub(in super::super) fn next_step(until: Instant, now: Instant) -> Instant {
    until - Duration::from_secs(seconds_left(until, now).saturating_sub(1))
}

/// The bar that shrinks, and the seconds left.
pub(in super::super) fn countdown(until: Instant, scope: &Scope) -> String {
    let (left, all) = (seconds_left(until, scope.now), scope.reveal.as_secs().max(1));
    let steps = all.min(STEPS);
    let full = (left * steps).div_ceil(all).min(steps);
    let repeated = |glyph: &str, times: u64| glyph.repeat(usize::try_from(times).unwrap_or_default());
    let glyphs = scope.theme.glyphs;
    format!("{}{} {left} s", repeated(glyphs.bar_full, full), repeated(glyphs.bar_empty, steps - full))
}

/// A second that has begun counts.
fn seconds_left(until: Instant, now: Instant) -> u64 {
    let left = until.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// What a copy did, in words that claim no more than is known.
pub(in super::super) fn told(Copy { copied, written }: Copy, name: &str, now: Instant) -> Flow {
    let mut flows = if written.changed { vec![Flow::StoreChanged] } else { Vec::new() };
    let said = match copied {
        Copied::Clipboard { seconds } => format!("copied for {seconds} s: {name}"),
        Copied::Terminal { sequence, clearing, seconds } => {
            flows.extend([Flow::Send(sequence), Flow::SendLater(now + Duration::from_secs(seconds), clearing)]);
            format!("sent to the terminal's clipboard for {seconds} s: {name}")
        }
    };
    flows.push(Flow::Say(match written.warnings.first() {
        Some(warning) => Toast::warn(format!("{said}; {}", warning.one_line())),
        None => Toast::good(said),
    }));
    Flow::Many(flows)
}

/// Draws the rows of a secret from `top` on straight into the cells, through buffers that are wiped; answers the lines
/// used, and the view. A line `key: value` after the first has its key where labels are. Leaves room for the line below,
/// and says which rows these are when there are more.
fn draw_plain(
    buffer: &mut Buffer,
    area: Rect,
    (label, keys): (&str, &PanelKeys),
    secret: &Secret,
    top: usize,
    scope: &Scope,
) -> (u16, View) {
    let room = area.height.saturating_sub(1);
    let columns = area.width.saturating_sub(LABEL);
    if room == 0 || columns == 0 {
        return (0, View::default());
    }
    let mut all = 0;
    each_row(secret, label, columns, |_, _| all += 1);
    let is_cut = all > usize::from(room);
    let fits = usize::from(if is_cut { room - 1 } else { room });
    let top = top.min(all.saturating_sub(fits));
    let (muted, plain) = (scope.theme.style(Meaning::Muted), scope.theme.style(Meaning::Secret));
    let (mut used, mut at) = (0, 0);
    each_row(secret, label, columns, |key, row| {
        if (top..top + fits).contains(&at) {
            buffer.set_stringn(area.x, area.y + used, key, usize::from(LABEL), muted);
            buffer.set_string(area.x + LABEL, area.y + used, row, plain);
            used += 1;
        }
        at += 1;
    });
    if is_cut {
        let (first, last) = (top + 1, top + usize::from(used));
        let rows = format!("{first}-{last} of {all} rows: {}, {}", keys.more, keys.less);
        buffer.set_stringn(area.x + LABEL, area.y + used, rows, usize::from(columns), scope.theme.style(Meaning::Warn));
        used += 1;
    }
    (used, View { top, room: fits, all })
}

/// Every row of the secret at that width: the key for the first row of a line, then a piece of the line.
fn each_row(secret: &Secret, label: &str, columns: u16, mut row: impl FnMut(&str, &str)) {
    let bytes = secret.expose().strip_suffix(b"\n").unwrap_or(secret.expose());
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let plain = Zeroizing::new(text::escaped(line.strip_suffix(b"\r").unwrap_or(line)).into_owned());
        let (mut key, mut rest) = if index == 0 { (label, plain.as_str()) } else { labelled(&plain) };
        loop {
            let end = columns_end(rest, columns);
            row(key, &rest[..end]);
            (key, rest) = ("", &rest[end..]);
            if rest.is_empty() {
                break;
            }
        }
    }
}

/// `key: value` taken apart when the key fits where labels are; else no key and the whole line.
fn labelled(line: &str) -> (&str, &str) {
    match line.split_once(": ") {
        Some((key, value)) if !key.is_empty() && words::width(key) < LABEL => (key, value),
        _ => ("", line),
    }
}

/// Where the text has to be cut to take at most so many columns; at least one character.
pub(in super::super) fn columns_end(text: &str, columns: u16) -> usize {
    let fits = |end: &usize| words::width(&text[..*end]) <= columns;
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    let first = text.chars().next().map_or(0, char::len_utf8);
    ends.take_while(fits).last().unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::super::super::screen::Scope;
    use super::super::super::theme::Theme;
    use super::*;

    fn scope(now: Instant) -> Scope {
        Scope {
            now,
            wall: std::time::SystemTime::UNIX_EPOCH,
            theme: Theme::new(true, false),
            size: Rect::new(0, 0, 80, 24),
            uid: 1000,
            home: None,
            typed: crate::system::options::Typed::default(),
            store_set: false,
            reveal: Duration::from_secs(10),
            read_only: false,
            keymap: Default::default(),
            audit: None,
        }
    }

    fn keys() -> PanelKeys {
        let key = |key: &str| key.to_owned();
        PanelKeys { reveal: key("r"), copy: key("c"), more: key("J"), less: key("K") }
    }

    fn shown(start: Instant) -> SecretPanel {
        let mut panel = SecretPanel::default();
        let mut tickets = Tickets::of("test");
        let entry = EntryPath::parse("a").expect("a name");
        assert!(matches!(panel.toggle(&entry, &mut tickets), Flow::Start(..)));
        let report = Ok(Report::Opened(Secret::new(b"hunter2\nuser: alice\n".to_vec())));
        assert!(panel.report(1, report, &keys(), &scope(start)).is_some());
        panel
    }

    fn drawn(panel: &SecretPanel, now: Instant) -> String {
        let area = Rect::new(0, 0, 40, 6);
        let mut buffer = Buffer::empty(area);
        let scope = scope(now);
        panel.draw(&mut Details::new(&mut buffer, area, false, &scope), "password", &keys(), &scope);
        buffer.content().iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn it_is_shown_for_ten_seconds_and_then_gone() {
        let start = Instant::now();
        let mut panel = shown(start);
        assert!(drawn(&panel, start).contains("hunter2") && drawn(&panel, start).contains("10 s"));
        assert_eq!(panel.deadline(start), Some(start + Duration::from_secs(1)));
        let later = start + Duration::from_millis(8500);
        assert_eq!(panel.deadline(later), Some(start + Duration::from_secs(9)));
        panel.lapse(later);
        assert!(drawn(&panel, later).contains("2 s"));
        let end = start + Duration::from_secs(10);
        panel.lapse(end);
        assert!(!drawn(&panel, end).contains("hunter2"));
        assert_eq!(panel.deadline(end), None);
    }

    #[test]
    fn the_bar_is_full_at_first_and_empty_at_last_however_long_it_takes() {
        let start = Instant::now();
        for seconds in [1, 3, 10, 45, 600] {
            let scope = |passed| Scope { reveal: Duration::from_secs(seconds), ..scope(start + passed) };
            let until = start + Duration::from_secs(seconds);
            let bar = |passed| countdown(until, &scope(passed));
            let steps = usize::try_from(seconds.min(10)).expect("small");
            assert_eq!(bar(Duration::ZERO), format!("{} {seconds} s", "▰".repeat(steps)));
            assert_eq!(bar(Duration::from_secs(seconds)), format!("{} 0 s", "▱".repeat(steps)));
            let passed = Duration::from_secs(seconds) - Duration::from_millis(500);
            assert_eq!(bar(passed), format!("▰{} 1 s", "▱".repeat(steps - 1)));
            assert_eq!(next_step(until, start + passed), until);
        }
    }

    #[test]
    fn an_answer_to_an_older_question_shows_nothing() {
        let now = Instant::now();
        let (mut panel, mut tickets) = (SecretPanel::default(), Tickets::of("test"));
        let entry = EntryPath::parse("a").expect("a name");
        panel.toggle(&entry, &mut tickets);
        panel.hide();
        let late = panel.report(1, Ok(Report::Opened(Secret::new(b"hunter2".to_vec()))), &keys(), &scope(now));
        assert!(late.is_none() && !drawn(&panel, now).contains("hunter2"));
    }

    #[test]
    fn a_long_secret_is_wrapped_and_a_hostile_one_escaped() {
        let now = Instant::now();
        let (mut panel, mut tickets) = (SecretPanel::default(), Tickets::of("test"));
        panel.toggle(&EntryPath::parse("a").expect("a name"), &mut tickets);
        let secret = [b"x".repeat(60), b"\n\x1b[2Jy".to_vec()].concat();
        panel.report(1, Ok(Report::Opened(Secret::new(secret))), &keys(), &scope(now));
        let text = drawn(&panel, now);
        assert_eq!(text.matches('x').count(), 60);
        assert!(text.contains("\\u{1b}[2Jy") && text.contains("10 s"), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let now = Instant::now();
        let (mut panel, mut tickets) = (SecretPanel::default(), Tickets::of("test"));
        panel.toggle(&EntryPath::parse("a").expect("a name"), &mut tickets);
        let lines: Vec<String> = (1..=20).map(|number| format!("line{number}")).collect();
        panel.report(1, Ok(Report::Opened(Secret::new(lines.join("\n").into_bytes()))), &keys(), &scope(now));
        let text = drawn(&panel, now);
        assert!(text.contains("line4") && !text.contains("line5"), "{text}");
        assert!(text.contains("1-4 of 20 rows: J, K") && text.contains("10 s"), "{text}");
    }
}

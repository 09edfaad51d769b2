//! The lines of an entry over the store, masked one by one: one shown for a while, one copied, the one-time code with the
//! time that it has left.

use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use zeroize::Zeroizing;

use super::super::jobs::lines::{Job as Ask, Masked, MaskedLine, Report as Answer};
use super::super::jobs::{Job, Portion, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::{Details, LABEL};
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::{columns_end, countdown, next_step, told};
use super::super::widgets::{sheet, words};
use super::editor::Editor;
use crate::model::{EntryPath, Problem, Secret, text};
use crate::system::store::layout;

const NAME: &str = "lines";

/// The longest that a code is on the screen, whatever its period is.
const CODE_SHOWN: Duration = Duration::from_secs(60);

/// Steps of the bar of a code's time.
const STEPS: u32 = 10;

pub(in super::super) struct Lines {
    entry: EntryPath,
    tickets: Tickets,
    asked: Option<u64>,
    known: Option<Result<Masked, Problem>>,
    place: ListPlace,
    /// Something was written since it was opened.
    outdated: bool,
    asked_value: Option<(u64, usize)>,
    /// A line in clear: which row, until when.
    shown: Option<(usize, Secret, Instant)>,
    code: Option<ShownCode>,
    /// A copy on its way, and what it is of.
    copying: Option<(u64, String)>,
}

struct ShownCode {
    code: Secret,
    period: Duration,
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Reveal,
    Copy,
    CopyUser,
    CopyCode,
    Edit,
    EditOutside,
    Again,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::char('r'), Key::named(KeyCode::Enter)], Action::Reveal, "reveal", "show or hide the line, for a while"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the line's value, cleared after a while"),
    row(&[Key::char('u')], Action::CopyUser, "user", "copy the user name"),
    row(&[Key::char('o')], Action::CopyCode, "code", "copy the one-time code"),
    row(&[Key::char('e')], Action::Edit, "edit", "edit the entry's text here, its secrets hidden"),
    row(&[Key::char('E')], Action::EditOutside, "", "edit the entry's text in your own editor ($EDITOR)"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Again, "", "open it again: the next one-time code"),
    row(
        &[Key::named(KeyCode::Esc), Key::char('q'), Key::char('v'), Key::named(KeyCode::Left)],
        Action::Close,
        "close",
        "hide what is shown, then back to the store",
    ),
];

impl Lines {
    pub(in super::super) fn new(entry: EntryPath) -> Lines {
        Lines {
            entry,
            tickets: Tickets::of_layer(NAME),
            asked: None,
            known: None,
            place: ListPlace::default(),
            outdated: false,
            asked_value: None,
            shown: None,
            code: None,
            copying: None,
        }
    }

    fn lines(&self) -> &[MaskedLine] {
        match &self.known {
            Some(Ok(masked)) => &masked.lines,
            _ => &[],
        }
    }

    fn selected(&self) -> Option<&MaskedLine> {
        self.lines().get(self.place.selected())
    }

    fn open(&mut self) -> Flow {
        self.hide();
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Lines(Ask::Masked(self.entry.clone())))
    }

    fn reveal(&mut self) -> Flow {
        let row = self.place.selected();
        let was_shown = self.shown.as_ref().is_some_and(|(shown, ..)| *shown == row);
        self.hide();
        let Some(number) = self.selected().filter(|_| !was_shown).map(|line| line.number) else { return Flow::Stay };
        let ticket = self.tickets.next();
        self.asked_value = Some((ticket.number, row));
        Flow::Start(ticket, Job::Lines(Ask::Value(self.entry.clone(), number)))
    }

    fn copy(&mut self, portion: Portion, what: &str) -> Flow {
        let ticket = self.tickets.next();
        self.copying = Some((ticket.number, format!("{what} of {}", layout::told(&self.entry))));
        Flow::Start(ticket, Job::Copy(self.entry.clone(), portion))
    }

    fn copy_line(&mut self) -> Flow {
        let Some(line) = self.selected() else { return Flow::Stay };
        let (number, key) = (line.number, line.key.clone());
        let what = if key.is_empty() { format!("line {}", number + 1) } else { key };
        self.copy(Portion::Line(number), &what)
    }

    /// True when a line was in clear or on its way.
    fn hide(&mut self) -> bool {
        let asked = self.asked_value.take().is_some();
        self.shown.take().is_some() || asked
    }
}

impl Screen for Lines {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Reveal | Action::Copy if self.selected().is_none() => Offer::Refused("no line is listed"),
            Action::Reveal if self.selected().is_some_and(|line| line.value.is_some()) => {
                Offer::Refused("this line hides nothing")
            }
            _ => Offer::Ready,
        }
    }

    fn has_list(&self) -> bool {
        !self.lines().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.hide();
        self.place.go(way, self.lines().len());
        Flow::Stay
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        let unread = std::mem::take(&mut self.outdated) || (self.known.is_none() && self.asked.is_none());
        if unread { self.open() } else { Flow::Stay }
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Edit | Action::EditOutside)
    }

    fn leave(&mut self) {
        self.hide();
        self.code = None;
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Reveal => self.reveal(),
            Action::Copy => self.copy_line(),
            Action::CopyUser => self.copy(Portion::User, "user"),
            Action::CopyCode => self.copy(Portion::Code, "code"),
            Action::Edit => Flow::Push(Box::new(Editor::new(self.entry.clone()))),
            Action::EditOutside => Flow::Push(Box::new(Editor::outside(self.entry.clone()))),
            Action::Again => self.open(),
            Action::Close if self.hide() => Flow::Stay,
            Action::Close => Flow::Pop,
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Lines(Answer::Masked(mut masked))) => {
                    self.code = masked.code.take().map(|made| ShownCode {
                        until: scope.now + made.left.min(CODE_SHOWN),
                        period: made.period.min(CODE_SHOWN),
                        code: made.code,
                    });
                    self.place.keep_within(masked.lines.len());
                    self.known = Some(Ok(masked));
                }
                Ok(_) => {}
                Err(problem) => self.known = Some(Err(problem)),
            }
        } else if let Some((_, row)) = self.asked_value.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Lines(Answer::Value(value))) => self.shown = Some((row, value, scope.now + scope.reveal)),
                Ok(_) => {}
                Err(problem) => return Flow::Say(Toast::warn(problem.one_line())),
            }
        } else if let Some((_, what)) = self.copying.take_if(|(asked, _)| *asked == number) {
            return match report {
                Ok(Report::Copied(copied)) => told(copied, &what, scope.now),
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        Flow::Stay
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let ends = [self.shown.as_ref().map(|(.., until)| *until), self.code.as_ref().map(|code| code.until)];
        ends.into_iter().flatten().map(|until| next_step(until, now)).min()
    }

    fn lapse(&mut self, now: Instant) {
        self.shown.take_if(|(.., until)| *until <= now);
        self.code.take_if(|code| code.until <= now);
    }

    fn tally(&self) -> String {
        let more = matches!(&self.known, Some(Ok(masked)) if masked.more > 0);
        format!("{}{}", self.lines().len(), if more { "+" } else { "" })
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, &layout::told(&self.entry), scope);
        let inner = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        if self.lines().is_empty() {
            let mut details = Details::new(frame.buffer_mut(), inner, false, scope);
            return match &self.known {
                None => details.sentence("being opened", Meaning::Muted),
                Some(Err(problem)) => details.problem(problem),
                Some(Ok(_)) => details.sentence("The entry is empty.", Meaning::Plain),
            };
        }
        let room = match &self.code {
            Some(code) => {
                draw_code(code, frame, inner, scope);
                Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room }
            }
            None => room,
        };
        let (rows, notes) = sheet::divide(frame, room, scope);
        let mut place = self.place;
        let lines = self.lines();
        place.draw(frame.buffer_mut(), rows, lines.len(), scope, |index, columns| {
            line_row(&lines[index], columns, scope)
        });
        self.draw_notes(frame, notes, scope);
        self.place = place;
    }
}

impl Lines {
    fn draw_notes(&self, frame: &mut Frame<'_>, notes: Rect, scope: &Scope) {
        let Some(line) = self.selected() else { return };
        let Some((_, value, until)) = self.shown.as_ref().filter(|(row, ..)| *row == self.place.selected()) else {
            let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
            let said = match (&line.value, self.asked_value) {
                (_, Some(_)) => "being opened".to_owned(),
                (Some(_), _) => "This line is shown to whoever opens the entry.".to_owned(),
                (None, _) => {
                    let (reveal, copy) = (scope.key_of::<Lines>(Action::Reveal), scope.key_of::<Lines>(Action::Copy));
                    format!("Only this line is shown by {reveal}, and copied by {copy}.")
                }
            };
            return details.sentence(&said, Meaning::Muted);
        };
        let height = notes.height.saturating_sub(1);
        let used = draw_plain(frame, Rect { height, ..notes }, value, scope);
        let below = Rect { y: notes.y + used, height: notes.height - used, ..notes };
        let mut details = Details::new(frame.buffer_mut(), below, true, scope);
        details.sentence(&format!("hidden in {}", countdown(*until, scope)), Meaning::Muted);
    }
}

/// Straight into the cells, through buffers that are wiped; answers the lines used. What does not fit ends in a mark.
fn draw_plain(frame: &mut Frame<'_>, area: Rect, secret: &Secret, scope: &Scope) -> u16 {
    let plain = Zeroizing::new(text::escaped(secret.expose()).into_owned());
    let (mut rest, mut used) = (plain.as_str(), 0);
    while used < area.height && !rest.is_empty() {
        let end = columns_end(rest, area.width.saturating_sub(1).max(1));
        frame.buffer_mut().set_string(area.x, area.y + used, &rest[..end], scope.theme.style(Meaning::Secret));
        (rest, used) = (&rest[end..], used + 1);
    }
    if !rest.is_empty() {
        let mark = scope.theme.glyphs.ellipsis;
        let (x, y) = (area.right().saturating_sub(1), area.y + used.saturating_sub(1));
        frame.buffer_mut().set_string(x, y, mark, scope.theme.style(Meaning::Warn));
    }
    used
}

/// The code in two halves, a bar, the seconds left.
fn draw_code(code: &ShownCode, frame: &mut Frame<'_>, line: Rect, scope: &Scope) {
    let plain = Zeroizing::new(text::escaped(code.code.expose()).into_owned());
    let buffer = frame.buffer_mut();
    buffer.set_stringn(line.x, line.y, "code", usize::from(LABEL), scope.theme.style(Meaning::Muted));
    let (front, back) = plain.split_at_checked(plain.len() / 2).unwrap_or((plain.as_str(), ""));
    let style = scope.theme.style(Meaning::Secret);
    buffer.set_string(line.x + LABEL, line.y, front, style);
    let at = line.x + LABEL + words::width(front) + 1;
    buffer.set_string(at, line.y, back, style);
    let at = at + words::width(back) + 2;
    let left = code.until.saturating_duration_since(scope.now);
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let all = code.period.as_secs().max(1);
    let full = usize::try_from((seconds * u64::from(STEPS)).div_ceil(all)).unwrap_or_default().min(STEPS as usize);
    let glyphs = scope.theme.glyphs;
    let bar = glyphs.bar_full.repeat(full) + &glyphs.bar_empty.repeat(STEPS as usize - full);
    let room = usize::from(line.right().saturating_sub(at));
    buffer.set_stringn(at, line.y, format!("{bar} {seconds} s"), room, scope.theme.style(Meaning::Muted));
}

fn line_row(line: &MaskedLine, columns: u16, scope: &Scope) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    let key = words::fit(&line.key, LABEL - 1, glyphs.ellipsis);
    let gap = " ".repeat(usize::from(LABEL.saturating_sub(words::width(&key))));
    let room = columns.saturating_sub(LABEL);
    let value =
        line.value.as_ref().map_or_else(|| glyphs.mask.to_owned(), |value| words::fit(value, room, glyphs.ellipsis));
    Line::from(vec![Span::styled(key, scope.theme.style(Meaning::Muted)), Span::raw(gap), Span::raw(value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}

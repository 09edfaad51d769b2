//! Search inside the entries, over the store: what is looked for, the lines that have it with their values masked, and
//! the way to their entries.

use std::time::Instant;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use zeroize::Zeroizing;

use super::super::jobs::search::{Found, FoundLine, Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::watch::Pace;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::{columns_end, countdown, next_step};
use super::super::widgets::text_input::TextInput;
use super::super::widgets::{needle, progress, sheet, words};
use crate::model::{Problem, Secret, text};
use crate::ops::line_diff::MASK;

const NAME: &str = "search";

/// Said while an entry is being opened, which may wait for a person.
const OPENING: &str = "being opened";

/// The longest pattern, in characters.
const PATTERN_MAX: usize = 200;

pub(in super::super) struct Search {
    tickets: Tickets,
    pattern: TextInput,
    /// The pattern is a regular expression.
    regular: bool,
    typing: bool,
    asked: Option<u64>,
    /// It was asked to stop, and has not yet.
    called_off: bool,
    pace: Pace,
    found: Option<Result<Found, Problem>>,
    place: ListPlace,
    asked_openly: Option<(u64, usize)>,
    plain: Option<Plain>,
}

/// One line in clear.
struct Plain {
    index: usize,
    text: Secret,
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Search,
    Kind,
    Edit,
    Go,
    Reveal,
    Back,
}

const TYPING_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Search, "search", "open every entry and look for it"),
    row(&[Key::ctrl('r')], Action::Kind, "text/regex", "look for the text itself, or a regular expression"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "close", "back to the store"),
];

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Go, "go to entry", "select the entry in the store"),
    row(&[Key::char('r')], Action::Reveal, "reveal", "show or hide the line, for a while"),
    row(&[Key::char('/'), Key::char('F')], Action::Edit, "search", "look for something else"),
    row(
        &[Key::named(KeyCode::Esc), Key::char('q')],
        Action::Back,
        "close",
        "hide what is shown, then back to the store",
    ),
];

impl Default for Search {
    fn default() -> Search {
        Search {
            tickets: Tickets::of_layer(NAME),
            pattern: TextInput::default(),
            regular: false,
            typing: true,
            asked: None,
            called_off: false,
            pace: Pace::default(),
            found: None,
            place: ListPlace::default(),
            asked_openly: None,
            plain: None,
        }
    }
}

impl Search {
    fn lines(&self) -> &[FoundLine] {
        match &self.found {
            Some(Ok(found)) => &found.lines,
            _ => &[],
        }
    }

    fn selected(&self) -> Option<&FoundLine> {
        self.lines().get(self.place.selected())
    }

    fn search(&mut self) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        self.called_off = false;
        self.hide();
        (self.typing, self.found, self.pace) = (false, None, Pace::default());
        self.place.select(0);
        let pattern = self.pattern.text().to_owned();
        Flow::Start(ticket, Job::Search(Ask::Search { pattern, regular: self.regular }))
    }

    fn reveal(&mut self) -> Flow {
        let index = self.place.selected();
        let shown = self.plain.as_ref().is_some_and(|plain| plain.index == index);
        self.hide();
        let Some(line) = self.selected().filter(|_| !shown) else { return Flow::Stay };
        let job = Job::Search(Ask::Line(line.entry.clone(), line.number));
        let ticket = self.tickets.next();
        self.asked_openly = Some((ticket.number, index));
        Flow::Start(ticket, job)
    }

    /// True when something was in clear or on its way.
    fn hide(&mut self) -> bool {
        let asked = self.asked_openly.take().is_some();
        self.plain.take().is_some() || asked
    }
}

impl Screen for Search {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = TYPING_KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Go | Action::Reveal if self.selected().is_none() => Offer::Refused("nothing is listed"),
            Action::Reveal if self.selected().is_some_and(|line| !line.masked.contains(MASK)) => {
                Offer::Refused("this line hides nothing")
            }
            _ => Offer::Ready,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        (self.typing && self.pattern.press(key, PATTERN_MAX)).then_some(Flow::Stay)
    }

    fn takes_text(&self) -> bool {
        self.typing
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.typing {
            self.pattern.insert(text, PATTERN_MAX);
        }
        Flow::Stay
    }

    fn has_list(&self) -> bool {
        !self.typing && !self.lines().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.hide();
        self.place.go(way, self.lines().len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    fn leave(&mut self) {
        self.hide();
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Search if self.pattern.text().is_empty() => {
                return Flow::Say(Toast::warn("type what to look for"));
            }
            Action::Search => return self.search(),
            Action::Reveal => return self.reveal(),
            Action::Kind => self.regular = !self.regular,
            Action::Edit => {
                self.hide();
                self.typing = true;
                self.pattern.choose_all();
            }
            Action::Go => {
                return self.selected().map_or(Flow::Stay, |line| Flow::FindEntry(line.entry.clone()));
            }
            Action::Back if self.hide() => {}
            Action::Back => {
                self.called_off = self.asked.is_some();
                return self.asked.map_or(Flow::Pop, |number| Flow::CallOff(self.tickets.ticket(number)));
            }
        }
        Flow::Stay
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        if self.asked == Some(number) {
            self.pace = pace;
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Search(Answer::Found(found))) => self.found = Some(Ok(found)),
                Ok(_) => {}
                Err(problem) => self.found = Some(Err(problem)),
            }
        } else if let Some((_, index)) = self.asked_openly.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Search(Answer::Line(text))) => {
                    self.plain = Some(Plain { index, text, until: scope.now + scope.reveal });
                }
                Ok(_) => {}
                Err(problem) => return Flow::Say(Toast::warn(problem.one_line())),
            }
        }
        Flow::Stay
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        self.plain.as_ref().map(|plain| next_step(plain.until, now))
    }

    fn lapse(&mut self, now: Instant) {
        self.plain.take_if(|plain| plain.until <= now);
    }

    fn tally(&self) -> String {
        match &self.found {
            _ if self.asked_openly.is_some() => OPENING.to_owned(),
            Some(Ok(found)) if found.more > 0 => format!("{}+", found.lines.len()),
            Some(Ok(found)) => found.lines.len().to_string(),
            _ => String::new(),
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let kind = if self.regular { "regular expression" } else { "text" };
        let room = sheet::open(frame.buffer_mut(), area, &format!("Search inside entries: {kind}"), scope);
        let field = Rect { x: room.x + 1, width: room.width.saturating_sub(2), height: 1, ..room };
        needle::draw(&self.pattern, self.typing, frame, field, scope);
        let room = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
        if !matches!(&self.found, Some(Ok(found)) if !found.lines.is_empty()) {
            return self.draw_instead(frame, room, scope);
        }
        let (rows, notes) = sheet::divide(frame, room, scope);
        let mut place = self.place;
        let lines = self.lines();
        place.draw(frame.buffer_mut(), rows, lines.len(), scope, |index, columns| {
            found_row(&lines[index], columns, scope)
        });
        self.draw_notes(frame, notes, scope);
        self.place = place;
    }
}

impl Search {
    /// What there is to say when no line is listed.
    fn draw_instead(&self, frame: &mut Frame<'_>, room: Rect, scope: &Scope) {
        let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let mut details = Details::new(frame.buffer_mut(), room, false, scope);
        details.gap();
        match &self.found {
            Some(Err(problem)) => details.problem(problem),
            Some(Ok(found)) => {
                let count = words::counted(found.entries as u64, "entry");
                match found.stopped {
                    true => details.sentence("called off before anything was found", Meaning::Warn),
                    false => details.sentence(&format!("no line in {count} has it"), Meaning::Plain),
                }
                draw_failed(found, &mut details);
            }
            None if self.asked.is_some() => {
                let words = match self.called_off {
                    true => "Being called off.".to_owned(),
                    false => format!("Opening every entry; {} calls it off.", scope.key_of::<Search>(Action::Back)),
                };
                details.sentence(&words, Meaning::Plain);
                details.sentence(&progress::words(&self.pace, scope), Meaning::Plain);
            }
            None => {
                details.sentence("Every entry is opened and looked through, line by line.", Meaning::Muted);
                details.sentence("Capital letters count when there are some.", Meaning::Muted);
            }
        }
    }

    fn draw_notes(&self, frame: &mut Frame<'_>, notes: Rect, scope: &Scope) {
        let (Some(Ok(found)), Some(line)) = (&self.found, self.selected()) else { return };
        if let Some(plain) = self.plain.as_ref().filter(|plain| plain.index == self.place.selected()) {
            let height = notes.height.saturating_sub(1);
            let used = draw_plain(frame, Rect { height, ..notes }, &plain.text, scope);
            let below = Rect { y: notes.y + used, height: notes.height - used, ..notes };
            let mut details = Details::new(frame.buffer_mut(), below, true, scope);
            return details.sentence(&format!("hidden in {}", countdown(plain.until, scope)), Meaning::Muted);
        }
        let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
        details.sentence(&format!("{} line {}", line.entry.display(), line.number), Meaning::Plain);
        if found.stopped {
            details.sentence("the search was called off; there may be more", Meaning::Warn);
        } else if found.more > 0 {
            details.sentence(&format!("{} more lines have it", found.more), Meaning::Warn);
        }
        draw_failed(found, &mut details);
    }
}

fn draw_failed(found: &Found, details: &mut Details<'_>) {
    if let Some(first) = found.failed.first() {
        let count = words::counted(found.failed.len() as u64, "entry");
        details.sentence(&format!("{count} could not be read; {}", first.problem.one_line()), Meaning::Warn);
    }
}

/// Straight into the cells, through buffers that are wiped; answers the lines used.
fn draw_plain(frame: &mut Frame<'_>, area: Rect, secret: &Secret, scope: &Scope) -> u16 {
    let plain = Zeroizing::new(text::escaped(secret.expose()).into_owned());
    let style = scope.theme.style(Meaning::Secret);
    let (mut rest, mut used) = (plain.as_str(), 0);
    while used < area.height && !rest.is_empty() {
        let end = columns_end(rest, area.width.max(1));
        frame.buffer_mut().set_string(area.x, area.y + used, &rest[..end], style);
        (rest, used) = (&rest[end..], used + 1);
    }
    used
}

fn found_row(line: &FoundLine, columns: u16, scope: &Scope) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    let number = format!(":{} ", line.number);
    let room = (columns / 2).saturating_sub(words::width(&number));
    let name = words::fit_middle(&line.entry.display(), room, glyphs.ellipsis);
    let gap = room.saturating_sub(words::width(&name));
    let text = words::fit(&line.masked.replace(MASK, glyphs.mask), columns - columns / 2, glyphs.ellipsis);
    Line::from(vec![
        Span::raw(name),
        Span::styled(number, scope.theme.style(Meaning::Muted)),
        Span::raw(" ".repeat(usize::from(gap))),
        Span::raw(text),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(TYPING_KEYS);
    }
}

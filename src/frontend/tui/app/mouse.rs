//! What the mouse does: a click on a tab, a row or a hint is the key for it, a second click on a row opens it, the wheel
//! moves in the list. Off unless asked for: while it is on, the terminal's own selecting of text needs Shift.

use std::time::{Duration, Instant};

use ratatui::layout::{Position, Rect};

use super::{App, Order};
use crate::frontend::tui::edges;
use crate::frontend::tui::event::Mouse;
use crate::frontend::tui::keys::Key;
use crate::frontend::tui::screen::{Flow, Toast};
use crate::frontend::tui::widgets::key_bar;
use crate::frontend::tui::widgets::list::Move;

/// Two clicks in this time are one on what is to be opened.
const DOUBLE: Duration = Duration::from_millis(500);

/// Rows that the wheel moves at once.
const NOTCH: usize = 3;

/// Whether the mouse is listened to, and its last click on a row.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    on: bool,
    clicked: Option<(Instant, Position)>,
}

impl App {
    /// Listens to the mouse from the beginning.
    pub(in super::super) fn begin_with_mouse(&mut self) {
        self.pointer.on = true;
        self.orders.push(Order::Mouse(true));
    }

    pub(super) fn switch_mouse(&mut self) {
        self.pointer.on = !self.pointer.on;
        self.orders.push(Order::Mouse(self.pointer.on));
        let said = match self.pointer.on {
            true => "the mouse is on: click, wheel; text is selected with Shift held",
            false => "the mouse is the terminal's again: text can be selected",
        };
        self.follow(Flow::Say(Toast::good(said)));
    }

    pub(super) fn pointed(&mut self, mouse: Mouse) {
        self.toast = None;
        match mouse {
            Mouse::Wheel { down } => {
                for _ in 0..NOTCH {
                    let flow = self.top().roll(if down { Move::Down } else { Move::Up });
                    self.follow(flow);
                }
            }
            Mouse::Click(at) => self.clicked(at),
        }
    }

    fn clicked(&mut self, at: Position) {
        let size = self.scope.size;
        let last = self.pointer.clicked.take();
        if at.y + 1 == size.height {
            return self.clicked_hint(at.x);
        }
        if at.y == 1 && self.layers.is_empty() {
            if let Some(tab) = edges::tab_at(size.width, self.current, at.x) {
                self.show_tab(tab);
            }
            return;
        }
        let Some((again, flow)) = self.top().point(at) else { return };
        self.follow(flow);
        let double = last
            .is_some_and(|(time, place)| place.y == at.y && self.scope.now.saturating_duration_since(time) <= DOUBLE);
        if again && double {
            self.press(Key::named(crossterm::event::KeyCode::Enter));
        } else {
            self.pointer.clicked = Some((self.scope.now, at));
        }
    }

    fn clicked_hint(&mut self, column: u16) {
        let size = self.scope.size;
        let line = Rect { y: size.height.saturating_sub(1), height: 1, ..size };
        let (rows, tally) = (self.hint_rows(), self.top().tally());
        if let Some(key) = key_bar::key_at(line, &rows, &tally, &self.scope, column) {
            self.press(key);
        }
    }
}

//! The mouse is a faster way to keys.

use ratatui::layout::Position;

use super::super::event::Mouse;
use super::*;

impl Desk {
    /// Draws, then clicks where this text begins.
    #[track_caller]
    pub(super) fn click(&mut self, text: &str) -> &mut Desk {
        let screen = self.screen();
        let found =
            screen.lines().enumerate().find_map(|(y, line)| Some((line.split_once(text)?.0.chars().count(), y)));
        let (x, y) = found.unwrap_or_else(|| panic!("no {text:?} in\n{screen}"));
        let at = Position::new(u16::try_from(x).expect("small"), u16::try_from(y).expect("small"));
        self.app.handle(Event::Mouse(Mouse::Click(at)));
        self.settle();
        self
    }

    fn wheel(&mut self, down: bool) -> &mut Desk {
        self.app.handle(Event::Mouse(Mouse::Wheel { down }));
        self.settle();
        self
    }
}

#[test]
fn a_click_selects_a_row_and_another_opens_it() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.click("   metrics").shows("│ infra/db/metrics");
    desk.click("   replica").shows("│ infra/db/replica");
    desk.hides("tr0ub4dor");
    desk.wait(Duration::from_secs(1)).click("   replica").hides("tr0ub4dor");
    desk.click("   replica").shows("tr0ub4dor");
    // Below the last row is nothing.
    desk.press("<Up>").shows("│ infra/db/metrics");
    desk.app.handle(Event::Mouse(Mouse::Click(Position::new(3, 20))));
    desk.shows("│ infra/db/metrics");
}

#[test]
fn a_click_on_a_tab_or_a_hint_is_its_key() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.click("Registries").shows("harbor.corp.test");
    desk.click("find").press("quay").shows("/ quay");
    desk.press("<Esc>");
    desk.click("1 Home").shows("everything is in place");
    desk.click("quit");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn the_wheel_moves_in_what_is_in_front() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.wheel(true).shows("▶     harbor.corp.test");
    desk.wheel(false).shows("▶ ▾ docker-credential-helpers");
    desk.press("?").shows("▶ ⏎");
    desk.wheel(true).hides("▶ ⏎");
    // No tab behind a layer.
    desk.click("3 Registries").shows("Keys: Store");
    desk.press("<Esc>:").click("copy the password").shows("▶ copy the password");
}

#[test]
fn a_key_gives_the_mouse_to_the_terminal_and_back() {
    let mut desk = Desk::new((80, 24)).begun();
    let asked = |desk: &mut Desk, on| {
        desk.app.handle(Event::Key(named_char('M')));
        desk.app.take_orders().iter().any(|order| matches!(order, Order::Mouse(asked) if *asked == on))
    };
    assert!(asked(&mut desk, true));
    desk.shows("the mouse is on");
    assert!(asked(&mut desk, false));
    desk.shows("text can be selected");
}

fn named_char(character: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)
}

//! How things look, by what they mean: a screen asks for `Meaning::Bad`, never for red. The default palette uses the
//! terminal's own 16 colours and no background, so that it reads on dark and on light terminals; without colour only
//! bold, dim and reverse remain. State is always a glyph or a word too, colour repeats it.

use ratatui::style::{Color, Modifier, Style};

use crate::system::env::Env;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    /// Needed, but not first: labels, counts, rules.
    Muted,
    /// Where the person is: the chosen tab, a pane's title, a folder.
    Accent,
    /// A key that may be pressed now.
    Key,
    /// The row that keys act on.
    Selected,
    /// What the filter matched.
    Match,
    Good,
    Warn,
    Bad,
    /// A secret in clear.
    Secret,
}

/// Styles and glyphs, chosen once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    colour: bool,
    pub(super) glyphs: &'static Glyphs,
}

/// Every mark outside letters and digits. One set for UTF-8, one that is plain ASCII.
#[derive(Debug)]
pub(super) struct Glyphs {
    pub(super) opened: &'static str,
    pub(super) closed: &'static str,
    pub(super) cursor: &'static str,
    pub(super) mask: &'static str,
    pub(super) rule: &'static str,
    pub(super) upright: &'static str,
    pub(super) ellipsis: &'static str,
    pub(super) good: &'static str,
    pub(super) warn: &'static str,
    pub(super) bad: &'static str,
    pub(super) twin: &'static str,
    pub(super) active: &'static str,
    pub(super) bar_full: &'static str,
    pub(super) bar_empty: &'static str,
    pub(super) enter: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) left: &'static str,
    pub(super) right: &'static str,
    /// Corners of a popup: upper left, upper right, lower left, lower right.
    pub(super) corners: [&'static str; 4],
}

static UNICODE: Glyphs = Glyphs {
    opened: "▾",
    closed: "▸",
    cursor: "▶",
    mask: "••••••••",
    rule: "─",
    upright: "│",
    ellipsis: "…",
    good: "✔",
    warn: "⚠",
    bad: "✘",
    twin: "≡",
    active: "●",
    bar_full: "▰",
    bar_empty: "▱",
    enter: "⏎",
    up: "↑",
    down: "↓",
    left: "←",
    right: "→",
    corners: ["┌", "┐", "└", "┘"],
};

static ASCII: Glyphs = Glyphs {
    opened: "v",
    closed: ">",
    cursor: ">",
    mask: "********",
    rule: "-",
    upright: "|",
    ellipsis: "~",
    good: "ok",
    warn: "!!",
    bad: "XX",
    twin: "=",
    active: "*",
    bar_full: "#",
    bar_empty: ".",
    enter: "Enter",
    up: "Up",
    down: "Down",
    left: "Left",
    right: "Right",
    corners: ["+", "+", "+", "+"],
};

impl Theme {
    /// By what was typed and what the environment asks for: `NO_COLOR` (<https://no-color.org>), `REGPASS_ASCII`, and a
    /// locale that is not UTF-8.
    pub(super) fn choose(env: &Env, ascii: bool) -> Theme {
        let ascii = ascii || env.var("REGPASS_ASCII").is_some() || !speaks_utf8(env);
        Theme::new(env.var("NO_COLOR").is_none(), ascii)
    }

    pub(super) fn new(colour: bool, ascii: bool) -> Theme {
        Theme { colour, glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    pub(super) fn style(&self, meaning: Meaning) -> Style {
        let (colour, modifier) = match meaning {
            Meaning::Plain => (None, Modifier::empty()),
            Meaning::Muted => (None, Modifier::DIM),
            Meaning::Accent => (Some(Color::Cyan), Modifier::BOLD),
            Meaning::Key => (Some(Color::Cyan), Modifier::empty()),
            // Its own colour, so that what is coloured in the row does not become a patch of that colour.
            Meaning::Selected => (Some(Color::Reset), Modifier::REVERSED),
            Meaning::Match => (Some(Color::Magenta), Modifier::BOLD.union(Modifier::UNDERLINED)),
            Meaning::Good => (Some(Color::Green), Modifier::empty()),
            Meaning::Warn => (Some(Color::Yellow), Modifier::empty()),
            Meaning::Bad => (Some(Color::Red), Modifier::BOLD),
            Meaning::Secret => (Some(Color::Yellow), Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        match colour {
            Some(colour) if self.colour => style.fg(colour),
            _ => style,
        }
    }
}

/// The character set of the locale, as setlocale(3) picks it: the first of these that is set.
fn speaks_utf8(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.text(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_and_the_switch_decide_about_glyphs() {
        let ascii = |vars: &[(&str, &str)], typed| {
            std::ptr::eq(Theme::choose(&Env::made_of(vars.iter().copied()), typed).glyphs, &ASCII)
        };
        assert!(!ascii(&[("LANG", "de_DE.UTF-8")], false));
        assert!(ascii(&[("LANG", "de_DE.UTF-8")], true));
        assert!(ascii(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], false));
        assert!(ascii(&[("LANG", "C.utf8"), ("REGPASS_ASCII", "1")], false));
        assert!(ascii(&[], false));
    }

    #[test]
    fn the_plain_set_is_plain() {
        let marks = [
            ASCII.opened,
            ASCII.closed,
            ASCII.cursor,
            ASCII.mask,
            ASCII.rule,
            ASCII.upright,
            ASCII.ellipsis,
            ASCII.good,
            ASCII.warn,
            ASCII.bad,
            ASCII.twin,
            ASCII.active,
            ASCII.bar_full,
            ASCII.bar_empty,
            ASCII.enter,
            ASCII.up,
            ASCII.down,
            ASCII.left,
            ASCII.right,
        ];
        assert!(marks.iter().chain(&ASCII.corners).all(|mark| mark.is_ascii()));
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme::new(false, false);
        for meaning in [Meaning::Accent, Meaning::Bad, Meaning::Good, Meaning::Match, Meaning::Warn] {
            assert_eq!(theme.style(meaning).fg, None);
        }
        assert_eq!(Theme::new(true, false).style(Meaning::Bad).fg, Some(Color::Red));
    }
}

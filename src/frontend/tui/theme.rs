//! How things look, by what they mean: a screen asks for `Meaning::Bad`, never for red. The default palette uses the
//! terminal's own 16 colours and no background, so that it reads on dark and on light terminals; without colour only
//! bold, dim and reverse remain. State is always a glyph or a word too, colour repeats it.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{Problem, text};
use crate::system::config_file;
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
    /// None: without colour.
    palette: Option<&'static Palette>,
    pub(super) glyphs: &'static Glyphs,
}

/// The colours of a theme, by what they mean. Text in no colour has the terminal's own.
#[derive(Debug)]
struct Palette {
    /// As the config file names it (`ui.theme`).
    name: &'static str,
    accent: Color,
    key: Color,
    found: Color,
    good: Color,
    warn: Color,
    bad: Color,
    secret: Color,
    /// None: dim, which every terminal can do.
    muted: Option<Color>,
}

/// The first is the default. None sets a background: the person's terminal has the one they can read on.
static PALETTES: [Palette; 3] = [
    Palette {
        name: "terminal",
        accent: Color::Cyan,
        key: Color::Cyan,
        found: Color::Magenta,
        good: Color::Green,
        warn: Color::Yellow,
        bad: Color::Red,
        secret: Color::Yellow,
        muted: None,
    },
    // From the 256 fixed colours, so that no terminal scheme makes them unreadable: at least 7:1 on black.
    Palette {
        name: "dark",
        accent: Color::Indexed(117),
        key: Color::Indexed(159),
        found: Color::Indexed(213),
        good: Color::Indexed(120),
        warn: Color::Indexed(221),
        bad: Color::Indexed(210),
        secret: Color::Indexed(222),
        muted: Some(Color::Indexed(248)),
    },
    // At least 5:1 on white.
    Palette {
        name: "light",
        accent: Color::Indexed(25),
        key: Color::Indexed(24),
        found: Color::Indexed(90),
        good: Color::Indexed(22),
        warn: Color::Indexed(94),
        bad: Color::Indexed(124),
        secret: Color::Indexed(94),
        muted: Some(Color::Indexed(240)),
    },
];

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
    /// `ui` is the config file's part: what it says of glyphs, and the theme's name.
    pub(super) fn choose(env: &Env, ascii: bool, ui: &config_file::Ui) -> Result<Theme, Problem> {
        let ascii = ascii || env.var("REGPASS_ASCII").is_some() || ui.ascii == Some(true) || !speaks_utf8(env);
        let palette = match &ui.theme {
            None => &PALETTES[0],
            Some(name) => PALETTES.iter().find(|palette| palette.name == name).ok_or_else(|| unknown_theme(name))?,
        };
        let palette = Some(palette).filter(|_| env.var("NO_COLOR").is_none());
        Ok(Theme { palette, glyphs: if ascii { &ASCII } else { &UNICODE } })
    }

    /// The default theme, for tests.
    #[cfg(test)]
    pub(super) fn new(colour: bool, ascii: bool) -> Theme {
        Theme { palette: colour.then_some(&PALETTES[0]), glyphs: if ascii { &ASCII } else { &UNICODE } }
    }

    pub(super) fn style(&self, meaning: Meaning) -> Style {
        let modifier = match meaning {
            Meaning::Plain | Meaning::Key | Meaning::Good | Meaning::Warn => Modifier::empty(),
            Meaning::Muted if self.palette.is_some_and(|palette| palette.muted.is_some()) => Modifier::empty(),
            Meaning::Muted => Modifier::DIM,
            Meaning::Selected => Modifier::REVERSED,
            Meaning::Match => Modifier::BOLD.union(Modifier::UNDERLINED),
            Meaning::Accent | Meaning::Bad | Meaning::Secret => Modifier::BOLD,
        };
        let colour = self.palette.and_then(|palette| palette.colour(meaning));
        let style = Style::new().add_modifier(modifier);
        colour.map_or(style, |colour| style.fg(colour))
    }
}

impl Palette {
    fn colour(&self, meaning: Meaning) -> Option<Color> {
        match meaning {
            Meaning::Plain => None,
            Meaning::Muted => self.muted,
            Meaning::Accent => Some(self.accent),
            Meaning::Key => Some(self.key),
            // Its own colour, so that what is coloured in the row does not become a patch of that colour.
            Meaning::Selected => Some(Color::Reset),
            Meaning::Match => Some(self.found),
            Meaning::Good => Some(self.good),
            Meaning::Warn => Some(self.warn),
            Meaning::Bad => Some(self.bad),
            Meaning::Secret => Some(self.secret),
        }
    }
}

fn unknown_theme(name: &str) -> Problem {
    let names: Vec<String> = PALETTES.iter().map(|palette| text::quoted(palette.name)).collect();
    Problem::usage(format!("there is no theme {}", text::quoted(name)))
        .hint(format!("in the config file, theme in [ui] may be {}", names.join(", ")))
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
            let env = Env::made_of(vars.iter().copied());
            let theme = Theme::choose(&env, typed, &config_file::Ui::default()).expect("the default theme");
            std::ptr::eq(theme.glyphs, &ASCII)
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

    /// Luminance of an entry of the 256-colour cube or its greys (xterm), and the contrast of two (WCAG 2.1).
    fn contrast(colour: Color, background: f64) -> f64 {
        let Color::Indexed(index) = colour else { panic!("a fixed colour") };
        let level = |step: u8| if step == 0 { 0.0 } else { f64::from(55 + 40 * u32::from(step)) };
        let parts = match index {
            16..=231 => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level),
            _ => [f64::from(8 + 10 * u32::from(index - 232)); 3],
        };
        let linear = |part: f64| {
            let part = part / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = 0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2]);
        (luminance.max(background) + 0.05) / (luminance.min(background) + 0.05)
    }

    #[test]
    fn the_fixed_palettes_can_be_read_where_they_are_for() {
        for (palette, background, least) in [(&PALETTES[1], 0.0, 7.0), (&PALETTES[2], 1.0, 5.0)] {
            let every = [palette.accent, palette.key, palette.found, palette.good, palette.warn, palette.bad];
            for colour in every.into_iter().chain([palette.secret]).chain(palette.muted) {
                let contrast = contrast(colour, background);
                assert!(contrast >= least, "{} {colour:?}: {contrast:.1}", palette.name);
            }
        }
    }

    #[test]
    fn a_theme_is_chosen_by_name_and_no_color_beats_it() {
        let ui = |name: &str| config_file::Ui { theme: Some(name.to_owned()), ..config_file::Ui::default() };
        let env = |vars: &[(&str, &str)]| Env::made_of(vars.iter().copied());
        let dark = Theme::choose(&env(&[]), false, &ui("dark")).expect("a theme");
        assert_eq!(dark.style(Meaning::Bad).fg, Some(Color::Indexed(210)));
        let bare = Theme::choose(&env(&[("NO_COLOR", "1")]), false, &ui("dark")).expect("a theme");
        assert_eq!(bare.style(Meaning::Bad).fg, None);
        let problem = Theme::choose(&env(&[]), false, &ui("\u{1b}pink")).expect_err("no such theme");
        assert!(!problem.message.contains('\u{1b}') && problem.hints[0].contains("\"light\""), "{problem}");
    }
}

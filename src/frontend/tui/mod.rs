//! The terminal UI.

use crate::model::Problem;
use crate::system::env::Env;
use crate::system::options::Typed;

/// How the terminal UI looks, as typed; the environment may add to it (`NO_COLOR`, `REGPASS_ASCII`, a locale that is
/// not UTF-8).
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// `--ascii`: no glyph outside ASCII.
    pub ascii: bool,
}

/// Runs the terminal UI on the terminal of stdin and stdout until the person leaves it. Refuses when either is not a
/// terminal.
pub fn run(_env: Env, _typed: Typed, _settings: Settings) -> Result<(), Problem> {
    todo!()
}

//! What keys send, as xterm writes them. Letters need no name.
//!
//! An `ESC` is taken for the Escape key only when nothing follows it at once: wait for its frame before the next key.

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const TAB: &str = "\t";
pub const BACKTAB: &str = "\x1b[Z";
pub const BACKSPACE: &str = "\x7f";
pub const DELETE: &str = "\x1b[3~";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const RIGHT: &str = "\x1b[C";
pub const LEFT: &str = "\x1b[D";
pub const HOME: &str = "\x1b[H";
pub const END: &str = "\x1b[F";
pub const PAGE_UP: &str = "\x1b[5~";
pub const PAGE_DOWN: &str = "\x1b[6~";
pub const CTRL_C: &str = "\x03";
pub const CTRL_L: &str = "\x0c";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";

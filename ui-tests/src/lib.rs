//! Drives the real `regpass` in a real pseudo-terminal, checks it frame by frame and writes `screenshots/`.
//!
//! - `pty`: a program in a pseudo-terminal; keys in, frames out, waiting by condition (`key` names the keys)
//! - `line`: the terminal's end of it; `emulator`: the terminal itself, without a window
//! - `frame`: what stood on the screen between two synchronized updates, cell by cell
//! - `picture`: a frame as SVG and PNG, without a display
//! - `machine`: throw-away homes with a store to look at, `team` one that people share; `program`: the binary under test
//! - `scenes`: the pictures, one entry each
//!
//! Not published and no part of the product; the tests beside it and its own binary are its only callers.

// Test code from end to end: what goes wrong stops the test with the whole screen in its message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod emulator;
pub mod frame;
pub mod key;
mod line;
pub mod machine;
pub mod picture;
pub mod program;
pub mod pty;
pub mod scenes;
pub mod skip;
mod team;

//! Drives the real `regpass` in a real pseudo-terminal, checks it frame by frame and writes `screenshots/`.
//!
//! - `pty`: a program in a pseudo-terminal; keys in, frames out, waiting by condition
//! - `frame`: what stood on the screen between two synchronized updates, cell by cell
//! - `picture`: a frame as SVG and PNG, without a display
//! - `machine`: throw-away homes with a store to look at
//! - `scenes`: the pictures, one entry each
//!
//! Not published and no part of the product; the tests beside it and its own binary are its only callers.

//! Stands in for `clip.rs` where regpass is built without the terminal UI and its clipboard.

use super::Session;
use crate::model::{Problem, Secret};
use crate::system::System;

pub(super) fn copy(_: &Session, _: &System, _: Secret, _: &str) -> Result<(), Problem> {
    Err(Problem::failed("this regpass was built without a clipboard").hint("print it instead, without --clip"))
}

//! The registry asked about a login before it is kept, as this machine's Docker would reach it. A build without the network
//! cannot.

use std::time::Duration;

use crate::model::{Credential, Problem, RegistryKey};
use crate::ops::progress::Cancel;
use crate::system::System;
use crate::system::registry::checked::Checked;

/// Asks; ends within its time limit, whatever the other side does.
pub type Asking = Box<dyn Fn(&RegistryKey, &Credential) -> Checked>;

#[cfg(not(feature = "net"))]
pub fn asking(_: &System, _: &Cancel, _: Option<Duration>) -> Result<Asking, Problem> {
    Err(Problem::failed("this build of regpass cannot ask registries")
        .hint("keep the login without asking: add --no-verify"))
}

#[cfg(feature = "net")]
/// `cancel` ends the question within a moment; without a time limit, Docker's own counts.
pub fn asking(system: &System, cancel: &Cancel, timeout: Option<Duration>) -> Result<Asking, Problem> {
    Ok(Box::new(crate::ops::login_check::asker(system, std::path::Path::new("/"), cancel, timeout)))
}

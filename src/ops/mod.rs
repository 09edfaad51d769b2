//! What regpass can do, whoever asks. Prints nothing and prompts for nothing: values in, values and `Problem`s out.

mod advice;
mod answering;
pub mod audit;
mod backup;
pub mod bundle;
mod change;
pub mod config;
pub mod conflict;
pub mod contexts;
pub mod credentials;
pub mod deadline;
pub mod demo;
pub mod doctor;
#[cfg(test)]
mod double;
pub mod entries;
pub mod fix;
mod footprint;
pub mod generate;
pub mod grep;
pub mod history;
pub mod journal;
mod keeper;
pub mod last_checks;
pub mod line_diff;
pub mod login;
#[cfg(feature = "net")]
pub mod login_check;
pub mod mending;
pub mod opening;
pub mod otp;
pub mod overview;
pub mod progress;
mod read_only;
pub mod readers;
pub mod recipients;
pub mod reencrypt;
pub mod registries;
pub mod shims;
pub mod sync;
pub mod transfer;
pub mod undo;
pub mod window;

pub use change::Written;

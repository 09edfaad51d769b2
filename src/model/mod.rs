//! Words without I/O: what every other floor speaks of. Nothing here opens a file, asks the environment or prints.

pub mod age;
mod credential;
mod entry_path;
pub mod entry_text;
pub mod misplaced;
mod problem;
mod recipient;
pub mod registry_key;
mod secret;
mod user_id;

pub use credential::{Credential, IDENTITY_TOKEN_USER, Login};
pub use entry_path::{EntryPath, EntryPathError};
pub use entry_text::EntryText;
pub use problem::{Problem, ProblemKind};
pub use recipient::{GpgIdFile, Recipient, RecipientError};
pub use registry_key::RegistryKey;
pub use secret::{Secret, wipe_stack};
pub use user_id::UserId;

pub mod text;
pub mod utc;

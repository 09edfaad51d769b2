//! What can go wrong in a store, and how a person is told.

use std::path::PathBuf;

use crate::model::{Problem, text};
use crate::system::files::FileError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("no recipients file (.gpg-id) governs {}", text::quoted_path(.folder))]
    NotInitialised { folder: PathBuf },
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::failed(error.to_string())
    }
}

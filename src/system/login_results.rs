//! What registries last answered about logins: one small JSON file in the state folder, replaced as a whole. No secret is in it.
//! Knows no registry and no store; what a result means, and which are worth keeping, is `ops/last_checks.rs`. A file that is not
//! understood is left as it is.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use crate::model::{Problem, text};

/// The file's name in the state folder.
pub const FILE: &str = "login-results.json";

/// The only form of the file that there is.
const SCHEMA: u32 = 1;

/// The most results kept, the newest of them, and the largest file read.
const COUNT_MAX: usize = 500;
const SIZE_MAX: u64 = 4 << 20;

/// The longest text of a field, in characters: so that the most results fit into the largest file.
const TEXT_MAX: usize = 300;

/// How long others that write are waited for: it is not worth more.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// One login at one registry, and what came of trying it. Texts are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginResult {
    /// The registry's one name, without what may be a secret in it.
    pub registry: String,
    /// None where nobody could tell, or it may be a secret in the wrong place.
    pub user: Option<String>,
    /// `store`, `inline`, or `helper:` and its name.
    pub source: String,
    /// Milliseconds since 1970.
    pub at: u64,
    /// The id of a class of outcome, and of the evidence.
    pub outcome: String,
    pub evidence: Option<String>,
    /// What happened, one sentence.
    pub message: String,
}

impl LoginResult {
    /// One login has one result.
    fn is_of_the_same(&self, other: &LoginResult) -> bool {
        (&self.registry, &self.user, &self.source) == (&other.registry, &other.user, &other.source)
    }

    fn cut(mut self) -> LoginResult {
        let texts = [&mut self.registry, &mut self.source, &mut self.outcome, &mut self.message];
        for field in texts.into_iter().chain(&mut self.user).chain(&mut self.evidence) {
            *field = text::escaped(field.as_bytes()).into_owned();
            if let Some((end, _)) = field.char_indices().nth(TEXT_MAX) {
                field.truncate(end);
                field.push('…');
            }
        }
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Whole {
    schema: u32,
    results: Vec<LoginResult>,
}

#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} belongs to another user", text::quoted_path(.0))]
    Foreign(PathBuf),
    #[error("{} is not what was written there", text::quoted_path(.0))]
    Damaged(PathBuf),
    #[error("the results cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl From<ResultsError> for Problem {
    fn from(error: ResultsError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match &error {
            ResultsError::Damaged(path) => problem.hint(moving_away(path)),
            ResultsError::File(error) => error.hint().into_iter().fold(problem, Problem::hint),
            ResultsError::Foreign(_) | ResultsError::Json(_) => problem,
        }
    }
}

/// The command after which results are remembered again.
fn moving_away(file: &Path) -> String {
    format!(
        "remember results again: mv {} {}",
        text::shell_word(file),
        text::shell_word(&files::spare_name(file, "old"))
    )
}

/// All of them, the newest first; none where there is no file.
pub fn read(state: &Path) -> Result<Vec<LoginResult>, ResultsError> {
    let path = state.join(FILE);
    let bytes = match files::read_bounded(&path, SIZE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    match serde_json::from_slice::<Whole>(&bytes) {
        Ok(whole) if whole.schema == SCHEMA => {
            let mut results: Vec<LoginResult> = whole.results.into_iter().map(LoginResult::cut).collect();
            results.sort_by_key(|one| std::cmp::Reverse(one.at));
            Ok(results)
        }
        _ => Err(ResultsError::Damaged(path)),
    }
}

/// Puts these in place of older ones of the same logins. Refuses a state folder or file of another user than `uid` (sudo with
/// the caller's HOME).
pub fn add(state: &Path, uid: u32, news: Vec<LoginResult>) -> Result<(), ResultsError> {
    make_private(state, uid)?;
    let path = state.join(FILE);
    if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.uid() != uid) {
        return Err(ResultsError::Foreign(path));
    }
    let _held = files::lock_folder(state, LOCK_WAIT)?;
    let mut results = read(state)?;
    let news: Vec<LoginResult> = news.into_iter().map(LoginResult::cut).collect();
    results.retain(|old| !news.iter().any(|new| new.is_of_the_same(old)));
    results.extend(news);
    results.sort_by_key(|one| std::cmp::Reverse(one.at));
    results.truncate(COUNT_MAX);
    let bytes = serde_json::to_vec(&Whole { schema: SCHEMA, results })?;
    Ok(files::replace(&path, &bytes, 0o600)?)
}

/// Makes the state folder for nobody else, below a folder of the same user.
fn make_private(folder: &Path, uid: u32) -> Result<(), ResultsError> {
    let fault = |source| FileError::io("cannot make", folder, source);
    let existing = folder.ancestors().find_map(|folder| Some((folder, folder.metadata().ok()?)));
    match existing {
        Some((_, meta)) if meta.uid() == uid => {}
        _ => return Err(ResultsError::Foreign(folder.to_owned())),
    }
    Ok(DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn result(registry: &str, at: u64, outcome: &str) -> LoginResult {
        LoginResult {
            registry: registry.to_owned(),
            user: Some("amy".to_owned()),
            source: "store".to_owned(),
            at,
            outcome: outcome.to_owned(),
            evidence: None,
            message: "what it said\u{1b}[2J".to_owned(),
        }
    }

    fn state() -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().expect("a folder");
        let state = top.path().join("state/regpass");
        (top, state)
    }

    #[test]
    fn a_login_has_its_newest_result_and_nobody_else_reads_it() {
        let (_top, state) = state();
        assert!(read(&state).expect("nothing").is_empty());
        add(&state, uid(), vec![result("a.test", 1, "ok_proved"), result("b.test", 2, "refused")]).expect("kept");
        let other = LoginResult { source: "inline".to_owned(), ..result("a.test", 4, "reset") };
        add(&state, uid(), vec![result("a.test", 3, "bad_credentials"), other]).expect("kept");
        let found = read(&state).expect("read");
        let short: Vec<(&str, &str)> = found.iter().map(|one| (one.registry.as_str(), one.outcome.as_str())).collect();
        assert_eq!(short, [("a.test", "reset"), ("a.test", "bad_credentials"), ("b.test", "refused")]);
        assert_eq!(found[0].message, "what it said\\u{1b}[2J");
        let mode = |path: PathBuf| path.metadata().expect("it").permissions().mode() & 0o777;
        assert_eq!((mode(state.clone()), mode(state.join(FILE))), (0o700, 0o600));
    }

    #[test]
    fn it_is_bounded_in_number_and_length() {
        let (_top, state) = state();
        let many = (0..).take(COUNT_MAX + 5).map(|n| LoginResult {
            message: "\u{1b}\u{1f980}\"".repeat(100_000),
            user: Some(format!("{n}{}", "\u{1f980}".repeat(1000))),
            ..result(&"\u{1f980}".repeat(1000), n, &"\u{1f980}".repeat(1000))
        });
        add(&state, uid(), many.collect()).expect("kept");
        let found = read(&state).expect("it fits");
        assert_eq!((found.len(), found[0].at), (COUNT_MAX, 504));
        assert!(std::fs::metadata(state.join(FILE)).expect("it").len() < SIZE_MAX);
    }

    #[test]
    fn what_is_not_understood_is_left_as_it_is() {
        let (_top, state) = state();
        add(&state, uid(), vec![result("a.test", 1, "ok_proved")]).expect("kept");
        let file = state.join(FILE);
        for text in ["{", "[]", r#"{"schema":2,"results":[]}"#, r#"{"schema":1,"results":[{}]}"#, "\u{0}\u{ff}"] {
            std::fs::write(&file, text).expect("written");
            assert!(matches!(read(&state), Err(ResultsError::Damaged(_))), "{text}");
            assert!(matches!(add(&state, uid(), vec![result("b.test", 2, "x")]), Err(ResultsError::Damaged(_))));
            assert_eq!(std::fs::read_to_string(&file).expect("it"), text);
        }
        std::fs::File::create(&file).and_then(|file| file.set_len(SIZE_MAX + 1)).expect("a large one");
        assert!(matches!(read(&state), Err(ResultsError::File(_))));
        std::fs::remove_file(&file).expect("gone");
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
        assert!(read(&state).is_err() && add(&state, uid(), Vec::new()).is_err());
    }

    #[test]
    fn another_user_s_folder_or_file_is_not_written_to() {
        let (_top, state) = state();
        assert!(matches!(add(&state, uid() + 1, vec![result("a.test", 1, "x")]), Err(ResultsError::Foreign(_))));
        assert!(!state.exists());
        add(&state, uid(), vec![result("a.test", 1, "x")]).expect("kept");
        if uid() == 0 {
            std::os::unix::fs::chown(state.join(FILE), Some(65534), None).expect("given away");
            assert!(matches!(add(&state, uid(), vec![result("b.test", 2, "x")]), Err(ResultsError::Foreign(_))));
            assert_eq!(read(&state).expect("read").len(), 1);
        }
    }
}

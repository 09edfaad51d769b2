//! What mends an answer that is not a login, for the context that it is given in. A command stands at its end.

use std::path::{Path, PathBuf};

use super::Kind;
use super::trail::Trail;
use crate::model::registry_key::HUB_NAME;
use crate::model::{misplaced, text};
use crate::ops::shims::NAMES;

impl Trail<'_> {
    pub(super) fn shown_path(&self) -> String {
        let path = self.inside.place.variables.get("PATH").map(String::as_str).unwrap_or_default();
        text::bounded(path)
    }

    /// What makes a context find the program: it is linked into a folder that its PATH has, or its PATH gets the folder.
    pub(super) fn mend_program(&self, name: &str) -> Option<String> {
        let inside = self.inside;
        let folders = inside.folders();
        let usual = |folder: &&PathBuf| folder.ends_with("usr/local/bin");
        let folder = folders.iter().find(usual);
        let own = inside.here.env.find_program(name);
        match (folder, own, &inside.place.file) {
            (Some(folder), ..) if NAMES.contains(&name) => {
                let sudo = if folder.starts_with("/usr") { "sudo " } else { "" };
                Some(format!("link it there: {sudo}regpass shims install --dir {}", misplaced::shell_word(folder)))
            }
            (None, Some(own), Some(file)) => {
                let own = own.parent().unwrap_or(Path::new("/"));
                Some(format!("add {} to its PATH in {}", text::quoted_path(own), text::quoted_path(file)))
            }
            (.., Some(own), _) => {
                Some(format!("install it in a folder of that PATH; here it is {}", text::quoted_path(&own)))
            }
            _ => Some(format!(
                "install {}, or name another helper in {}",
                text::bounded(name),
                text::quoted_path(&inside.config)
            )),
        }
    }

    pub(super) fn mend_config(&self) -> Option<String> {
        match self.inside.place.kind {
            Kind::Me => Some(format!(
                "set \"credsStore\": \"pass\" in {}, then: docker login",
                text::quoted_path(&self.inside.config)
            )),
            _ => self.mend_login(),
        }
    }

    /// How the login comes to be there.
    pub(super) fn mend_login(&self) -> Option<String> {
        let registry = match self.registry {
            HUB_NAME => String::new(),
            registry => format!(" {}", misplaced::shell_word(misplaced::server(registry))),
        };
        let place = self.inside.place;
        let account = place.user.as_deref().map(|user| text::escaped(user.as_bytes()).into_owned());
        let word = place.user.as_deref().map(misplaced::shell_word);
        match place.kind {
            Kind::Me => Some(format!("log in: docker login{registry}")),
            Kind::Sudo => Some(format!("run docker without sudo, or log in there: sudo docker login{registry}")),
            Kind::SudoHome => Some(format!("run docker without sudo, or log in there: sudo -H docker login{registry}")),
            Kind::Snap => Some("use Docker's own packages instead of the snap".to_owned()),
            Kind::Login => Some(format!("log in there: sudo -iu {} docker login{registry}", word?)),
            Kind::Unit | Kind::Cron => {
                let me = self.inside.here.env.user_name()?;
                let me = text::escaped(me.as_bytes()).into_owned();
                let file = text::quoted_path(place.file.as_deref()?);
                match (place.kind, account) {
                    (Kind::Unit, Some(account)) if account != me => {
                        Some(format!("let it run as the account that has the login: User={me} in {file}"))
                    }
                    (Kind::Cron, Some(account)) if account != me => {
                        Some(format!("let it run as the account that has the login: {me} in {file}"))
                    }
                    _ => Some(format!(
                        "let it use the same places as your shell: HOME, DOCKER_CONFIG, PASSWORD_STORE_DIR in {file}"
                    )),
                }
            }
        }
    }

    pub(super) fn mend_key(&self, home: &Path) -> Option<String> {
        let account = text::escaped(self.inside.place.user.as_deref()?.as_bytes()).into_owned();
        match self.inside.place.kind {
            Kind::Me => Some("see which keys are here: gpg --list-secret-keys".to_owned()),
            _ => Some(format!(
                "bring the secret key to {}'s GnuPG home {}, or name its public key as a recipient of the store",
                account,
                text::quoted_path(home)
            )),
        }
    }
}

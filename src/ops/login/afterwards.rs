//! After a logout, where somebody wants to know: whether the registry goes on taking what was erased here. It does as long as
//! nobody changes or revokes it there; only that is asked, and told.

use super::keeper::Keeper;
use super::logout::{LoggedOut, Plan};
use super::verdict::Verify;
use crate::model::{Credential, Login, Problem, text};
use crate::ops::credentials::CredentialStore;
use crate::system::System;
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::{LoginOutcome, Severity};

/// The logins that a plan will erase, read before it does; or why one cannot be read.
#[derive(Debug, Default)]
pub struct Before {
    held: Vec<Credential>,
    unread: Vec<String>,
}

/// What the registry said of one of them afterwards.
#[derive(Clone, Debug)]
pub struct Afterwards {
    pub login: Login,
    pub checked: Checked,
}

/// Reads what the store and the helpers have for the name that Docker asks for.
pub fn before(system: &System, plan: &Plan) -> Before {
    let key = plan.key();
    let mut before = Before::default();
    before.take(CredentialStore::new(system).get(&key));
    for keeper in plan.keepers() {
        if let Keeper::Program(program) = keeper {
            before.take(program.get(&system.env, &key).map_err(Problem::from));
        }
    }
    before
}

impl Before {
    fn take(&mut self, found: Result<Option<Credential>, Problem>) {
        let is_known =
            |held: &Credential, new: &Credential| held.login == new.login && held.secret.same_as(&new.secret);
        match found {
            Ok(Some(new)) if !self.held.iter().any(|held| is_known(held, &new)) => self.held.push(new),
            Ok(_) => {}
            Err(problem) => self.unread.push(problem.one_line()),
        }
    }
}

/// Asks the registry about each, once. What it goes on taking is told as what still has a login: it was left there.
pub fn ask_registry(done: &mut LoggedOut, before: Before, verify: Verify<'_>) {
    let (key, name) = (done.key(), text::quoted(&done.name));
    for why in before.unread {
        done.still.push(format!("whether {name} still takes the login is not known: {why}"));
    }
    for credential in before.held {
        let checked = verify(&key, &credential);
        let whose = whose(&credential.login);
        match (checked.outcome, checked.outcome.severity()) {
            (LoginOutcome::OkProved, _) => {
                done.still.push(format!("{name} itself still takes {whose}"));
                done.hint(format!("change or revoke it at {name}: nothing here can do that"));
            }
            (_, Severity::Good | Severity::Warning) => {
                let told = format!("{name} lets everybody in, so that whether it knows {whose} cannot be told");
                done.warnings.push(Problem::failed(told));
            }
            (_, Severity::Unknown) => {
                let why = &checked.message;
                done.still.push(format!("whether {name} itself still takes {whose} is not known: {why}"));
            }
            (_, Severity::Failed) => {}
        }
        done.afterwards.push(Afterwards { login: credential.login, checked });
    }
}

fn whose(login: &Login) -> String {
    if login.is_identity_token() { "the identity token".to_owned() } else { format!("the login of {}", login.quoted()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RegistryKey;
    use crate::ops::audit::Scope;
    use crate::ops::double::Bench;
    use crate::ops::login::{logout, plan};
    use crate::system::store::layout;

    fn logged_out(outcome: LoginOutcome, text: &str) -> LoggedOut {
        let bench = Bench::new();
        let key = RegistryKey::new("h.test");
        let folder = layout::registry_folder(&key).expect("a folder");
        bench.put(&format!("{}/bob.gpg", folder.display()), text);
        let scope = Scope { machine: bench.home().join("machine"), ..Scope::default() };
        let plan = plan(&bench.system, &scope, &key);
        let before = before(&bench.system, &plan);
        let mut done = logout(&bench.system, &scope, &plan, false).expect("logged out");
        assert!(done.is_proved(), "{done:?}");
        ask_registry(&mut done, before, &|_, credential| {
            assert_eq!((credential.login.as_str(), credential.secret.expose()), ("bob", &b"hunter2"[..]));
            Checked::before_the_network(outcome, "what it said")
        });
        assert!(!format!("{done:?}").contains("hunter2"));
        done
    }

    #[test]
    fn only_what_the_registry_refuses_is_proved_to_be_gone() {
        for (outcome, proved, words) in [
            (LoginOutcome::OkProved, false, "\"h.test\" itself still takes the login of \"bob\""),
            (LoginOutcome::DnsFailure, false, "is not known: what it said"),
            (LoginOutcome::BadCredentials, true, ""),
            (LoginOutcome::NoAuthRequired, true, ""),
        ] {
            let done = logged_out(outcome, "for alice\nhunter2");
            assert_eq!((done.is_proved(), done.afterwards.len()), (proved, 1), "{done:?}");
            assert!(done.still.iter().all(|still| still.contains(words)), "{done:?}");
            assert_eq!(done.warnings.len(), usize::from(outcome == LoginOutcome::NoAuthRequired));
        }
    }

    #[test]
    fn a_login_that_cannot_be_read_is_not_proved_to_be_gone() {
        let done = logged_out(LoginOutcome::BadCredentials, "garbage");
        assert!(!done.is_proved() && done.afterwards.is_empty(), "{done:?}");
        assert!(done.still[0].starts_with("whether \"h.test\" still takes the login is not known"), "{done:?}");
    }
}

//! The last pass over what leaves the machine: what may be a secret in the wrong place is masked, in clear and in base64.
//! Masks rather too much: whoever reads it can ask.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::misplaced::{self, MASK, decoded};
use crate::model::text;

/// Names of users: personal, and where people paste tokens.
const USERS: [&str; 2] = ["user", "account"];

/// Names of registries: where people paste everything else.
const SERVERS: [&str; 3] = ["registry", "registries", "server"];

/// The folder of logins in a store; below it, the user's name is a file's.
const LOGINS: &str = "docker-credential-helpers/";

/// The shortest word that is taken for a random one, in bytes.
const RANDOM_MIN: usize = 20;

/// Cleans all of it; `known` are users of logins, whom sentences may name without a field of their own anywhere.
pub fn clean<'v>(values: impl IntoIterator<Item = &'v mut Value>, known: BTreeSet<String>) {
    let mut users = known;
    let values: Vec<&mut Value> = values.into_iter().collect();
    values.iter().for_each(|value| collect_users(value, &mut users));
    values.into_iter().for_each(|value| walk(value, "", &users));
}

/// Everybody who is named in a field of his own: sentences name them too.
fn collect_users(value: &Value, users: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_users(item, users)),
        Value::Object(members) => {
            for (name, value) in members {
                let user = value.as_str().filter(|_| USERS.contains(&name.as_str()));
                users.extend(user.map(str::to_owned));
                collect_users(value, users);
            }
        }
        _ => {}
    }
}

fn walk(value: &mut Value, field: &str, users: &BTreeSet<String>) {
    match value {
        Value::String(user) if USERS.contains(&field) => *user = measured(user),
        Value::String(text) => {
            let mut told = users.iter().fold(std::mem::take(text), |text, user| {
                text.replace(&text::quoted(user), &text::quoted(measured(user)))
            });
            if SERVERS.contains(&field) && !is_variable(&told) {
                told = misplaced::server(&told);
            }
            *text = cleaned(&told);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, field, users)),
        Value::Object(members) => {
            for (name, mut value) in std::mem::take(members) {
                walk(&mut value, &name, users);
                members.insert(cleaned(&name), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn measured(user: &str) -> String {
    format!("({} characters)", user.chars().count())
}

/// True for what `measured` gave, and for nothing that somebody may be called besides.
fn is_measured(user: &str) -> bool {
    let count = user.strip_prefix('(').and_then(|rest| rest.strip_suffix(" characters)"));
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A finding about a variable has its name where others have a registry's.
fn is_variable(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
}

fn cleaned(text: &str) -> String {
    let text = without_logins(&without_queries(&without_addresses(&without_owners(text))));
    misplaced::without_words(&text, is_telling)
}

/// What stands in sentences before the name of a login's user, who may be gone by now.
const OWNED: [&str; 2] = ["login of \"", "that of \""];

fn without_owners(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = OWNED.iter().filter_map(|front| Some(rest.find(front)? + front.len())).min() {
        done.push_str(&rest[..start]);
        rest = &rest[start..];
        // A name may have quotes in it, and a sentence that was cut off none behind it.
        let end = rest.find("\" at ").or_else(|| rest.find('"')).unwrap_or(rest.len());
        let (user, after) = rest.split_at(end);
        done.push_str(&if is_measured(user) { user.to_owned() } else { measured(user) });
        rest = after;
    }
    done.push_str(rest);
    done
}

/// `USER:SECRET@` in front of a host, with a scheme or without.
fn without_addresses(text: &str) -> String {
    let Some(at) = text.rfind('@') else { return text.to_owned() };
    let (before, after) = text.split_at(at);
    if let Some(scheme) = before.find("://") {
        return format!("{}{MASK}{after}", &before[..scheme + 3]);
    }
    let followed = |(index, _): &(usize, &str)| !before[index + 1..].starts_with(' ');
    match before.match_indices(':').find(followed) {
        Some((colon, _)) => {
            let start = before[..colon].rfind([' ', '"', '\'', '(']).map_or(0, |index| index + 1);
            format!("{}{MASK}{after}", &before[..start])
        }
        None => text.to_owned(),
    }
}

/// What stands behind the `?` of an address.
fn without_queries(text: &str) -> String {
    let query = text.find("://").and_then(|scheme| Some(scheme + text[scheme..].find('?')?));
    let Some(query) = query else { return text.to_owned() };
    let end = text[query..].find([' ', '"', '\'', ')']).map_or(text.len(), |end| query + end);
    format!("{}?{MASK}{}", &text[..query], &text[end..])
}

/// Names of files of logins: the user's, and the registry's where that may be something else.
fn without_logins(text: &str) -> String {
    let Some(at) = text.find(LOGINS) else { return text.to_owned() };
    let (front, rest) = text.split_at(at + LOGINS.len());
    let (registry, user) = rest.split_once('/').unwrap_or((rest, ""));
    let is_safe = decoded(registry).is_some_and(|name| misplaced::server(&name) == name);
    let registry = if is_safe { registry } else { MASK };
    let tail = user.rfind(".gpg").map_or("", |end| &user[end..]);
    format!("{front}{registry}/{MASK}{tail}")
}

fn is_telling(word: &str) -> bool {
    let decoded = decoded(word);
    let has = |is: fn(&char) -> bool| word.chars().any(|character| is(&character));
    let is_mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let is_random = word.len() >= RANDOM_MIN && is_mixed && decoded.is_none() && !word.contains('.');
    let tells = decoded
        .is_some_and(|decoded| misplaced::tells(&decoded) || without_queries(&without_addresses(&decoded)) != decoded);
    is_random || tells || misplaced::begins_as_token(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_may_be_a_secret_goes_and_the_rest_stays() {
        for (text, want) in [
            ("https://u:p/w ?x@h.test/v1/ is there", "https://***@h.test/v1/ is there"),
            ("\"u:p w@h.test\" is not Docker's name", "\"***@h.test\" is not Docker's name"),
            ("Alice <alice@example.test>", "Alice <alice@example.test>"),
            ("key: alice@example.test", "key: alice@example.test"),
            (
                "~/.password-store/docker-credential-helpers/YS50ZXN0/hunter2.gpg",
                "~/.password-store/docker-credential-helpers/YS50ZXN0/***.gpg",
            ),
            ("dTpodW50ZXIyQGEudGVzdA==", "***"),
            ("at docker-credential-helpers/aHVudGVyMg==/bob.gpg", "at docker-credential-helpers/***/***.gpg"),
            ("get https://h.test/?token=hunter2 failed", "get https://h.test/?*** failed"),
            ("Ym9iOmh1bnRlcjI=", "***"),
            ("YS50ZXN0OjUwMDA=", "YS50ZXN0OjUwMDA="),
            ("aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv", "aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv"),
            ("as ghp_abc, eyJhbGciOi.x", "as ***, ***"),
            ("no Xk39dmQpLw02mZzR4tYh1 here", "no *** here"),
            (
                "cannot read the login of \"bob \"b\" x\" at \"a.test\": no key",
                "cannot read the login of \"(9 characters)\" at \"a.test\": no key",
            ),
            (
                "the login of \"old\" at \"a.test\" was replaced by that of \"newer\"",
                "the login of \"(3 characters)\" at \"a.test\" was replaced by that of \"(5 characters)\"",
            ),
            ("the login of \"(hunter2\" at \"a.test\"", "the login of \"(8 characters)\" at \"a.test\""),
            ("the login of \"(hunter2 characters)\" at \"a.test\"", "the login of \"(20 characters)\" at \"a.test\""),
            ("the login of \"cut o", "the login of \"(5 characters)"),
            ("the login of the Hub", "the login of the Hub"),
            ("/usr/lib/x86_64-linux-gnu/libx.so", "/usr/lib/x86_64-linux-gnu/libx.so"),
            (
                "2026-11-22T00:00:00.000Z 9f86d081884c7d659a2feaa0c55ad015",
                "2026-11-22T00:00:00.000Z 9f86d081884c7d659a2feaa0c55ad015",
            ),
        ] {
            assert_eq!(cleaned(text), want);
        }
        let mut value = json!({
            "calls": [{"user": "hunter2", "https://u:x@h": 1, "server": "hunter2"}],
            "why": "found as \"hunter2\", not as \"stored\"",
            "registry": "REGISTRY_PASSWORD",
            "registries": ["h.test:5000", "hunter2"],
            "user": null,
        });
        let mut other = json!({"said": "for \"hunter2\""});
        clean([&mut value, &mut other], BTreeSet::from(["stored".to_owned()]));
        assert_eq!(other["said"], "for \"(7 characters)\"", "named in another part");
        let want = json!({
            "calls": [{"user": "(7 characters)", "https://***@h": 1, "server": "***"}],
            "why": "found as \"(7 characters)\", not as \"(6 characters)\"",
            "registry": "REGISTRY_PASSWORD",
            "registries": ["h.test:5000", "***"],
            "user": null,
        });
        assert_eq!(value, want);
    }
}

//! Where the members of a JSON text stand, so that one of them is changed and all else stays byte for byte as it is. Works on
//! texts that `document` has parsed; of any other it answers None. Called by `edit`.

use std::ops::Range;

use super::auth_file::holds;
use super::document::{folded, is_named, names_servers};
use crate::model::misplaced;

/// What a hidden value looks like, whatever its length.
const MASK: &str = "\"••••••••\"";

/// One member of an object.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    /// The quotes included.
    pub(super) key_at: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Member {
    pub(super) fn is(&self, name: &str) -> bool {
        is_named(&self.key, name)
    }

    fn whole(&self) -> Range<usize> {
        self.key_at.start..self.value.end
    }
}

/// The outermost value.
pub(super) fn outermost(text: &[u8]) -> Option<Range<usize>> {
    let start = past_blanks(text, 0);
    Some(start..value_end(text, start)?)
}

/// The members of the object that stands there, in order; None for anything but an object.
pub(super) fn members(text: &[u8], object: &Range<usize>) -> Option<Vec<Member>> {
    (text.get(object.start) == Some(&b'{')).then_some(())?;
    let mut at = past_blanks(text, object.start + 1);
    let mut found = Vec::new();
    while text.get(at) == Some(&b'"') {
        let key_at = at..value_end(text, at)?;
        let key = serde_json::from_slice(text.get(key_at.clone())?).ok()?;
        at = past_blanks(text, key_at.end);
        (text.get(at) == Some(&b':')).then_some(())?;
        let start = past_blanks(text, at + 1);
        let value = start..value_end(text, start)?;
        at = past_blanks(text, value.end);
        found.push(Member { key, key_at, value });
        match text.get(at)? {
            b',' => at = past_blanks(text, at + 1),
            b'}' => break,
            _ => return None,
        }
    }
    (text.get(at) == Some(&b'}')).then_some(found)
}

/// What has to go so that a member goes, its comma with it.
pub(super) fn cut(object: &Range<usize>, members: &[Member], index: usize) -> Option<Range<usize>> {
    let own = members.get(index)?.whole();
    Some(match (index.checked_sub(1).and_then(|before| members.get(before)), members.get(index + 1)) {
        (_, Some(next)) => own.start..next.key_at.start,
        (Some(previous), None) => previous.value.end..own.end,
        (None, None) => object.start + 1..object.end.checked_sub(1)?,
    })
}

/// The text with every value hidden that may be a secret: what is left are names, helpers, numbers. Line for line. Of a text
/// that `document` did not parse as a whole, anything may be shown: not for such.
pub(super) fn veiled(text: &[u8]) -> Option<String> {
    let whole = outermost(text)?;
    let mut shown = Vec::with_capacity(text.len());
    shown.extend_from_slice(&text[..whole.start]);
    veil(text, &whole, &mut Vec::new(), &mut shown)?;
    shown.extend_from_slice(&text[whole.end..]);
    Some(String::from_utf8_lossy(&shown).into_owned())
}

fn veil<'t>(text: &'t [u8], value: &Range<usize>, way: &mut Vec<String>, shown: &mut Vec<u8>) -> Option<()> {
    let mut done = value.start;
    match text.get(value.start)? {
        b'{' => {
            for Member { key, key_at, value } in members(text, value)? {
                shown.extend_from_slice(text.get(done..key_at.start)?);
                let is_server = way.len() == 1 && way.first().is_some_and(|member| names_servers(member));
                let safe = if is_server { misplaced::server(&key) } else { misplaced::name(&key) };
                let bytes: &'t [u8] = &text[key_at.clone()];
                if safe == key {
                    shown.extend_from_slice(bytes);
                } else {
                    shown.extend(serde_json::to_vec(&safe).ok()?);
                }
                shown.extend_from_slice(text.get(key_at.end..value.start)?);
                way.push(folded(&key));
                veil(text, &value, way, shown)?;
                way.pop();
                done = value.end;
            }
        }
        b'[' => {
            for item in items(text, value)? {
                shown.extend_from_slice(text.get(done..item.start)?);
                veil(text, &item, way, shown)?;
                done = item.end;
            }
        }
        b'"' => {
            let names_helper = match way.as_slice() {
                [key] => key == "credsstore",
                [key, _] => key == "credhelpers",
                _ => false,
            };
            let is_honest = || {
                let name = serde_json::from_slice::<String>(text.get(value.clone())?).ok()?;
                Some(misplaced::helper(&name) == name)
            };
            if value.len() > 2 && !(names_helper && is_honest() == Some(true)) {
                shown.extend_from_slice(MASK.as_bytes());
                done = value.end;
            }
        }
        // A password of digits alone is one too.
        _ if way.iter().any(|key| holds(key)) => {
            shown.extend_from_slice(MASK.as_bytes());
            done = value.end;
        }
        _ => {}
    }
    shown.extend_from_slice(text.get(done..value.end)?);
    Some(())
}

/// The items of a list.
fn items(text: &[u8], list: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut at = past_blanks(text, list.start + 1);
    let mut found = Vec::new();
    while text.get(at)? != &b']' {
        let end = value_end(text, at)?;
        found.push(at..end);
        at = past_blanks(text, end);
        if text.get(at)? == &b',' {
            at = past_blanks(text, at + 1);
        }
    }
    Some(found)
}

fn past_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// Where the value that begins there ends.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match text.get(at) {
            Some(b'"') => {
                at = string_end(text, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') if depth == 0 => return (at > start).then_some(at),
            Some(b'}' | b']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            Some(b',' | b' ' | b'\t' | b'\r' | b'\n') if depth == 0 => return (at > start).then_some(at),
            Some(_) => {}
            None => return (depth == 0 && at > start).then_some(at),
        }
        at += 1;
    }
}

fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let text = text.as_bytes();
        let members = members(text, &outermost(text).expect("a value")).expect("an object");
        let shown = |range: Range<usize>| String::from_utf8_lossy(&text[range]).into_owned();
        members.into_iter().map(|member| (member.key, shown(member.value))).collect()
    }

    #[test]
    fn members_are_found_whatever_they_hold() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            found(" {\"a\\\"}\": \"x}\\\\\\\"\",\n\"b\":[{\"c\":\"]\"}, 1] , \"d\":-1.5e3,\"\\u0065\":null}\n"),
            [pair("a\"}", "\"x}\\\\\\\"\""), pair("b", "[{\"c\":\"]\"}, 1]"), pair("d", "-1.5e3"), pair("e", "null")]
        );
        assert!(found("{}").is_empty() && found("{ \n }").is_empty());
        for text in ["[]", "1", "\"x\""] {
            assert!(members(text.as_bytes(), &(0..text.len())).is_none(), "{text}");
        }
    }

    #[test]
    fn one_goes_and_the_rest_is_as_it_was() {
        let text = "{\n\t\"a\": 1,\n\t\"b\": {\"x\": 2},\n\t\"c\": 3\n}";
        let without = |text: &str, index| {
            let object = outermost(text.as_bytes()).expect("a value");
            let members = members(text.as_bytes(), &object).expect("members");
            let cut = cut(&object, &members, index).expect("a cut");
            format!("{}{}", &text[..cut.start], &text[cut.end..])
        };
        assert_eq!(without(text, 0), "{\n\t\"b\": {\"x\": 2},\n\t\"c\": 3\n}");
        assert_eq!(without(text, 1), "{\n\t\"a\": 1,\n\t\"c\": 3\n}");
        assert_eq!(without(text, 2), "{\n\t\"a\": 1,\n\t\"b\": {\"x\": 2}\n}");
        assert_eq!(without("{ \"a\" : \"}\" }", 0), "{}");
    }

    #[test]
    fn no_value_that_may_be_a_secret_is_shown() {
        let text = "{\"auths\":{\"u:pw1@h\":{\"auth\":\"pw2\",\"n\":7}},\n\"credsStore\":\"pass\",\"credHelpers\":{\"h\":\"ecr\"},\n\
                    \"x\":[\"pw3\",{\"credsStore\":\"pw4\"},true],\"y\":\"\",\n\
                    \"auths\":{\"g\":{\"Password\":20250817,\"auth\":[20250817]}}}";
        let shown = veiled(text.as_bytes()).expect("shown");
        assert!(!shown.contains("pw") && !shown.contains("2025"), "{shown}");
        assert_eq!(shown.lines().count(), text.lines().count());
        for kept in ["\"credsStore\":\"pass\"", "\"h\":\"ecr\"", "\"n\":7", "true]", "\"y\":\"\""] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }
}

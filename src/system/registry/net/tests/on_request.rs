//! What a check does only where a person asks for more: somebody made up, a repository, the pulls that are left.

#![cfg(feature = "net")]

use super::*;
use crate::system::registry::pulls::Pulls;

#[test]
fn somebody_made_up_tells_a_token_server_that_knows_its_users() {
    let knows = |seen: &Seen| match seen.auth() {
        "" => issued("nobodys"),
        auth if auth == basic_auth() => issued("ours"),
        _ => Reply::json(403, r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#),
    };
    let strict = || {
        let mut bench = Bench::new();
        bench.conditions.strict = true;
        bench
    };
    assert_eq!(Bench::new().try_at(&by_token(knows, |_| true).name()).outcome, Out::OkUnproven);
    let server = by_token(knows, |_| true);
    let checked = strict().try_at(&server.name());
    assert_eq!((checked.outcome, checked.evidence), (Out::OkProved, Some(Evidence::Proved)), "{checked:#?}");
    let mut asked = server.seen();
    asked.retain(|seen| seen.auth().starts_with("Basic "));
    assert_eq!(asked.len(), 2);
    assert!(asked[1].path.contains("account=regpass-") && !asked[1].path.contains(USER), "{}", asked[1].path);
    let all = strict().try_at(&by_token(|_| issued("one for all"), |_| true).name());
    assert_eq!(all.outcome, Out::OkUnproven, "{all:#?}");
}

#[test]
fn a_repository_is_looked_into_only_where_somebody_asks() {
    let registry = |answer: fn(&Seen) -> Reply| {
        Server::plain(move |seen| match (seen.path.contains("/manifests/"), seen.path.starts_with("/token")) {
            (true, _) => answer(seen),
            (_, true) if seen.auth() != basic_auth() => Reply::json(401, "{}"),
            (_, true) if seen.path.contains("scope=repository%3Ano%2Fway%3Apull") => Reply::json(403, "{}"),
            (_, true) => {
                issued(if seen.path.contains("scope=repository%3Ateam%2Fapp%3Apull") { "wide" } else { "ours" })
            }
            _ if seen.auth().is_empty() => {
                let host = seen.headers.get("host").cloned().unwrap_or_default();
                Reply::challenge(&format!(r#"Bearer realm="http://{host}/token",service="s""#))
            }
            _ => Reply::welcome(),
        })
    };
    let looked = |pulls: Option<Pulls>, server: &Server| {
        let mut bench = Bench::new();
        bench.conditions.pulls = pulls;
        bench.try_at(&server.name())
    };
    let is_let_in = |seen: &Seen| match seen.auth() {
        "Bearer wide" if seen.method == "HEAD" => Reply::new(200, &[], ""),
        _ => Reply::json(401, "{}"),
    };
    let server = registry(is_let_in);
    assert_eq!(looked(None, &server).outcome, Out::OkProved);
    assert!(server.seen().iter().all(|seen| !seen.path.contains("scope")), "nobody asked");
    let fine = looked(Pulls::of("team/app"), &server);
    assert!(fine.notes.contains(&"this login may pull from \"team/app\"".to_owned()), "{fine:#?}");
    assert_eq!((fine.outcome, fine.steps.last().map(|step| step.method)), (Out::OkProved, Some("HEAD")));
    for refused in ["other/app", "no/way"] {
        let refused = looked(Pulls::of(refused), &server);
        assert_eq!((refused.outcome, refused.evidence), (Out::InsufficientScope, None), "{refused:#?}");
    }
    let empty = looked(Pulls::of("team/app"), &registry(|_| Reply::json(404, "{}")));
    assert!(empty.notes.iter().any(|note| note.contains("nothing is tagged latest")), "{empty:#?}");

    let limited =
        |_: &Seen| Reply::new(200, &[("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "76;w=21600")], "");
    let told = looked(Some(Pulls::of_the_hub()), &registry(limited));
    assert!(told.notes.contains(&"76 of 100 pulls are left, of those in 6 h".to_owned()), "{told:#?}");
    let none = looked(Some(Pulls::of_the_hub()), &registry(|_| Reply::new(200, &[], "")));
    assert!(none.notes.contains(&"it tells of no limit of pulls".to_owned()), "{none:#?}");
    let closed = looked(Some(Pulls::of_the_hub()), &registry(|_| Reply::json(401, "{}")));
    assert_eq!(closed.outcome, Out::OkProved, "{closed:#?}");
}

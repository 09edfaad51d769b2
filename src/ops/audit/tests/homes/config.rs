//! Docker's configuration.

use super::*;

pub(super) const ROWS: &[OnHome] = &[
    ("CFG01", |bench| bench.docker("{\"auths\": {},}"), 1),
    ("CFG01", |bench| bench.docker("{} {}"), 1),
    ("CFG01", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":123}},"credsStore":5,"credHelpers":[]}"#), 3),
    ("CFG01", |bench| bench.docker("[]"), 1),
    (
        "CFG01",
        |bench| bench.docker(r#"{"auths":null,"credsStore":null,"HttpHeaders":{"a":null},"auths":{"a":null}}"#),
        0,
    ),
    ("CFG01", |bench| bench.docker("{}\n"), 0),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"bm9jb2xvbg=="}}}"#), 1),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"OnB3"}}}"#), 1),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"dTpwdw==\n"}}}"#), 0),
    ("CFG02", |bench| bench.docker(&inline()), 0),
    (
        "CFG03",
        |bench| {
            bench.docker("{}");
            bench.mode("home/.docker/config.json", 0o644);
            bench.mode("home/.docker", 0o755);
        },
        2,
    ),
    (
        "CFG03",
        |bench| {
            bench.docker("{}");
            bench.mode("home/.docker/config.json", 0o400);
        },
        0,
    ),
    (
        "CFG05",
        |bench| {
            std::fs::create_dir_all(bench.at("home/.docker")).expect("a folder");
            symlink("nowhere.json", bench.at("home/.docker/config.json")).expect("a link");
        },
        1,
    ),
    (
        "CFG05",
        |bench| {
            bench.put("home/dotfiles/config.json", "{}");
            std::fs::create_dir_all(bench.at("home/.docker")).expect("a folder");
            symlink(bench.at("home/dotfiles/config.json"), bench.at("home/.docker/config.json")).expect("a link");
        },
        0,
    ),
    ("CFG06", |bench| bench.docker("{}"), 0),
    ("CFG04", |bench| bench.docker("{}"), 0),
    ("CFG07", |bench| bench.docker(r#"{"credStore":"pass"}"#), 1),
    ("CFG07", |bench| bench.docker(r#"{"credsstore":"pass"}"#), 1),
    ("CFG07", |bench| bench.docker(r#"{"credsStore":"pass","credHelpers":{},"auths":{},"psFormat":"x"}"#), 0),
    ("CFG08", |bench| bench.docker(r#"{"credsStore":"pass","credsStore":"x"}"#), 1),
    ("CFG08", |bench| bench.docker(r#"{"auths":{"a":{},"b":{}}}"#), 0),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}}}"#), 1),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}},"credHelpers":{"a.test":"pass"}}"#), 0),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}},"credHelpers":{"b.test":"pass"}}"#), 1),
    ("CFG09", |bench| bench.docker(r#"{"auths":{}}"#), 0),
    ("CFG10", |bench| helper_on_path(bench), 1),
    (
        "CFG10",
        |bench| {
            helper_on_path(bench);
            bench.docker(r#"{"credsStore":"secretservice"}"#);
        },
        0,
    ),
    ("CFG10", |bench| bench.docker("{}"), 0),
];

//! Secrets in clear.

use super::*;

fn old_inline() -> String {
    format!(r#"{{"auths":{{"https://a.test/v1/":{{"auth":"{AUTH}"}}}},"credsStore":"pass"}}"#)
}

fn process(bench: &Bench, file: &str, content: &str) {
    bench.put(&format!("machine/proc/4711/{file}"), content);
}

pub(super) const ROWS: &[OnHome] = &[
    ("INL01", |bench| bench.docker(&inline()), 1),
    ("INL01", |bench| bench.docker(&format!("{{\"auths\":{{\n\"a\":{{\"auth\":\"{AUTH}\"}},\n}}}}")), 1),
    ("INL01", |bench| bench.docker(r#"{"auths":{"a.test":{},"b.test":{"email":"b@b.test"},"c.test":{"auth":""}}}"#), 0),
    ("INL01", |bench| bench.docker(&format!(r#"{{"Auths":{{"a.test":{{"AUTH":"{AUTH}"}}}}}}"#)), 1),
    (
        "INL01",
        |bench| bench.docker(&format!(r#"{{"auths":{{"https://u:{SECRET}@a.test":{{"password":"{SECRET}"}}}}}}"#)),
        1,
    ),
    (
        "INL02",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.password-store/docker-credential-helpers/YS50ZXN0/bob.gpg", "x");
        },
        1,
    ),
    (
        "INL02",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.password-store/docker-credential-helpers/Yi50ZXN0/bob.gpg", "x");
        },
        0,
    ),
    ("INL03", |bench| bench.docker(&old_inline()), 1),
    ("INL03", |bench| bench.docker(&old_inline().replace("https://a.test/v1/", "https://index.docker.io/v1/")), 0),
    ("INL04", |bench| bench.put("home/.dockercfg", &format!(r#"{{"a.test":{{"auth":"{AUTH}"}}}}"#)), 1),
    ("INL04", |bench| bench.put("home/.dockercfg", "{}"), 0),
    ("INL05", |bench| bench.put("home/.config/containers/auth.json", &inline()), 1),
    (
        "INL05",
        |bench| {
            bench.set("REGISTRY_AUTH_FILE", bench.at("elsewhere/a.json").to_string_lossy().into_owned());
            bench.put("elsewhere/a.json", &inline());
        },
        1,
    ),
    ("INL05", |bench| bench.put("home/.config/containers/auth.json", r#"{"auths":{"a.test":{}}}"#), 0),
    ("INL06", |bench| bench.put("home/.config/helm/registry/config.json", &inline()), 1),
    (
        "INL06",
        |bench| {
            let text = format!("repositories:\n- name: a\n  password: {SECRET}\n  url: https://a.test\n");
            bench.put("home/.config/helm/repositories.yaml", &text);
        },
        1,
    ),
    (
        "INL06",
        |bench| bench.put("home/.config/helm/repositories.yaml", "repositories:\n- name: a\n  password: \"\"\n"),
        0,
    ),
    ("INL09", |bench| bench.set("DOCKER_AUTH_CONFIG", inline()), 1),
    ("INL09", |bench| bench.put("home/.bashrc", &format!("export DOCKER_AUTH_CONFIG='{}'\n", inline())), 1),
    (
        "INL09",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/x.service.d/a.conf",
                &format!("[Service]\nEnvironment=DOCKER_AUTH_CONFIG={}\n", inline()),
            );
        },
        1,
    ),
    ("INL09", |bench| bench.put("home/.bashrc", "# export DOCKER_AUTH_CONFIG='{}'\nexport DOCKER_AUTH_CONFIG=\n"), 0),
    ("INL10", |bench| process(bench, "environ", &format!("HOME=/x\0REGISTRY_PASSWORD={SECRET}\0")), 1),
    ("INL10", |bench| process(bench, "environ", "HOME=/x\0REGISTRY_PASSWORD_FILE=/run/x\0POSTGRES_PASSWORD=x1\0"), 0),
    ("INL11", |bench| process(bench, "cmdline", &format!("docker\0login\0-p\0{SECRET}\0a.test\0")), 1),
    ("INL11", |bench| process(bench, "cmdline", "docker\0login\0--password-stdin\0a.test\0"), 0),
    (
        "INL12",
        |bench| bench.put("home/.bash_history", &format!("ls\n#1700000000\ndocker login -u bob -p {SECRET} a.test\n")),
        1,
    ),
    (
        "INL12",
        |bench| {
            bench.set("HISTFILE", bench.at("home/.mine").to_string_lossy().into_owned());
            bench.put("home/.mine", &format!(": 1700000000:0;echo {SECRET} | podman login --password-stdin a.test\n"));
        },
        1,
    ),
    (
        "INL12",
        |bench| {
            bench.put(
                "home/.bash_history",
                &format!("# docker login -p {SECRET}\ndocker login -p $P a.test\ndocker login a.test\n"),
            )
        },
        0,
    ),
    (
        "INL13",
        |bench| {
            bench.put("projects/a/.github/workflows/ci.yaml", &format!("  - run: docker login -u bob -p {SECRET}\n"))
        },
        1,
    ),
    (
        "INL13",
        |bench| bench.put("projects/a/.gitlab-ci.yml", &format!("variables:\n  REGISTRY_PASSWORD: {SECRET}\n")),
        1,
    ),
    ("INL13", |bench| bench.put("projects/a/.gitlab-ci.yml", "script:\n  - docker login -u bob -p $CI_JOB_TOKEN\n"), 0),
    ("INL14", |bench| bench.put("home/.env", &format!("HARBOR_TOKEN={SECRET}\n")), 1),
    ("INL14", |bench| bench.put("projects/a/compose.yaml", &format!("      - REGISTRY_PASSWORD={SECRET}\n")), 1),
    ("INL14", |bench| bench.put("home/.env", "HARBOR_TOKEN=\nHARBOR_TOKEN=${OTHER}\nDB_PASSWORD=x1\n"), 0),
    (
        "INL15",
        |bench| bench.put("machine/etc/cron.d/pull", &format!("0 1 * * * root docker login -p {SECRET} a.test\n")),
        1,
    ),
    (
        "INL15",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/pull.service",
                &format!("[Service]\nExecStart=/usr/bin/docker login -p {SECRET}\n"),
            );
        },
        1,
    ),
    ("INL15", |bench| bench.put("machine/etc/cron.d/pull", "0 1 * * * root docker login --password-stdin < /x\n"), 0),
    ("INL17", |bench| bench.docker(&format!(r#"{{"HttpHeaders":{{"Authorization":"Bearer {SECRET}"}}}}"#)), 1),
    ("INL17", |bench| bench.docker(r#"{"HttpHeaders":{"X-Meta":"build 7"}}"#), 0),
    (
        "INL18",
        |bench| bench.docker(&format!(r#"{{"proxies":{{"default":{{"httpProxy":"http://u:{SECRET}@p.test"}}}}}}"#)),
        1,
    ),
    (
        "INL18",
        |bench| {
            bench.put(
                "machine/etc/docker/daemon.json",
                &format!(r#"{{"registry-mirrors":["https://u:{SECRET}@m.test"]}}"#),
            )
        },
        1,
    ),
    (
        "INL18",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/docker.service.d/p.conf",
                &format!("[Service]\nEnvironment=\"HTTPS_PROXY=http://u:{SECRET}@p.test\"\n"),
            );
        },
        1,
    ),
    ("INL18", |bench| bench.docker(r#"{"proxies":{"default":{"httpProxy":"http://p.test:3128"}}}"#), 0),
    ("INL19", |bench| bench.put("home/.docker/config.json.bak", &inline()), 1),
    ("INL19", |bench| bench.put("home/.docker/config.json298374", &inline()), 1),
    ("INL19", |bench| bench.put("home/.docker/config.json.bak", r#"{"auths":{"a.test":{}}}"#), 0),
    (
        "INL20",
        |bench| {
            bench.docker(&inline());
            git(bench, "home", &["init", "-q"]);
            git(bench, "home", &["add", ".docker/config.json"]);
        },
        1,
    ),
    (
        "INL20",
        |bench| {
            bench.set("DOCKER_CONFIG", bench.at("home/app/docker").to_string_lossy().into_owned());
            bench.put("home/app/docker/config.json", &inline());
            bench.put("home/app/Dockerfile", "FROM scratch\n");
        },
        1,
    ),
    (
        "INL20",
        |bench| {
            bench.set("DOCKER_CONFIG", bench.at("home/app/docker").to_string_lossy().into_owned());
            bench.put("home/app/docker/config.json", &inline());
            bench.put("home/app/Dockerfile", "FROM scratch\n");
            bench.put("home/app/.dockerignore", "docker/\n");
            git(bench, "home", &["init", "-q"]);
        },
        0,
    ),
];

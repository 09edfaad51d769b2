//! Contexts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// What tells a regpass binary (`system/links.rs`).
const REGPASS: &str = "docker-credential-pass (regpass) v0";

/// bob's Docker asks regpass, whose store has a login of `a.test`; root has another home.
fn set_up(bench: &Bench) {
    bench.docker(r#"{"auths":{"a.test":{}},"credsStore":"pass"}"#);
    bench.put("home/.password-store/docker-credential-helpers/YS50ZXN0/bob.gpg", MESSAGE);
    bench.put("bin/docker-credential-pass", REGPASS);
    bench.mode("bin/docker-credential-pass", 0o755);
    accounts(bench, "");
}

/// Not a message: whose key it is for is then not known.
const MESSAGE: &str = "x";

/// The front of a message for a key that nobody has.
const FOR_A_KEY: &[u8] = &[0xc1, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0xd2, 1, 1];

fn accounts(bench: &Bench, more: &str) {
    let root = bench.at("root").display().to_string();
    std::fs::create_dir_all(&root).expect("root's home");
    bench.put("machine/etc/passwd", &format!("root:x:0:0::{root}:/bin/sh\n{more}"));
}

fn inline_here(bench: &Bench) {
    bench.docker(&inline());
    accounts(bench, "");
}

fn unit(bench: &Bench, text: &str) {
    let text = format!("[Service]\nExecStart=docker pull x\n{text}");
    bench.put("machine/etc/systemd/system/pull.service", &text);
}

fn home(bench: &Bench) -> String {
    bench.at("home").display().to_string()
}

pub(super) const ROWS: &[OnHome] = &[
    ("CTX01", |bench| accounts(bench, &format!("eve:x:4242:4242::{}:/bin/sh\n", home(bench))), 1),
    ("CTX01", |bench| accounts(bench, "eve:x:4242:4242::/home/eve:/bin/sh\n"), 0),
    (
        "CTX02",
        |bench| {
            accounts(bench, "");
            bench.put("machine/etc/sudoers", "Defaults env_keep += \"HOME\"\n");
        },
        1,
    ),
    (
        "CTX02",
        |bench| {
            accounts(bench, "");
            bench.put("machine/etc/sudoers", "Defaults env_reset, env_keep += \"HOME\", always_set_home\n");
        },
        0,
    ),
    (
        "CTX03",
        |bench| {
            inline_here(bench);
            bench.put("machine/etc/sudoers", "Defaults env_reset\n");
        },
        3,
    ),
    (
        "CTX03",
        |bench| {
            inline_here(bench);
            bench.put("root/.docker/config.json", &inline());
            unit(bench, &format!("User=root\nEnvironment=HOME={}\n", home(bench)));
        },
        0,
    ),
    (
        "CTX04",
        |bench| {
            bench.docker(&inline());
            bench.set("DOCKER_CONFIG", bench.at("nowhere").display().to_string());
        },
        1,
    ),
    ("CTX04", |bench| bench.put("home/.bashrc", "export DOCKER_CONFIG=$HOME/.config/docker\n"), 1),
    (
        "CTX04",
        |bench| {
            accounts(bench, "");
            unit(bench, "Environment=DOCKER_CONFIG=/nowhere/x\n");
        },
        1,
    ),
    (
        "CTX04",
        |bench| {
            let folder = bench.at("home/own").display().to_string();
            bench.put("home/own/config.json", &inline());
            bench.put("home/.bashrc", "export DOCKER_CONFIG=~/own\n# export DOCKER_CONFIG=/other\n");
            bench.set("DOCKER_CONFIG", folder);
        },
        0,
    ),
    ("CTX04", |bench| bench.put("home/.bashrc", "export DOCKER_CONFIG=$HOME/.docker/\n"), 0),
    ("CTX04", |bench| bench.put("home/.bashrc", "export DOCKER_CONFIG=${DOCKER_CONFIG:-$HOME/.docker}\n"), 0),
    (
        "CTX04",
        |bench| {
            bench.put("home/.profile", "export DOCKER_CONFIG=\"${XDG_CONFIG_HOME:-$HOME/.config}/docker\"\n");
            bench.set("XDG_CONFIG_HOME", bench.at("home/own").display().to_string());
            bench.set("DOCKER_CONFIG", bench.at("home/own/docker").display().to_string());
        },
        0,
    ),
    ("CTX05", |bench| bench.put("machine/snap/docker/current/bin/docker", "x"), 1),
    ("CTX05", |bench| bench.put("machine/snap/other/current/bin/x", "x"), 0),
    (
        "CTX06",
        |bench| {
            for folder in ["bin", "bin2"] {
                bench.put(&format!("{folder}/docker"), "x");
                bench.mode(&format!("{folder}/docker"), 0o755);
            }
            bench.set("PATH", format!("{}:{}", bench.at("bin").display(), bench.at("bin2").display()));
        },
        1,
    ),
    (
        "CTX06",
        |bench| {
            bench.put("bin/docker", "x");
            bench.mode("bin/docker", 0o755);
            let _ = symlink(bench.at("bin"), bench.at("bin2"));
            bench.set("PATH", format!("{}:{}", bench.at("bin").display(), bench.at("bin2").display()));
            bench.put("machine/run/docker.sock", "");
        },
        0,
    ),
    (
        "CTX07",
        |bench| {
            inline_here(bench);
            unit(bench, "");
        },
        1,
    ),
    (
        "CTX07",
        |bench| {
            inline_here(bench);
            unit(bench, &format!("Environment=HOME={}\n", home(bench)));
        },
        0,
    ),
    (
        "CTX07",
        |bench| {
            inline_here(bench);
            bench.put("machine/etc/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n");
        },
        0,
    ),
    (
        "CTX08",
        |bench| {
            set_up(bench);
            let table = format!("HOME={}\n1 1 * * * root docker pull x\n", home(bench));
            bench.put("machine/etc/crontab", &table);
        },
        1,
    ),
    (
        "CTX08",
        |bench| {
            inline_here(bench);
            bench.put("machine/etc/crontab", "1 1 * * * root docker pull x\n");
        },
        0,
    ),
    (
        // Many logins, of which each is for a key that only the key file of this shell replaces.
        "CTX08",
        |bench| {
            set_up(bench);
            for number in 0..150 {
                let folder = STANDARD.encode(format!("r{number}.test"));
                let entry = format!("home/.password-store/docker-credential-helpers/{folder}/bob.gpg");
                bench.put(&entry, "");
                let _ = std::fs::write(bench.at(&entry), FOR_A_KEY);
            }
            bench.put("key", "x");
            bench.set("REGPASS_KEY_FILE", bench.at("key").display().to_string());
            let (home, path) = (home(bench), bench.at("bin").display().to_string());
            bench.put("machine/etc/crontab", &format!("HOME={home}\nPATH={path}\n1 1 * * * root docker pull x\n"));
        },
        1,
    ),
    (
        "CTX09",
        |bench| {
            bench.all_users = true;
            let eve = bench.at("eve").display().to_string();
            bench.put("eve/.docker/config.json", &inline());
            accounts(bench, &format!("eve:x:4242:4242::{eve}:/bin/sh\n"));
            for folder in ["", "eve", "eve/.docker"] {
                bench.mode(folder, 0o755);
            }
            bench.mode("eve/.docker/config.json", 0o644);
        },
        1,
    ),
    ("CTX09", |bench| bench.all_users = true, 0),
    (
        "CTX10",
        |bench| {
            set_up(bench);
            unit(
                bench,
                &format!("Environment=DOCKER_CONFIG={}/.docker PATH={}\n", home(bench), bench.at("bin").display()),
            );
        },
        1,
    ),
    (
        "CTX10",
        |bench| {
            set_up(bench);
            unit(bench, &format!("Environment=HOME={} PATH={}\n", home(bench), bench.at("bin").display()));
        },
        0,
    ),
    (
        "CTX12",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.gnupg/x", "x");
        },
        0,
    ),
    ("CTX13", |bench| bench.set("DOCKER_HOST", "tcp://far.test:2376"), 1),
    ("CTX13", |bench| bench.set("DOCKER_HOST", "unix:///run/user/1000/docker.sock"), 0),
    (
        "HLP03",
        |bench| {
            set_up(bench);
            bench.put("machine/etc/sudoers", "Defaults env_keep += HOME, secure_path=/nowhere\n");
        },
        1,
    ),
    (
        "HLP03",
        |bench| {
            set_up(bench);
            let path = bench.at("bin").display().to_string();
            bench.put("machine/etc/sudoers", &format!("Defaults env_keep += HOME, secure_path={path}\n"));
        },
        0,
    ),
    (
        "HLP05",
        |bench| {
            bench.docker(r#"{"credsStore":"pass"}"#);
            bench.put("home/.config/helm/registry/config.json", r#"{"credsStore":"secretservice"}"#);
            bench.put("home/.config/containers/registries.conf", "credential-helpers = [\"ecr-login\"]\n");
        },
        2,
    ),
    (
        "HLP05",
        |bench| {
            bench.docker(r#"{"credsStore":"pass"}"#);
            bench.put("home/.config/helm/registry/config.json", r#"{"credsStore":"regpass"}"#);
            let conf = "credential-helpers = [\"containers-auth.json\", \"pass\"]\n";
            bench.put("home/.config/containers/registries.conf", conf);
        },
        0,
    ),
];

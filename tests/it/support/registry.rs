//! A real registry with accounts (docker-registry with htpasswd, on a free loopback port), a real Docker daemon with its
//! own everything, and an image small enough to be made by hand. All end with the test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::service::{Service, succeeds};
use super::{Answer, Sandbox, peer, run, skip};

/// A port found free may be taken before the registry binds it.
const ATTEMPTS: usize = 5;

/// Containers are never started, so neither network nor firewall is touched.
const DAEMON_OPTIONS: [&str; 5] =
    ["--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none", "--log-level=warn"];

/// A registry that lets in `accounts` and nobody else.
pub struct Registry {
    _service: Service,
    address: String,
}

impl Registry {
    /// None (and the test is noted as skipped) where no registry or no htpasswd is installed.
    pub fn start(sandbox: &Sandbox, accounts: &[(&str, &str)]) -> Option<Registry> {
        peer("docker-registry")?;
        peer("htpasswd")?;
        let passwords = sandbox.path().join("htpasswd");
        std::fs::write(&passwords, b"").expect("the accounts");
        for (user, password) in accounts {
            let file = passwords.to_str().expect("UTF-8");
            // The registry knows bcrypt only; cost 4 is the fastest.
            sandbox.run("htpasswd", &["-i", "-B", "-C", "4", file, user], password.as_bytes()).ok();
        }
        Registry::with(sandbox, &format!("{{htpasswd: {{realm: test, path: {}}}}}", passwords.display()), None)
    }

    /// One whose `auth` is this, encrypted with a certificate and its key in files where they are given. None as for `start`.
    pub fn with(sandbox: &Sandbox, auth: &str, pair: Option<[&Path; 2]>) -> Option<Registry> {
        peer("docker-registry")?;
        let folder = tempfile::tempdir_in(sandbox.path()).expect("a folder for the registry").keep();
        let tls = pair.map_or_else(String::new, |[certificate, key]| {
            format!(", tls: {{certificate: {}, key: {}}}", certificate.display(), key.display())
        });
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let config = folder.join("config.yml");
            let text = registry_config(&folder, &address, &tls, auth);
            std::fs::write(&config, text).expect("the registry's configuration");
            let args = ["serve", config.to_str().expect("UTF-8")];
            let mut service = Service::start(sandbox, "docker-registry", &args, folder.join("log"));
            if service.wait_until(|| TcpStream::connect(&address).is_ok()) {
                return Some(Registry { _service: service, address });
            }
        }
        panic!("docker-registry does not start");
    }

    /// `127.0.0.1:PORT`: what a person types, and the key under which clients ask for its login.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn registry_config(folder: &Path, address: &str, tls: &str, auth: &str) -> String {
    let folder = folder.display();
    format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {folder}/blobs}}}}\n\
         http: {{addr: '{address}', secret: test{tls}}}\nauth: {auth}\n"
    )
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}

/// A Docker daemon with its own data, socket and containerd.
pub struct Daemon {
    // Ended first, and only then may the next daemon start: two at once would take a small machine's breath.
    _service: Service,
    _data: MountPoint,
    host: String,
    _turn: MutexGuard<'static, ()>,
}

/// The daemon mounts its data folder onto itself, and leaves that behind where the file system's root is not mounted at `/`
/// (a container, a subvolume).
struct MountPoint(PathBuf);

impl Drop for MountPoint {
    fn drop(&mut self) {
        succeeds(Command::new("umount").arg(&self.0));
    }
}

static TURN: Mutex<()> = Mutex::new(());

impl Daemon {
    /// None (and the test is noted as skipped) where none can run: it needs root and the program.
    pub fn start(sandbox: &Sandbox) -> Option<Daemon> {
        peer("dockerd")?;
        peer("docker")?;
        if !rustix::process::geteuid().is_root() {
            skip("only root can start a Docker daemon");
            return None;
        }
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = sandbox.path().join("daemon");
        std::fs::create_dir(&folder).expect("a folder for the daemon");
        let at = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
        let host = format!("unix://{}", at("socket"));
        let own = ["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid"), "--host", &host];
        let config = ["--config-file", &at("no-daemon.json")];
        std::fs::write(folder.join("no-daemon.json"), b"{}").expect("an empty configuration");
        let args = [&own[..], &DAEMON_OPTIONS[..], &config[..]].concat();
        let data = MountPoint(folder.join("data"));
        let mut service = Service::start(sandbox, "dockerd", &args, folder.join("log"));
        let up = service.wait_until(|| succeeds(sandbox.command("docker").args(["--host", &host, "version"])));
        if !up {
            let log = service.log();
            drop(service);
            skip(&format!("no Docker daemon can run here: {}", log.lines().last().unwrap_or("it said nothing")));
            return None;
        }
        Some(Daemon { _service: service, _data: data, host, _turn: turn })
    }

    /// What `--host` takes.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// A docker-archive of one image `tiny:1` with one layer holding one file.
pub fn image_archive(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.path().join("image");
    std::fs::create_dir(&folder).expect("a folder for the image");
    let tar = |archive: &str, files: &[&str]| tool(sandbox, "tar", &[&["-cf", archive], files].concat());
    std::fs::write(folder.join("hello"), b"hello\n").expect("the layer's file");
    tar("layer.tar", &["hello"]);
    let digest = tool(sandbox, "sha256sum", &["layer.tar"]).out();
    let digest = digest.split(' ').next().expect("a digest");
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["sha256:{digest}"]}}}}"#
    );
    std::fs::write(folder.join("config.json"), config).expect("the image's configuration");
    let manifest = r#"[{"Config":"config.json","RepoTags":["tiny:1"],"Layers":["layer.tar"]}]"#;
    std::fs::write(folder.join("manifest.json"), manifest).expect("the archive's manifest");
    tar("tiny.tar", &["manifest.json", "config.json", "layer.tar"]);
    folder.join("tiny.tar")
}

fn tool(sandbox: &Sandbox, program: &str, args: &[&str]) -> Answer {
    let command: &mut Command = &mut sandbox.command(program);
    run(command.current_dir(sandbox.path().join("image")).args(args), b"").ok()
}

//! Waits in the kernel, without a timer, until one file is written, made or removed; its folder need not be there yet. Also
//! until another program opens the terminal or is done with it. What other machines do on a network's file system is not seen.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// Room for some events, in bytes; each has a name of at most 255.
const BUFFER: usize = 4096;

/// Leads to the file that our stdin is (proc_pid_fd(5)).
const STDIN: &str = "/proc/self/fd/0";

/// Of the file's own folder. A change of rights, too, changes what can be read.
const CHANGES: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ATTRIB);

/// Of a folder above it, as long as its own is not there.
const ARRIVALS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::MOVED_TO);

/// Of both: the folder itself goes away.
const ENDS: WatchFlags = WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF).union(WatchFlags::ONLYDIR);

/// After these the folder of that name is another one, or events are missing.
const LOST: ReadFlags = ReadFlags::DELETE_SELF
    .union(ReadFlags::MOVE_SELF)
    .union(ReadFlags::IGNORED)
    .union(ReadFlags::UNMOUNT)
    .union(ReadFlags::QUEUE_OVERFLOW);

/// A file that is waited for.
#[derive(Debug)]
pub struct Watching {
    file: PathBuf,
    inotify: OwnedFd,
    /// The folder that is watched: the file's own or the nearest one above it that is there.
    at: Option<(PathBuf, i32)>,
}

impl Watching {
    /// Changes from now on are seen. The path has to be absolute.
    pub fn start(file: PathBuf) -> io::Result<Watching> {
        let mut watching = Watching { file, inotify: inotify::init(CreateFlags::CLOEXEC)?, at: None };
        watching.aim()?;
        Ok(watching)
    }

    /// Returns when the file may be another than at the last call, or than at the start.
    pub fn wait(&mut self) -> io::Result<()> {
        loop {
            if self.aim()? || self.read()? {
                return Ok(());
            }
        }
    }

    /// Watches the folder that is nearest to the file; true when that is another than before.
    fn aim(&mut self) -> io::Result<bool> {
        let mut moved = false;
        loop {
            let nearest = self.file.ancestors().skip(1).find(|folder| folder.is_dir());
            let folder = nearest.ok_or(io::ErrorKind::NotFound)?.to_owned();
            if self.at.as_ref().is_some_and(|(at, _)| *at == folder) {
                return Ok(moved);
            }
            if let Some((_, old)) = self.at.take() {
                // One that went away took its watch with it.
                let _ = inotify::remove_watch(&self.inotify, old);
            }
            let wanted = if self.is_its_own(&folder) { CHANGES } else { ARRIVALS };
            match inotify::add_watch(&self.inotify, &folder, wanted | ENDS) {
                Ok(watch) => self.at = Some((folder, watch)),
                Err(Errno::NOENT | Errno::NOTDIR) => continue,
                Err(error) => return Err(error.into()),
            }
            // Once more: a nearer one may have come before this one was watched.
            moved = true;
        }
    }

    fn is_its_own(&self, folder: &Path) -> bool {
        self.file.parent() == Some(folder)
    }

    /// Waits for events; true when one was about the file.
    fn read(&mut self) -> io::Result<bool> {
        let Some((folder, watch)) = &self.at else { return Ok(false) };
        let own = self.is_its_own(folder);
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        let (mut news, mut lost) = (false, false);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let overflow = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
            if event.wd() == *watch || overflow {
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                news |= own && name == self.file.file_name();
                lost |= event.events().intersects(LOST);
            }
            if reader.is_buffer_empty() {
                break;
            }
        }
        if lost {
            self.at = None;
        }
        Ok(news || lost)
    }
}

/// What another program did with the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    Opened,
    /// Closed, by one who could write.
    Closed,
}

/// Programs that open a terminal by its name, as a pinentry does for as long as it asks.
#[derive(Debug)]
pub struct Visits {
    inotify: OwnedFd,
}

impl Visits {
    /// To the terminal of our stdin; those from now on are seen.
    pub fn start() -> io::Result<Visits> {
        let inotify = inotify::init(CreateFlags::CLOEXEC)?;
        inotify::add_watch(&inotify, STDIN, WatchFlags::OPEN | WatchFlags::CLOSE_WRITE)?;
        Ok(Visits { inotify })
    }

    /// The next ones, in their order.
    pub fn wait(&mut self) -> io::Result<Vec<Visit>> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        let mut visits = Vec::new();
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::OPEN) => visits.push(Visit::Opened),
                Ok(event) if event.events().contains(ReadFlags::CLOSE_WRITE) => visits.push(Visit::Closed),
                Ok(event) if event.events().contains(ReadFlags::IGNORED) => {
                    return Err(io::ErrorKind::NotFound.into());
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if reader.is_buffer_empty() && !visits.is_empty() {
                return Ok(visits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    impl Watching {
        /// What `wait` would return for now: the kernel has queued the events of what was done before.
        fn has_news(&mut self) -> bool {
            let mut news = self.aim().expect("watched");
            while poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], Some(&Timespec::default())).expect("polled")
                > 0
            {
                news |= self.read().expect("read");
            }
            news |= self.aim().expect("watched");
            news
        }
    }

    #[test]
    fn every_way_a_file_changes_is_seen_and_its_neighbours_are_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, other) = (dir.path().join("journal"), dir.path().join("other"));
        let mut watching = Watching::start(file.clone()).expect("watched");
        assert!(!watching.has_news());
        fs::write(&file, "a").expect("written");
        assert!(watching.has_news(), "a new file");
        let more = fs::OpenOptions::new().append(true).open(&file);
        more.and_then(|mut file| io::Write::write_all(&mut file, b"b")).expect("grown");
        watching.wait().expect("a line more");
        fs::write(&other, "c").expect("written");
        assert!(!watching.has_news(), "a neighbour");
        fs::rename(&other, &file).expect("replaced");
        assert!(watching.has_news(), "another file in its place");
        fs::read(&file).expect("read");
        assert!(!watching.has_news(), "a reader");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("changed");
        assert!(watching.has_news(), "other rights");
        fs::rename(&file, &other).expect("moved");
        assert!(watching.has_news(), "moved away");
        fs::rename(&other, &file).expect("moved");
        assert!(watching.has_news(), "and back");
        fs::remove_file(&file).expect("removed");
        assert!(watching.has_news(), "its end");
    }

    #[test]
    fn folders_come_and_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("state/regpass");
        let file = folder.join("journal");
        let mut watching = Watching::start(file.clone()).expect("watched");
        for round in ["first", "second"] {
            fs::create_dir_all(&folder).expect("made");
            assert!(watching.has_news(), "{round}");
            fs::write(&file, "b").expect("written");
            watching.wait().expect(round);
            assert!(!watching.has_news(), "{round}");
            fs::remove_dir_all(dir.path().join("state")).expect("removed");
            assert!(watching.has_news(), "{round}");
        }
    }
}

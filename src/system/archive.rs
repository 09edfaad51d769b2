//! Archives in memory: named texts as one tar, for others to unpack.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use tar::{Builder, Header};

/// A tar of these files, each for its owner alone, nobody's in particular.
pub fn tar(files: &[(String, &[u8])], time: SystemTime) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_size(u64::try_from(bytes.len()).map_err(io::Error::other)?);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(seconds);
        archive.append_data(&mut header, name, *bytes)?;
    }
    archive.into_inner()
}

//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes beside `path`, then renames: whoever reads `path` finds the old file or the new one,
/// whether the writer was killed, the disk is full or the power failed. What cannot
/// be written leaves nothing behind.
///
/// # Errors
/// What the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    rename(&write_beside(path, bytes)?, path)
}

/// Writes what is to be renamed to `path`, and says where.
pub(crate) fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = beside(path);
    write_synced(&temporary, bytes).inspect_err(|_| {
        // The disk may be full: what was half written takes up the rest of it.
        let _ = fs::remove_file(&temporary);
    })?;
    Ok(temporary)
}

/// Gives a file another name, and waits until the folder has it.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

/// Waits until the names in the folder of `path` are on the disk. Elsewhere than on Unix a folder
/// cannot be opened, and the system sees to it.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        write_whole(&path, b"old").expect("write");
        // Nothing can be written where a folder stands.
        fs::create_dir(beside(&path)).expect("a folder");
        write_whole(&path, b"new").expect_err("an error");
        assert_eq!(fs::read(&path).expect("the file"), b"old");
        fs::remove_dir(beside(&path)).expect("remove");
        write_whole(&path, b"new").expect("write");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}

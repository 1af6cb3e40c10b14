//! What lies in a folder: sorted, without hidden names, links followed.

use std::fs::{self, DirEntry};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::data::DataError;

/// What a file's name must end in to be taken for a picture, in any case.
const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "bmp", "gif"];

/// The folders directly inside `dir`, by name.
pub(super) fn list_folders(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = entries(dir)?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

/// The files below `dir`, at any depth, whose names are those of pictures; by path.
///
/// A link that leads nowhere is listed like any file: reading it then tells what is wrong.
pub(in crate::data) fn list_files(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    walk(dir, &mut Vec::new(), &mut files)?;
    Ok(files)
}

/// Adds the pictures below `dir`. `above` holds the real paths of the folders that lead here: a
/// link back to one of them would never end.
fn walk(dir: &Path, above: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let real = fs::canonicalize(dir).map_err(|error| unreadable(dir, &error))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for path in entries(dir)? {
        if path.is_dir() {
            walk(&path, above, files)?;
        } else if is_picture(&path) {
            files.push(path);
        }
    }
    above.pop();
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |error: Error| unreadable(dir, &error);
    let visible = |entry: &DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if visible(&entry) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

fn unreadable(dir: &Path, error: &Error) -> DataError {
    let found = match error.kind() {
        ErrorKind::NotFound => "not found".into(),
        ErrorKind::NotADirectory => "a file".into(),
        ErrorKind::PermissionDenied => "no permission to read".into(),
        _ => error.to_string(),
    };
    DataError::Folder { path: dir.into(), found, expected: "a readable folder of pictures" }
}

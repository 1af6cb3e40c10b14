//! What lies in a folder: sorted, without hidden names, links followed.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::data::DataError;

/// What a file's name must end in to be taken for a picture, in any case.
const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "bmp", "gif"];

/// What lies directly inside a folder.
#[derive(Default)]
pub(super) struct Inside {
    /// Folders, by name.
    pub(super) folders: Vec<PathBuf>,
    /// Files whose names are those of pictures, by name.
    ///
    /// A link that leads nowhere is listed like any file: reading it then tells what is wrong.
    pub(super) pictures: Vec<PathBuf>,
}

/// The pictures of `dir` and the folders in it, links followed.
pub(super) fn inside(dir: &Path) -> Result<Inside, DataError> {
    let failed = |error: Error| unreadable(dir, &error);
    let mut inside = Inside::default();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if is_hidden(&entry) {
            continue;
        }
        if is_folder(&entry) {
            inside.folders.push(path);
        } else if is_picture(&path) {
            inside.pictures.push(path);
        }
    }
    inside.folders.sort();
    inside.pictures.sort();
    Ok(inside)
}

/// The pictures below `dir`, at any depth; by path, those of a folder before those of the folders
/// in it. A folder that links lead to more than once counts once, and `root` not at all: a link
/// back to it would make all classes one.
pub(in crate::data) fn list_files(dir: &Path, root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    if dir != root {
        seen.insert(real(root)?);
    }
    walk(dir, &mut seen, &mut files)?;
    Ok(files)
}

fn walk(
    dir: &Path,
    seen: &mut HashSet<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    if !seen.insert(real(dir)?) {
        return Ok(());
    }
    let Inside { folders, pictures } = inside(dir)?;
    files.extend(pictures);
    folders.iter().try_for_each(|folder| walk(folder, seen, files))
}

fn real(dir: &Path) -> Result<PathBuf, DataError> {
    fs::canonicalize(dir).map_err(|error| unreadable(dir, &error))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether it is a folder or leads to one. Only a link costs a look at the disk: a folder may hold
/// hundreds of thousands of files.
fn is_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if !kind.is_symlink() => kind.is_dir(),
        _ => entry.path().is_dir(),
    }
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

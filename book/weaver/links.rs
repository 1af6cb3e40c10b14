//! Links between chapters, to pictures, and to the repository's files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::markdown::Link;

/// The book's chapters, relative to its source folder, and the ids of their headings.
pub(crate) type Headings = BTreeMap<PathBuf, Vec<String>>;

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// Somewhere on the web, which is not looked at.
    Away,
    /// To a chapter, a heading, or a file of the book.
    Inside,
    /// To a file or a folder of the repository, by its address on the web.
    Source(String),
}

/// What links can lead to.
pub(crate) struct Web<'a> {
    pub(crate) headings: &'a Headings,
    /// The folder of the chapters, and the repository's around it.
    pub(crate) source: &'a Path,
    pub(crate) repository: &'a Path,
    /// The repository's own address on the web.
    pub(crate) address: Option<&'a str>,
}

impl Web<'_> {
    /// Follows a link or an image of the chapter at `chapter`.
    ///
    /// Errors say what the target should be and is not.
    pub(crate) fn follow(&self, link: &Link, chapter: &Path) -> Result<Leads, String> {
        let target = link.target.as_str();
        if link.is_image && link.words.trim().is_empty() {
            return Err(format!("`{target}` has no words for a reader who cannot see it"));
        }
        let own = self.address.and_then(|address| target.strip_prefix(address));
        if let Some(path) = own.and_then(|rest| rest.split_once("/main/")).map(|(_, path)| path) {
            return self.to_source(target, &self.repository.join(path));
        }
        if target.contains("://") || target.starts_with("mailto:") {
            return Ok(Leads::Away);
        }
        let (path, id) = match target.split_once('#') {
            Some((path, id)) => (path, Some(id)),
            None => (target, None),
        };
        let folder = chapter.parent().unwrap_or(Path::new(""));
        let page = match path {
            "" => Some(chapter.to_path_buf()),
            path => resolve(&folder.join(path)),
        };
        let Some(page) = page else {
            if link.is_image {
                return Err(format!("dead link `{target}`: it leads out of the book's sources"));
            }
            return self.to_source(target, &self.source.join(folder).join(target));
        };
        match (self.headings.get(&page), id) {
            (Some(ids), Some(id)) if !ids.iter().any(|known| known == id) => {
                Err(format!("dead link `{target}`: {} has no heading `#{id}`", page.display()))
            }
            (Some(_), _) => Ok(Leads::Inside),
            (None, None) if !path.ends_with(".md") && self.source.join(&page).is_file() => {
                Ok(Leads::Inside)
            }
            (None, _) => Err(format!("dead link `{target}`: the book has no {}", page.display())),
        }
    }

    /// The address of a file of the repository.
    fn to_source(&self, target: &str, file: &Path) -> Result<Leads, String> {
        if target.contains('#') {
            return Err(format!("`{target}`: a line is shown by a listing, not linked by number"));
        }
        let found = fs::canonicalize(file).ok();
        let inside = found.as_ref().and_then(|file| file.strip_prefix(self.repository).ok());
        let (Some(found), Some(inside)) = (&found, inside) else {
            return Err(format!("dead link `{target}`: the repository has no such file"));
        };
        let Some(address) = self.address else {
            return Err(format!("`{target}`: book.toml has no `git-repository-url` to link to"));
        };
        let kind = if found.is_dir() { "tree" } else { "blob" };
        let path = inside.to_string_lossy().replace('\\', "/");
        Ok(Leads::Source(format!("{address}/{kind}/main/{path}")))
    }
}

/// Removes `.` and `..`; `None` where the path climbs above its start.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir if resolved.pop() => {}
            _ => return None,
        }
    }
    Some(resolved)
}

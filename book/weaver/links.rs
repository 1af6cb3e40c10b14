//! Links between chapters.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The book's chapters, relative to its source folder, and the ids of their headings.
pub(crate) type Headings = BTreeMap<PathBuf, Vec<String>>;

/// Checks a link's or an image's target; what leads out of the book is not followed.
///
/// Errors say what the target should be and is not.
pub(crate) fn check(
    target: &str,
    chapter: &Path,
    headings: &Headings,
    source: &Path,
) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (path, id) = match target.split_once('#') {
        Some((path, id)) => (path, Some(id)),
        None => (target, None),
    };
    let folder = chapter.parent().unwrap_or(Path::new(""));
    let page = match path {
        "" => chapter.to_path_buf(),
        path => resolve(&folder.join(path))
            .ok_or_else(|| format!("dead link `{target}`: it leads out of the book's sources"))?,
    };
    match (headings.get(&page), id) {
        (Some(ids), Some(id)) if !ids.iter().any(|known| known == id) => {
            Err(format!("dead link `{target}`: {} has no heading `#{id}`", page.display()))
        }
        (Some(_), _) => Ok(()),
        (None, None) if !path.ends_with(".md") && source.join(&page).is_file() => Ok(()),
        (None, _) => Err(format!("dead link `{target}`: the book has no {}", page.display())),
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

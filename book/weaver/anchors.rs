//! Anchors that no chapter includes: a chapter has changed and left them behind in the code.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fault::Fault;
use crate::listing::marker;

/// The anchors in the repository's Rust and WGSL that the chapters below `source` do not include.
/// Their files are named relative to the book's folder, `root`.
///
/// # Errors
/// Where a file cannot be read.
pub(crate) fn unused(root: &Path, source: &Path) -> Result<Vec<Fault>> {
    let root = &fs::canonicalize(root)?;
    let repository = root.parent().context("the book's folder has no folder around it")?;
    let mut included = HashSet::new();
    for chapter in files(&root.join(source), &["md"])? {
        let folder = chapter.parent().unwrap_or(root);
        for line in read(&chapter)?.lines() {
            let spec = line.trim().strip_prefix("{{#include ").and_then(|s| s.strip_suffix("}}"));
            if let Some((path, anchor)) = spec.and_then(|spec| spec.trim().split_once(':'))
                && let Ok(path) = fs::canonicalize(folder.join(path))
            {
                included.insert((path, anchor.to_string()));
            }
        }
    }
    let mut faults = Vec::new();
    for path in files(repository, &["rs", "wgsl"])? {
        for (line, text) in (1..).zip(read(&path)?.lines()) {
            if let Some((anchor, false)) = marker(text)
                && !included.contains(&(path.clone(), anchor.to_string()))
            {
                let file = match path.strip_prefix(root) {
                    Ok(inside) => inside.to_path_buf(),
                    Err(_) => Path::new("..").join(path.strip_prefix(repository)?),
                };
                faults.push(Fault {
                    file,
                    line,
                    message: format!("no chapter includes `{anchor}`"),
                });
            }
        }
    }
    faults.sort();
    Ok(faults)
}

/// The files of some kinds below a folder, without hidden folders and what Cargo builds.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = path.extension().unwrap_or_default();
        if entry.file_type()?.is_dir() {
            if !name.to_string_lossy().starts_with('.') && name != "target" {
                found.append(&mut files(&path, extensions)?);
            }
        } else if extensions.iter().any(|wanted| kind == *wanted) {
            found.push(path);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

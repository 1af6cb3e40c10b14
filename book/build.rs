//! Gives the chapters' snippets to rustdoc, so that `cargo test --doc` compiles and runs them.
//!
//! Each chapter becomes the documentation of an empty module. Blocks that hold a directive are
//! blanked: a listing is compiled where it stands. Lines keep their numbers, so that a failing
//! snippet is reported at its line of the chapter.

use std::env;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=src");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut modules = String::new();
    for (index, chapter) in chapters(Path::new("src"))?.iter().enumerate() {
        let snippets = without_listings(&fs::read_to_string(chapter)?);
        let name = chapter.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
        let file = out.join(format!("{index}-{name}.md"));
        fs::write(&file, snippets)?;
        modules += &format!("#[doc = include_str!({file:?})]\npub mod {name}_{index} {{}}\n");
    }
    fs::write(out.join("chapters.rs"), modules)
}

/// The Markdown files below a folder, in order of their names.
fn chapters(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.append(&mut chapters(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The chapter with every fenced block that holds a directive made blank.
fn without_listings(chapter: &str) -> String {
    let mut kept = String::new();
    let mut block: Option<String> = None;
    for line in chapter.lines() {
        let is_fence = line.trim_start().starts_with("```");
        match &mut block {
            None if is_fence => block = Some(format!("{line}\n")),
            None => kept += &format!("{line}\n"),
            Some(lines) => {
                *lines += &format!("{line}\n");
                if is_fence {
                    let listing = lines.contains("{{#");
                    kept +=
                        &if listing { "\n".repeat(lines.lines().count()) } else { lines.clone() };
                    block = None;
                }
            }
        }
    }
    kept + &block.unwrap_or_default()
}

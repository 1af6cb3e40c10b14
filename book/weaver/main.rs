//! `cargo book`: checks the chapters against the code and builds the site into `book/book`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
Checks the chapters against the code and builds the book.

Usage: cargo book [DIR]

  DIR   the folder that holds book.toml; the repository's own book by default

Example: cargo book && open book/book/index.html";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let root = match arguments.as_slice() {
        [] => PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        [flag] if flag == "--help" || flag == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [folder] if !folder.starts_with('-') => PathBuf::from(folder),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match book::build(&root) {
        Ok(site) => {
            println!("{}", from_here(&site.join("index.html")).display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The path as seen from the current folder, where it lies below it.
fn from_here(path: &Path) -> &Path {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}

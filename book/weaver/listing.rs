//! A listing: lines of a source file, found by their anchor.
//!
//! An anchor is a pair of comment lines, `ANCHOR: name` and `ANCHOR_END: name`, as mdBook knows
//! them. mdBook renders a missing anchor as an empty block and a missing end as the rest of the
//! file, and says nothing; here each is an error.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a listing may have: about what a reader sees at once.
const MOST_LINES: usize = 60;

/// Lines of a source file, ready to be shown.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The file, relative to the repository.
    pub(crate) path: PathBuf,
    /// The first and the last line shown, from 1.
    pub(crate) lines: (usize, usize),
    /// The item that the lines are or stand in: `fn loss`.
    pub(crate) item: Option<String>,
    /// The lines, moved to the left margin, without anchors, each ended by a newline.
    pub(crate) text: String,
}

/// A file of the repository: its path there, and its text. `path` is relative to `folder`.
///
/// Errors say what is wrong with the file.
pub(crate) fn source(
    repository: &Path,
    folder: &Path,
    path: &str,
) -> Result<(PathBuf, String), String> {
    let found = fs::canonicalize(folder.join(path))
        .map_err(|error| format!("cannot include `{path}`: {error}"))?;
    let shown = found
        .strip_prefix(repository)
        .map_err(|_| format!("cannot include `{path}`: it lies outside the repository"))?;
    let text = fs::read_to_string(&found)
        .map_err(|error| format!("cannot include `{}`: {error}", shown.display()))?;
    Ok((shown.to_path_buf(), text))
}

impl Listing {
    /// Reads `spec`, which is `path` or `path:anchor` with the path relative to `folder`.
    ///
    /// Errors say what is wrong with the file or the anchor.
    pub(crate) fn read(repository: &Path, folder: &Path, spec: &str) -> Result<Listing, String> {
        let (path, anchor) = match spec.split_once(':') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (spec, None),
        };
        let (shown, source) = source(repository, folder, path)?;
        let shown = shown.as_path();
        let lines: Vec<&str> = source.lines().collect();
        let name = match anchor {
            Some(anchor) => format!("anchor `{anchor}` of {}", shown.display()),
            None => shown.display().to_string(),
        };
        let (first, end) = match anchor {
            Some(anchor) => between_anchors(&lines, anchor, shown)?,
            None => (0, lines.len()),
        };

        let mut kept: Vec<(usize, &str)> = (first..end)
            .map(|i| (i, lines[i]))
            .filter(|(_, line)| marker(line).is_none())
            .collect();
        while kept.last().is_some_and(|(_, line)| line.trim().is_empty()) {
            kept.pop();
        }
        let blank = kept.iter().take_while(|(_, line)| line.trim().is_empty()).count();
        kept.drain(..blank);
        let (Some(&(top, _)), Some(&(bottom, _))) = (kept.first(), kept.last()) else {
            return Err(format!("{name} is empty"));
        };
        if kept.len() > MOST_LINES {
            return Err(format!("{name} has {} lines; at most {MOST_LINES} fit", kept.len()));
        }
        Ok(Listing {
            path: shown.to_path_buf(),
            lines: (top + 1, bottom + 1),
            item: item_at(&lines, top, bottom),
            text: dedent(kept.into_iter().map(|(_, line)| line)),
        })
    }

    /// The listing as mdBook wants it: a captioned code block.
    ///
    /// `address` is the one at which the repository is to be read, if it has one.
    pub(crate) fn render(&self, language: &str, address: Option<&str>) -> String {
        let path = self.path.to_string_lossy().replace('\\', "/");
        let (first, last) = self.lines;
        let item = match &self.item {
            Some(item) => format!(", <code>{}</code>", escape(item)),
            None => String::new(),
        };
        let mut caption = format!("<code>{}</code>{item}, line {first}", escape(&path));
        if let Some(address) = address {
            let lines = format!("#L{first}-L{last}");
            caption = format!("<a href=\"{address}/blob/main/{path}{lines}\">{caption}</a>");
        }
        // The page's highlighter does not know WGSL, whose words are mostly Rust's.
        let language = if language == "wgsl" { "rust" } else { language };
        captioned(&caption, language, &self.text)
    }
}

/// A code block under a caption, which is HTML.
pub(crate) fn captioned(caption: &str, language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    format!(
        "<figure class=\"listing\">\n<figcaption>{caption}</figcaption>\n\n\
         {fence}{language}\n{text}{fence}\n\n</figure>\n"
    )
}

/// What a line says that is the comment of an anchor: its name, and whether it closes.
pub(crate) fn marker(line: &str) -> Option<(&str, bool)> {
    let comment = line.trim().strip_prefix("//")?.trim_start();
    let after = |key| comment.strip_prefix(key).map(|name: &str| name.trim());
    after("ANCHOR_END:").map(|name| (name, true)).or(after("ANCHOR:").map(|name| (name, false)))
}

/// The lines between the one `ANCHOR: name` and the one `ANCHOR_END: name`, as a half-open range.
fn between_anchors(lines: &[&str], name: &str, file: &Path) -> Result<(usize, usize), String> {
    let file = file.display();
    if name.is_empty() || name.contains(':') {
        return Err(format!("`{name}` is not an anchor of {file}: lines are named, not numbered"));
    }
    let places = |closing| -> Vec<usize> {
        let is_it = |line: &str| marker(line) == Some((name, closing));
        (0..lines.len()).filter(|&i| is_it(lines[i])).collect()
    };
    let listed = |places: &[usize]| -> String {
        places.iter().map(|i| (i + 1).to_string()).collect::<Vec<_>>().join(", ")
    };
    match (places(false).as_slice(), places(true).as_slice()) {
        ([], _) => {
            let has: Vec<String> = lines
                .iter()
                .filter_map(|line| marker(line))
                .filter(|(_, closing)| !closing)
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let has = if has.is_empty() { "no anchors".to_string() } else { has.join(", ") };
            Err(format!("no anchor `{name}` in {file}, which has {has}"))
        }
        (opened @ [_, _, ..], _) => {
            Err(format!("anchor `{name}` is opened on lines {} of {file}", listed(opened)))
        }
        ([open], []) => {
            Err(format!("anchor `{name}`, opened on line {} of {file}, is never closed", open + 1))
        }
        (_, closed @ [_, _, ..]) => {
            Err(format!("anchor `{name}` is closed on lines {} of {file}", listed(closed)))
        }
        ([open], [close]) if close < open => Err(format!(
            "anchor `{name}` of {file} is closed on line {}, before it is opened on line {}",
            close + 1,
            open + 1
        )),
        ([open], [close]) => Ok((open + 1, *close)),
    }
}

/// The item that the lines `top..=bottom` begin with at their shallowest, or else stand in.
fn item_at(lines: &[&str], top: usize, bottom: usize) -> Option<String> {
    let depth = |line: &&str| line.len() - line.trim_start().len();
    let block = lines[top..=bottom].iter().filter(|line| !line.trim().is_empty());
    let margin = block.clone().map(depth).min()?;
    let own = block.filter(|line| depth(line) == margin).find_map(|line| item(line));
    let around = || {
        let above = lines[..top].iter().rev().filter(|line| !line.trim().is_empty());
        above.filter(|line| depth(line) < margin).find_map(|line| item(line))
    };
    own.or_else(around)
}

/// The item that a line of Rust or WGSL opens: `fn loss`, `struct SimSiam`, `impl Method for Byol`.
fn item(line: &str) -> Option<String> {
    let mut line = line.trim();
    for qualifier in ["pub(crate) ", "pub(super) ", "pub ", "const ", "unsafe "] {
        // `const` is a qualifier before `fn` only; alone it names an item.
        if qualifier != "const " || line.starts_with("const fn ") {
            line = line.strip_prefix(qualifier).unwrap_or(line);
        }
    }
    if line.starts_with("impl") {
        let head = line.split(['{', ';']).next()?.trim();
        return Some(head.to_string());
    }
    let (keyword, rest) = line.split_once(' ')?;
    let keywords = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"];
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let name: String = rest.chars().take_while(|&c| word(c)).collect();
    (keywords.contains(&keyword) && !name.is_empty()).then(|| format!("{keyword} {name}"))
}

/// Takes away the indentation that all lines share.
fn dedent<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let indents = lines.clone().filter(|line| !line.trim().is_empty());
    let margin = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.map(|line| format!("{}\n", line.get(margin..).unwrap_or("").trim_end())).collect()
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0)
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

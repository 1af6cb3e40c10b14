//! What a code block in a chapter may be: a listing, a snippet that is tested, or no Rust at all.

use crate::markdown::Block;

/// The most visible lines that Rust may have without being included from the code.
const MOST_SNIPPET_LINES: usize = 6;

/// What a code block holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// An include directive; its `path:anchor`.
    Include(&'a str),
    /// The block's own text.
    Own,
}

/// Checks a block against the rules of the book.
///
/// Errors say which rule is broken.
pub(crate) fn content(block: &Block) -> Result<Content<'_>, String> {
    if block.info.is_none() {
        return Err("an indented code block: use a fence that names its language".to_string());
    }
    let is_rust = match block.language() {
        "" => return Err("a code block without a language: write `text` for plain text".into()),
        "rs" => return Err("a code block in `rs`: write `rust`".to_string()),
        language => language == "rust",
    };
    if is_rust && let Some(word) = block.words().find(|word| hides_from_tests(word)) {
        return Err(format!("`{word}` on a Rust block: what the book shows is compiled and run"));
    }
    let body = block.body.trim();
    if body.contains("{{#") {
        let alone = body.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
        return match alone.filter(|spec| !spec.contains("}}") && !spec.contains('\n')) {
            Some(spec) => Ok(Content::Include(spec.trim())),
            None => Err(format!("unresolved `{body}`: an `include` stands alone in its fence")),
        };
    }
    let lines = block.body.lines().filter(|line| !(is_rust && is_hidden(line))).count();
    if is_rust && lines > MOST_SNIPPET_LINES {
        return Err(format!(
            "pasted Rust: {lines} lines; more than {MOST_SNIPPET_LINES} are included from the code"
        ));
    }
    if ["text", "txt", "plain", "plaintext"].contains(&block.language())
        && let Some(line) = block.body.lines().find(|line| looks_like_rust(line))
    {
        return Err(format!("pasted Rust in a block of plain text: `{}`", line.trim()));
    }
    Ok(Content::Own)
}

fn hides_from_tests(word: &str) -> bool {
    word == "no_run" || word == "ignore" || word.starts_with("ignore-")
}

/// Whether rustdoc compiles the line without showing it.
fn is_hidden(line: &str) -> bool {
    let line = line.trim_start();
    line == "#" || line.starts_with("# ")
}

fn looks_like_rust(line: &str) -> bool {
    let line = line.trim();
    let opens = ["fn ", "pub ", "impl ", "impl<", "let ", "struct ", "enum ", "use ", "#["];
    opens.iter().any(|open| line.starts_with(open)) && line.ends_with(['{', ';', ']', '}'])
}

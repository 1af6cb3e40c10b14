//! Raw HTML in a chapter: pairs of blocks, and nothing that would slip past the other checks.

use crate::markdown::{Block, Parts};

/// What opens two blocks that stand side by side on a wide screen, and what closes them.
const PAIR: (&str, &str) = ("<div class=\"pair", "</div>");

/// The same, with published pseudocode on the left and the code that runs on the right.
const ALGORITHM: &str = "<div class=\"pair algorithm\"";

/// What is wrong with a chapter's raw HTML, and where.
pub(crate) fn faults(text: &str, parts: &Parts) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for range in &parts.html {
        let html = &text[range.clone()];
        for tag in ["<a ", "<img ", "<pre", "<table"] {
            if let Some(at) = html.find(tag) {
                let tag = tag.trim_end();
                let message = format!("`{tag}` as HTML: write it in Markdown, which is checked");
                faults.push((range.start + at, message));
            }
        }
        let Some(at) = html.find(PAIR.0) else { continue };
        let start = range.start + at;
        let Some(length) = text[start..].find(PAIR.1) else {
            faults.push((start, "a pair without its `</div>`".to_string()));
            continue;
        };
        let inside = |at: usize| (start..start + length).contains(&at);
        let blocks: Vec<&Block> =
            parts.blocks.iter().filter(|block| inside(block.range.start)).collect();
        let images = parts.links.iter().filter(|link| link.is_image && inside(link.range.start));
        let found = blocks.len() + images.count();
        if html[at..].starts_with(ALGORITHM) {
            let published = blocks.first().is_some_and(|block| block.language() == "python");
            if !published || !(2..=3).contains(&found) {
                let message = "an algorithm is pseudocode in `python` and one or two listings";
                faults.push((start, message.to_string()));
            }
        } else if found != 2 {
            faults.push((start, format!("a pair of {found}: two blocks or pictures make one")));
        }
    }
    faults
}

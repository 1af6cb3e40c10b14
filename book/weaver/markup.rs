//! Raw HTML in a chapter: pairs of blocks, and nothing that would slip past the other checks.

use crate::markdown::Parts;

/// What opens two blocks that stand side by side on a wide screen, and what closes them.
const PAIR: (&str, &str) = ("<div class=\"pair", "</div>");

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
        let blocks = parts.blocks.iter().filter(|block| inside(block.range.start)).count();
        let images =
            parts.links.iter().filter(|link| link.is_image && inside(link.range.start)).count();
        if blocks + images != 2 {
            let found = blocks + images;
            faults.push((start, format!("a pair of {found}: two blocks or pictures make one")));
        }
    }
    faults
}

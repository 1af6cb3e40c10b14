//! The parts of a chapter that the weaver looks at: code blocks, formulas, links, headings.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A chapter's parts, each with its place in the text in bytes.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) blocks: Vec<Block>,
    pub(crate) formulas: Vec<Formula>,
    pub(crate) links: Vec<Link>,
    /// The ids that mdBook gives to the headings, in order.
    pub(crate) headings: Vec<String>,
}

/// A code block.
pub(crate) struct Block {
    pub(crate) range: Range<usize>,
    /// What follows the opening fence (`rust,should_panic`); `None` for an indented block.
    pub(crate) info: Option<String>,
    pub(crate) body: String,
}

impl Block {
    /// The first word after the fence: `rust`, `text`, or nothing.
    pub(crate) fn language(&self) -> &str {
        self.words().next().unwrap_or("")
    }

    /// The words after the fence.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let info = self.info.as_deref().unwrap_or("");
        info.split([',', ' ']).filter(|word| !word.is_empty())
    }
}

/// LaTeX between dollars.
pub(crate) struct Formula {
    pub(crate) range: Range<usize>,
    pub(crate) latex: String,
    /// Whether it stands between `$$`, on lines of its own.
    pub(crate) display: bool,
}

/// The target of a link or of an image.
pub(crate) struct Link {
    pub(crate) start: usize,
    pub(crate) target: String,
}

impl Parts {
    /// Reads a chapter as mdBook will read it, with `$…$` understood on top.
    pub(crate) fn of(text: &str) -> Parts {
        let mut parts = Parts::default();
        let mut ids = HashSet::new();
        let mut heading: Option<(Option<String>, String)> = None;
        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => Some(info.to_string()),
                        CodeBlockKind::Indented => None,
                    };
                    parts.blocks.push(Block { range, info, body: String::new() });
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    parts.links.push(Link { start: range.start, target: dest_url.to_string() });
                }
                Event::Start(Tag::Heading { id, .. }) => {
                    heading = Some((id.map(|id| id.to_string()), String::new()));
                }
                Event::End(TagEnd::Heading(_)) => {
                    if let Some((id, title)) = heading.take() {
                        parts.headings.push(unique(id.unwrap_or_else(|| slug(&title)), &mut ids));
                    }
                }
                Event::InlineMath(latex) | Event::DisplayMath(latex) => {
                    let display = text[range.clone()].starts_with("$$");
                    parts.formulas.push(Formula { range, latex: latex.to_string(), display });
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some((_, title)) = &mut heading {
                        title.push_str(&words);
                    } else if let Some(block) = parts.blocks.last_mut()
                        && block.range.contains(&range.start)
                    {
                        block.body.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        parts
    }
}

/// What mdBook's own parser has on, and formulas.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_SMART_PUNCTUATION
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

/// The id that mdBook makes of a heading's words.
fn slug(title: &str) -> String {
    let kept = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    title.trim().to_lowercase().chars().filter_map(kept).collect()
}

/// The id itself, or the first of `id-1`, `id-2` … that no heading above has.
fn unique(id: String, taken: &mut HashSet<String>) -> String {
    let numbered = (1..).map(|n| format!("{id}-{n}"));
    let mut candidates = std::iter::once(id.clone()).chain(numbered);
    candidates.find(|id| taken.insert(id.clone())).unwrap_or(id)
}

//! The parts of a chapter that the weaver looks at: code blocks, formulas, links, headings, HTML.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A chapter's parts, each with its place in the text in bytes.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) blocks: Vec<Block>,
    pub(crate) formulas: Vec<Formula>,
    pub(crate) links: Vec<Link>,
    /// The ids that mdBook gives to the headings, in order.
    pub(crate) headings: Vec<String>,
    /// Raw HTML, by lines or by tags.
    pub(crate) html: Vec<Range<usize>>,
    /// What is broken in the Markdown itself, and where.
    pub(crate) broken: Vec<(usize, String)>,
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

/// A link or an image.
pub(crate) struct Link {
    pub(crate) range: Range<usize>,
    pub(crate) target: String,
    pub(crate) is_image: bool,
    /// What is to be clicked, or what an image shows.
    pub(crate) words: String,
}

impl Parts {
    /// Reads a chapter as mdBook will read it, with `$…$` understood on top.
    pub(crate) fn of(text: &str) -> Parts {
        let mut parts = Parts::default();
        let mut broken = Vec::new();
        let mut ids = HashSet::new();
        let mut title: Option<(Option<String>, String)> = None;
        let mut open_links: Vec<usize> = Vec::new();
        let mut head_cell: Option<bool> = None;
        // `[words][name]` without a `[name]: …` would be shown as it is written.
        let undefined = |link: BrokenLink<'_>| {
            if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
                broken.push((link.span.start, format!("no address for `[{}]`", link.reference)));
            }
            None
        };
        let parser = Parser::new_with_broken_link_callback(text, options(), Some(undefined));
        for (event, range) in parser.into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => Some(info.to_string()),
                        CodeBlockKind::Indented => None,
                    };
                    parts.blocks.push(Block { range, info, body: String::new() });
                }
                Event::Start(ref tag @ (Tag::Link { .. } | Tag::Image { .. })) => {
                    open_links.push(parts.links.len());
                    parts.links.push(Link::new(tag, range));
                }
                Event::End(TagEnd::Link | TagEnd::Image) => {
                    open_links.pop();
                }
                Event::Start(Tag::Heading { id, .. }) => {
                    title = Some((id.map(|id| id.to_string()), String::new()));
                }
                // mdBook gives an id to what a definition defines, too.
                Event::Start(Tag::DefinitionListTitle) => title = Some((None, String::new())),
                Event::End(TagEnd::Heading(_) | TagEnd::DefinitionListTitle) => {
                    if let Some((id, words)) = title.take() {
                        parts.headings.push(id.unwrap_or_else(|| unique(slug(&words), &mut ids)));
                    }
                }
                Event::Start(Tag::TableHead) => head_cell = Some(true),
                Event::End(TagEnd::TableHead) => head_cell = None,
                Event::Start(Tag::TableCell) if head_cell.is_some() => head_cell = Some(false),
                Event::End(TagEnd::TableCell) if head_cell == Some(false) => {
                    let message = "a column of a table without a heading".to_string();
                    parts.broken.push((range.start, message));
                }
                Event::InlineMath(latex) | Event::DisplayMath(latex) => {
                    let display = text[range.clone()].starts_with("$$");
                    parts.formulas.push(Formula { range, latex: latex.to_string(), display });
                    head_cell = head_cell.map(|_| true);
                }
                Event::Html(_) | Event::InlineHtml(_) => parts.html.push(range),
                Event::Text(words) | Event::Code(words) => {
                    head_cell = head_cell.map(|_| true);
                    for &link in &open_links {
                        parts.links[link].words.push_str(&words);
                    }
                    if let Some((_, title)) = &mut title {
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
        parts.broken.append(&mut broken);
        parts
    }
}

impl Link {
    fn new(tag: &Tag<'_>, range: Range<usize>) -> Link {
        let (target, is_image) = match tag {
            Tag::Image { dest_url, .. } => (dest_url.to_string(), true),
            Tag::Link { dest_url, .. } => (dest_url.to_string(), false),
            _ => (String::new(), false),
        };
        Link { range, target, is_image, words: String::new() }
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

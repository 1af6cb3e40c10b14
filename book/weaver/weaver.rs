//! The pass over the chapters, run inside mdBook.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mdbook_preprocessor::book::{Book, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::block::{self, Content};
use crate::counts::Counts;
use crate::fault::{Fault, Faults};
use crate::links::{Headings, Leads, Web};
use crate::listing::{self, Listing};
use crate::markdown::{Block, Link, Parts};
use crate::{demos, diagram, markup, math, number, plot};

/// Stands in the place of mdBook's `links` preprocessor, which lets a broken include pass.
#[derive(Debug, Clone, Copy)]
pub struct Weaver;

impl Preprocessor for Weaver {
    fn name(&self) -> &str {
        "links"
    }

    fn run(&self, context: &PreprocessorContext, book: Book) -> Result<Book> {
        Ok(weave(context, book)?.0)
    }
}

/// The book with everything resolved, and how much that was.
pub(crate) fn weave(context: &PreprocessorContext, mut book: Book) -> Result<(Book, Counts)> {
    let loom = Loom::new(context, &book)?;
    let (mut faults, mut counts) = (Vec::new(), Counts::default());
    book.for_each_chapter_mut(|chapter| {
        if let Some(path) = chapter.source_path.clone() {
            counts.chapters += 1;
            chapter.content = loom.weave(&path, &chapter.content, &mut counts, &mut faults);
        }
    });
    if faults.is_empty() {
        return Ok((book, counts));
    }
    faults.sort();
    Err(Faults(faults).into())
}

/// What weaving a chapter needs to know of the book around it.
struct Loom {
    /// The book's folder.
    root: PathBuf,
    /// The repository's folder, which is the one that holds the book's.
    repository: PathBuf,
    /// The folder of the chapters, relative to the book's.
    source: PathBuf,
    /// Where the repository is to be read on the web.
    address: Option<String>,
    headings: Headings,
}

impl Loom {
    fn new(context: &PreprocessorContext, book: &Book) -> Result<Loom> {
        let root = fs::canonicalize(&context.root)
            .with_context(|| format!("cannot open the book's folder {}", context.root.display()))?;
        let repository = root.parent().context("the book's folder has no folder around it")?;
        let page = |chapter: &Chapter| {
            Some((chapter.source_path.clone()?, Parts::of(&chapter.content).headings))
        };
        let address = context.config.html_config().and_then(|html| html.git_repository_url);
        Ok(Loom {
            repository: repository.to_path_buf(),
            source: context.config.book.src.clone(),
            address: address.map(|url| url.trim_end_matches('/').to_string()),
            headings: book.chapters().filter_map(page).collect(),
            root,
        })
    }

    /// The chapter at `path` with everything resolved; what cannot be goes to `faults`.
    fn weave(
        &self,
        path: &Path,
        text: &str,
        counts: &mut Counts,
        faults: &mut Vec<Fault>,
    ) -> String {
        // Numbers come first, since formulas and tables may hold them. They never hold a newline,
        // so what is found afterwards is still on its line.
        let file = self.source.join(path);
        let (text, unread) = self.numbers(text, counts);
        let mut edits = Vec::new();
        let mut report = |offset: usize, message: String| {
            let line = 1 + text[..offset].matches('\n').count();
            faults.push(Fault { file: file.clone(), line, message });
        };
        let parts = Parts::of(&text);
        for block in &parts.blocks {
            match self.block(path, block, counts) {
                Ok(None) => {}
                Ok(Some(html)) => edits.push((block.range.clone(), html)),
                Err(message) => report(block.range.start, message),
            }
        }
        counts.formulas += parts.formulas.len();
        for formula in &parts.formulas {
            match math::render(formula, &text[formula.range.end..]) {
                Ok((mathml, more)) => {
                    edits.push((formula.range.start..formula.range.end + more, mathml));
                }
                Err(message) => report(formula.range.start, message),
            }
        }
        for link in &parts.links {
            match self.link(path, link, &text, counts) {
                Ok(edit) => edits.extend(edit),
                Err(message) => report(link.range.start, message),
            }
        }
        let in_block = |at: &usize| parts.blocks.iter().any(|block| block.range.contains(at));
        for (at, _) in text.match_indices("{{#").filter(|(at, _)| !in_block(at)) {
            report(at, unknown_directive(&text[at..]));
        }
        let markup = markup::faults(&text, &parts);
        for (offset, message) in [unread, parts.broken, markup].into_iter().flatten() {
            report(offset, message);
        }
        apply(&text, edits)
    }

    /// What stands in the page for a block; `None` leaves it as it is.
    fn block(
        &self,
        path: &Path,
        block: &Block,
        counts: &mut Counts,
    ) -> Result<Option<String>, String> {
        let chapter = self.root.join(&self.source).join(path);
        let folder = chapter.parent().unwrap_or(&self.root);
        if block.language() == "demo" {
            counts.figures += 1;
            return demos::draw(block, folder).map(Some);
        }
        let Content::Include(spec) = block::content(block)? else {
            // Python is shown and never run: it stands beside what runs.
            let beside = block.language() == "python";
            return Ok(beside.then(|| listing::captioned("Python", "python", &block.body)));
        };
        // What a command has made for people goes into the page as it is.
        if let "svg" | "table" = block.language() {
            let (_, made) = listing::source(&self.repository, folder, spec)?;
            counts.figures += 1;
            return Ok(Some(match block.language() {
                "svg" => format!(
                    "<figure class=\"measured\" tabindex=\"0\">\n{}\n</figure>\n",
                    made.trim()
                ),
                _ => format!("\n{}\n", made.trim()),
            }));
        }
        let listing = Listing::read(&self.repository, folder, spec)?;
        let (count, html) = match block.language() {
            "mermaid" => (&mut counts.figures, diagram::draw(&listing.text)?),
            "plot" => (&mut counts.figures, plot::draw(&listing.text)?),
            "text" => (&mut counts.outputs, listing.render("text", self.address.as_deref())),
            code => (&mut counts.listings, listing.render(code, self.address.as_deref())),
        };
        *count += 1;
        Ok(Some(html))
    }

    /// What stands in the page for a link that leads to the repository; `None` leaves it.
    fn link(
        &self,
        path: &Path,
        link: &Link,
        text: &str,
        counts: &mut Counts,
    ) -> Result<Option<(Range<usize>, String)>, String> {
        let source = self.root.join(&self.source);
        let web = Web {
            headings: &self.headings,
            source: &source,
            repository: &self.repository,
            address: self.address.as_deref(),
        };
        let leads = web.follow(link, path)?;
        counts.figures += usize::from(link.is_image);
        counts.links += usize::from(!link.is_image && leads != Leads::Away);
        let Leads::Source(address) = leads else { return Ok(None) };
        let at = text[link.range.clone()]
            .rfind(&link.target)
            .ok_or_else(|| format!("write the address `{}` where it is used", link.target))?;
        let start = link.range.start + at;
        Ok(Some((start..start + link.target.len(), address)))
    }

    /// The text with its numbers filled in, and where and why one could not be.
    fn numbers(&self, text: &str, counts: &mut Counts) -> (String, Vec<(usize, String)>) {
        const OPEN: &str = "{{#number ";
        let mut filled = String::with_capacity(text.len());
        let mut faults = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            filled.push_str(before);
            let Some((spec, mut after)) = after.split_once("}}") else {
                faults.push((filled.len(), "a `number` directive without its `}}`".to_string()));
                rest = after;
                continue;
            };
            match number::read(&self.root, spec) {
                Ok(value) => {
                    counts.numbers += 1;
                    filled.push_str(&value.replace('\n', " "));
                    // A number and its sign stay on one line.
                    if after.starts_with(" %") {
                        filled.push('\u{a0}');
                        after = &after[1..];
                    }
                }
                Err(message) => faults.push((filled.len(), message)),
            }
            rest = after;
        }
        filled.push_str(rest);
        (filled, faults)
    }
}

fn unknown_directive(text: &str) -> String {
    let name = text.split(['\n', '}']).next().unwrap_or(text);
    format!("unresolved `{name}}}}}`: an `include` stands alone in a fence, a `number` anywhere")
}

/// The text with each range replaced.
fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut woven = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in edits {
        woven.push_str(&text[done..range.start]);
        woven.push_str(&new);
        done = range.end;
    }
    woven.push_str(&text[done..]);
    woven
}

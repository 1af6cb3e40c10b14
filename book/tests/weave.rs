//! Each way in which a chapter can part from the code is found, and named with its line.

use std::fs;
use std::path::{Path, PathBuf};

use book::{Fault, Faults};
use tempfile::TempDir;

/// The source that the tiny books include from.
const CODE: &str = include_str!("weave/code.txt");

/// A repository with one source file, one result file and a book of one chapter.
struct Repository(TempDir);

impl Repository {
    fn new(chapter: &str) -> Repository {
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.write("code.rs", CODE);
        repository.write("long.rs", &"fn f() {}\n".repeat(61));
        repository.write("book/book.toml", "[build]\ncreate-missing = false\n");
        repository.write("book/results/run.json", r#"{"trained": {"knn": 61.328125, "by": []}}"#);
        repository.write("book/src/SUMMARY.md", "- [One](one.md)\n- [Two](two.md)\n");
        repository.write("book/src/one.md", chapter);
        repository.write("book/src/two.md", "# Two\n\n## What breaks\n\n## What breaks\n");
        repository
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn book(&self) -> PathBuf {
        self.0.path().join("book")
    }
}

/// The first chapter of the woven book.
fn woven(chapter: &str) -> String {
    let (book, _) = book::weave(&Repository::new(chapter).book()).unwrap();
    book.chapters().next().unwrap().content.clone()
}

/// The faults of a book whose first chapter is this.
fn faults(chapter: &str) -> Vec<Fault> {
    let error = book::weave(&Repository::new(chapter).book()).unwrap_err();
    error.downcast::<Faults>().unwrap().0
}

/// The one fault of a chapter of one title, an empty line, and `body`; it is on line 3.
#[track_caller]
fn fault(body: &str) -> String {
    let found = faults(&format!("# One\n\n{body}\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].file.as_path(), found[0].line), (Path::new("src/one.md"), 3));
    found[0].message.clone()
}

fn include(spec: &str) -> String {
    format!("```rust\n{{{{#include {spec}}}}}\n```")
}

#[test]
fn a_listing_is_captioned_dedented_and_free_of_anchors() {
    assert_eq!(
        woven(&include("../../code.rs:body")),
        "<figure class=\"listing\">\n<figcaption><code>code.rs</code>, <code>fn loss</code>, \
         line 5</figcaption>\n\n```rust\nlet error = p - z;\nerror * error\n```\n\n</figure>\n"
    );
    let whole = woven(&include("../../code.rs:loss"));
    assert!(whole.contains("<code>fn loss</code>, line 3<"), "{whole}");
    assert!(whole.contains("    error * error\n}\n```"), "{whole}");
    assert!(!whole.contains("ANCHOR"), "{whole}");
}

#[test]
fn a_caption_links_to_the_lines_in_the_repository() {
    let repository = Repository::new(&include("../../code.rs:loss"));
    repository.write(
        "book/book.toml",
        "[output.html]\ngit-repository-url = \"https://example.org/us/it\"\n",
    );
    let (book, _) = book::weave(&repository.book()).unwrap();
    let text = &book.chapters().next().unwrap().content;
    let link = "<a href=\"https://example.org/us/it/blob/main/code.rs#L3-L8\">";
    assert!(text.contains(link), "{text}");
}

#[test]
fn a_missing_file_is_found() {
    let message = fault(&include("../../gone.rs:loss"));
    assert!(message.starts_with("cannot include `../../gone.rs`: No such file"), "{message}");
}

#[test]
fn a_file_outside_the_repository_is_refused() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let message = fault(&include(&outside.path().display().to_string()));
    assert!(message.ends_with("it lies outside the repository"), "{message}");
}

#[test]
fn a_missing_anchor_is_found() {
    assert_eq!(
        fault(&include("../../code.rs:los")),
        "no anchor `los` in code.rs, which has `loss`, `body`, `open`, `twice`, `twice`, \
         `empty`, `backward`"
    );
    assert_eq!(
        fault(&include("../../long.rs:loss")),
        "no anchor `loss` in long.rs, which has no anchors"
    );
}

#[test]
fn an_unclosed_anchor_is_found() {
    assert_eq!(
        fault(&include("../../code.rs:open")),
        "anchor `open`, opened on line 11 of code.rs, is never closed"
    );
}

#[test]
fn an_anchor_closed_before_it_opens_is_found() {
    assert_eq!(
        fault(&include("../../code.rs:backward")),
        "anchor `backward` of code.rs is closed on line 21, before it is opened on line 22"
    );
}

#[test]
fn a_doubled_anchor_is_found() {
    assert_eq!(
        fault(&include("../../code.rs:twice")),
        "anchor `twice` is opened on lines 14, 16 of code.rs"
    );
}

#[test]
fn an_empty_block_is_found() {
    assert_eq!(fault(&include("../../code.rs:empty")), "anchor `empty` of code.rs is empty");
}

#[test]
fn a_block_that_is_too_long_is_found() {
    assert_eq!(fault(&include("../../long.rs")), "long.rs has 61 lines; at most 60 fit");
}

#[test]
fn lines_are_not_included_by_number() {
    assert_eq!(
        fault(&include("../../code.rs:3:8")),
        "`3:8` is not an anchor of code.rs: lines are named, not numbered"
    );
}

#[test]
fn an_include_stands_alone() {
    let unresolved = "an `include` stands alone in its fence";
    let message = fault("```rust\nlet x = 1;\n{{#include ../../code.rs:loss}}\n```");
    assert!(message.ends_with(unresolved), "{message}");
    let message = fault("```rust\n{{#rustdoc_include ../../code.rs:loss}}\n```");
    assert!(message.ends_with(unresolved), "{message}");
    assert_eq!(
        fault("{{#include ../../code.rs:loss}}"),
        "unresolved `{{#include ../../code.rs:loss}}`: an `include` stands alone in a fence, \
         a `number` anywhere"
    );
}

#[test]
fn pasted_rust_is_found() {
    let six = format!("```rust\n# let hidden = 0;\n{}```", "let x = 1;\n".repeat(6));
    assert_eq!(woven(&six), six);
    assert_eq!(
        fault(&format!("```rust\n{}```", "let x = 1;\n".repeat(7))),
        "pasted Rust: 7 lines; more than 6 are included from the code"
    );
    assert_eq!(
        fault("```text\npub fn loss(p: f32) -> f32 {\n```"),
        "pasted Rust in a block of plain text: `pub fn loss(p: f32) -> f32 {`"
    );
    assert_eq!(fault("```rs\nlet x = 1;\n```"), "a code block in `rs`: write `rust`");
    assert_eq!(
        fault("```\nlet x = 1;\n```"),
        "a code block without a language: write `text` for plain text"
    );
    assert_eq!(
        fault("    let x = 1;"),
        "an indented code block: use a fence that names its language"
    );
}

#[test]
fn untested_rust_is_found() {
    for word in ["ignore", "no_run", "ignore-windows"] {
        assert_eq!(
            fault(&format!("```rust,{word}\nlet x = 1;\n```")),
            format!("`{word}` on a Rust block: what the book shows is compiled and run")
        );
    }
}

#[test]
fn numbers_are_read_from_results() {
    let text = "k-NN {{#number results/run.json:trained.knn}}, say \
                {{#number results/run.json:trained.knn:.1}} %.";
    assert_eq!(woven(text), "k-NN 61.328125, say 61.3\u{a0}%.");
}

#[test]
fn a_missing_number_is_found() {
    let number = |spec: &str| fault(&format!("{{{{#number {spec}}}}}"));
    assert_eq!(number("results/run.json:trained.std"), "`results/run.json` has no `trained.std`");
    assert_eq!(
        number("results/run.json:trained.by"),
        "`trained.by` of `results/run.json` is not a number"
    );
    assert_eq!(
        number("results/run.json:trained.knn:1"),
        "`1` is not a number of decimals like `.1`"
    );
    let message = number("results/gone.json:trained.knn");
    assert!(message.starts_with("cannot read the number file `results/gone.json`: "), "{message}");
    let message = number("../code.rs:trained.knn");
    assert!(message.starts_with("`../code.rs` is not JSON: "), "{message}");
}

#[test]
fn formulas_become_mathml_and_bad_ones_are_found() {
    let text = woven("The loss $-p \\cdot z^*$ costs \\$5.");
    assert!(text.starts_with("The loss <math>") && text.ends_with("</math> costs \\$5."), "{text}");
    assert!(!text.contains('*'), "a star between tags would begin an emphasis: {text}");
    assert!(woven("$$\nx\n$$").contains("<math display=\"block\">"));
    let message = fault("$\\nonsense{x}$");
    assert!(message.starts_with("`\\nonsense{x}` is not a formula: "), "{message}");
}

#[test]
fn the_full_stop_stays_with_its_formula() {
    let text = woven("A loss $x$. Two ($y$), three $z$ more.");
    assert!(text.contains("</math>.</span> Two (<span"), "{text}");
    assert!(text.contains("</math>),</span> three <math>"), "{text}");
}

#[test]
fn graphs_are_drawn() {
    let mermaid = "```mermaid\n{{#include ../../graph.mmd}}\n```";
    let repository = Repository::new(mermaid);
    let graph = "flowchart LR\n  n0([\"leaf [2]\"])\n  n1{{detach}}\n  n2[\"a < b\"]\n  \
                 n0 -.-> n1\n  n0 ==> n2\n  n1 -.-> n2\n";
    repository.write("graph.mmd", graph);
    let (book, _) = book::weave(&repository.book()).unwrap();
    let svg = &book.chapters().next().unwrap().content;
    assert_eq!(svg.matches("<path class=\"carries\"").count(), 1, "{svg}");
    assert_eq!(svg.matches("<path class=\"stops\"").count(), 2, "{svg}");
    assert!(svg.contains(">a &lt; b</text>"), "{svg}");
    assert!(!svg.contains("\n\n"), "an empty line would end the HTML block: {svg}");

    repository.write("graph.mmd", &graph.replace("==> n2", "==> n9"));
    let error = book::weave(&repository.book()).unwrap_err().to_string();
    assert!(
        error.contains("src/one.md:1: `n0 ==> n9` is not a line of a graph that the book draws"),
        "{error}"
    );
}

#[test]
fn curves_are_drawn() {
    let repository = Repository::new("```plot\n{{#include ../results/curve.json}}\n```");
    let curve = r#"{"plot": {"x": "h", "y": "a < b", "series": [
        {"name": "f64", "points": [[1e-1, 1e-2], [1e-2, 1e-4], [1e-3, 0.0]]}]}}"#;
    repository.write("book/results/curve.json", curve);
    let (book, _) = book::weave(&repository.book()).unwrap();
    let svg = &book.chapters().next().unwrap().content;
    assert!(svg.contains("<path class=\"curve-0\" d=\"M640.0 12.0L76.0 320.0\"/>"), "{svg}");
    assert!(svg.contains(">10⁻⁴</text>") && svg.contains(">a &lt; b</text>"), "{svg}");
    assert!(!svg.contains("\n\n"), "an empty line would end the HTML block: {svg}");

    repository.write("book/results/curve.json", &curve.replace("1e-4", "null"));
    let error = book::weave(&repository.book()).unwrap_err().to_string();
    let expected = "src/one.md:1: `[0.01,null]` of series `f64` is not two numbers";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_anchor_that_no_chapter_includes_is_found() {
    let repository = Repository::new(&include("../../code.rs:loss"));
    repository.write("code.rs", "// ANCHOR: loss\nfn f() {}\n// ANCHOR_END: loss\n");
    assert_eq!(book::unused_anchors(&repository.book()).unwrap(), []);

    repository.write("crate/src/lib.rs", "//! On `ANCHOR: x`.\n\n    // ANCHOR: left\n");
    repository.write("book/kernels/sum.wgsl", "// ANCHOR: main\n// ANCHOR_END: main\n");
    repository.write("target/debug/build/x.rs", "// ANCHOR: built\n");
    let error = book::build(&repository.book(), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "../crate/src/lib.rs:3: no chapter includes `left`\n\
         kernels/sum.wgsl:1: no chapter includes `main`\nthe book has 2 faults"
    );
}

#[test]
fn what_a_command_has_made_goes_into_the_page_as_it_is() {
    let made = |language: &str, file: &str| {
        let chapter = format!("```{language}\n{{{{#include ../results/{file}}}}}\n```");
        let repository = Repository::new(&chapter);
        repository.write("book/results/rows.svg", "<svg viewBox=\"0 0 1 1\"></svg>\n");
        repository.write("book/results/rows.md", "| row | k-NN |\n|---|---:|\n| a | 1 |\n");
        let (book, _) = book::weave(&repository.book()).map_err(|error| error.to_string())?;
        Ok::<_, String>(book.chapters().next().unwrap().content.clone())
    };
    let picture = made("svg", "rows.svg").unwrap();
    assert!(picture.contains("tabindex=\"0\">\n<svg viewBox=\"0 0 1 1\"></svg>\n</figure>"));
    assert_eq!(made("table", "rows.md").unwrap().trim(), "| row | k-NN |\n|---|---:|\n| a | 1 |");
    assert!(
        made("svg", "other.svg").unwrap_err().contains("cannot include `../results/other.svg`")
    );
}

#[test]
fn a_dead_link_is_found() {
    let fine = "[a](two.md), [b](two.md#what-breaks-1), [c](#one), [d](https://example.org)";
    assert_eq!(woven(&format!("# One\n\n{fine}")), format!("# One\n\n{fine}"));
    assert_eq!(fault("[x](three.md)"), "dead link `three.md`: the book has no three.md");
    assert_eq!(
        fault("[x](two.md#what-holds)"),
        "dead link `two.md#what-holds`: two.md has no heading `#what-holds`"
    );
    assert_eq!(fault("[x](#two)"), "dead link `#two`: one.md has no heading `#two`");
    assert_eq!(fault("[words][name]"), "no address for `[name]`");
    assert_eq!(fault("[name][]"), "no address for `[name]`");
}

/// A book whose repository has an address, with one chapter.
fn published(chapter: &str) -> anyhow::Result<String> {
    let repository = Repository::new(chapter);
    let config = "[output.html]\ngit-repository-url = \"https://example.org/us/it/\"\n";
    repository.write("book/book.toml", config);
    let (book, _) = book::weave(&repository.book())?;
    Ok(book.chapters().next().unwrap().content.clone())
}

#[test]
fn a_link_into_the_repository_becomes_an_address_or_a_fault() {
    assert_eq!(
        published("[a](../../code.rs), [b](..), [c](https://example.org/us/it/blob/main/code.rs)")
            .unwrap(),
        "[a](https://example.org/us/it/blob/main/code.rs), \
         [b](https://example.org/us/it/tree/main/book), \
         [c](https://example.org/us/it/blob/main/code.rs)"
    );
    let refused = |text: &str| published(text).unwrap_err().to_string();
    let message = refused("[x](../../gone.rs)");
    let dead = "dead link `../../gone.rs`: the repository has no such file";
    assert!(message.starts_with(&format!("src/one.md:1: {dead}")), "{message}");
    let message = refused("[x](https://example.org/us/it/blob/main/gone.rs)");
    assert!(message.contains("main/gone.rs`: the repository has no such file"), "{message}");
    let message = refused("[x](../../../../../../etc)");
    assert!(message.contains("the repository has no such file"), "{message}");
    let message = refused("[x](../../code.rs#L3)");
    assert!(message.contains("a line is shown by a listing, not linked by number"), "{message}");
    let message = refused("[x][code]\n\n[code]: ../../code.rs");
    assert!(message.contains("write the address `../../code.rs` where it is used"), "{message}");
    assert_eq!(
        fault("[x](../../code.rs)"),
        "`../../code.rs`: book.toml has no `git-repository-url` to link to"
    );
}

#[test]
fn headings_have_the_ids_that_the_page_gives_them() {
    let chapter = "# One\n\n## `std·√d`, *twice*\n\n## Über 中文 & 3 – x_y\n\n## A\n\n## A\n\n\
                   ## Named {#own}\n\nTerm\n: what it is\n\n";
    let ids = ["stdd-twice", "über-中文--3--x_y", "a", "a-1", "own", "term"];
    let links: String = ids.iter().map(|id| format!("[x](#{id})\n")).collect();
    let repository = Repository::new(&format!("{chapter}{links}"));
    let site = book::build(&repository.book(), None).unwrap_err();
    // The source file of the tiny books has faults of its own.
    assert!(site.to_string().contains("no chapter includes"), "{site}");
    repository.write("code.rs", "");
    let site = book::build(&repository.book(), None).unwrap();
    let page = fs::read_to_string(site.folder.join("one.html")).unwrap();
    for id in ids {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert_eq!(site.counts.links, ids.len());
}

#[test]
fn a_demonstration_stands_as_its_picture() {
    let fence = |words: &str| format!("```{words}\nA ring. It turns.\n```");
    let repository = Repository::new(&fence("demo,ring,byol"));
    let woven = || book::weave(&repository.book()).map_err(|error| error.to_string());
    let missing = woven().unwrap_err();
    assert!(missing.contains("no picture `pictures/demo-ring-byol.png`"), "{missing}");
    repository.write("book/src/pictures/demo-ring-byol.png", "");
    let (book, counts) = woven().unwrap();
    assert_eq!(counts.figures, 1);
    assert_eq!(
        book.chapters().next().unwrap().content,
        "<figure class=\"demo\" data-demo=\"ring\" data-method=\"byol\">\n\
         <img src=\"pictures/demo-ring-byol.png\" alt=\"A ring\">\n\
         <figcaption>A ring. It turns.</figcaption>\n</figure>\n"
    );
    assert_eq!(fault(&fence("demo,ring")), "write `demo,NAME,METHOD` after the fence");
    assert_eq!(fault("```demo,ring,byol\n```"), "a demonstration without words for its picture");
}

#[test]
fn a_picture_that_is_missing_or_without_words_is_found() {
    assert_eq!(fault("![x](gone.png)"), "dead link `gone.png`: the book has no gone.png");
    assert_eq!(fault("![](two.md)"), "`two.md` has no words for a reader who cannot see it");
    assert_eq!(
        fault("![x](../../code.rs)"),
        "dead link `../../code.rs`: it leads out of the book's sources"
    );
}

#[test]
fn a_column_without_a_heading_is_found() {
    assert_eq!(woven("| a | $x$ |\n|---|---|\n| 1 | |\n").matches('|').count(), 9);
    assert_eq!(fault("| | b |\n|---|---|\n| 1 | 2 |"), "a column of a table without a heading");
}

#[test]
fn html_that_would_not_be_checked_is_found() {
    let message = "as HTML: write it in Markdown, which is checked";
    assert_eq!(fault("See <a href=\"gone.html\">this</a>."), fault_of("<a", message));
    assert_eq!(fault("<img src=\"gone.png\">"), fault_of("<img", message));
}

fn fault_of(tag: &str, message: &str) -> String {
    format!("`{tag}` {message}")
}

#[test]
fn a_pair_is_two() {
    let block = "```python\nx = 1\n```\n";
    let pair = |blocks: &str| format!("<div class=\"pair\">\n\n{blocks}\n</div>");
    let text = woven(&pair(&block.repeat(2)));
    assert_eq!(text.matches("<figcaption>Python</figcaption>").count(), 2, "{text}");
    assert_eq!(fault(&pair(block)), "a pair of 1: two blocks or pictures make one");
    assert_eq!(fault(&pair(&block.repeat(3))), "a pair of 3: two blocks or pictures make one");
    assert_eq!(fault("<div class=\"pair\">"), "a pair without its `</div>`");

    let listing = include("../../code.rs:loss");
    let algorithm = |blocks: &str| format!("<div class=\"pair algorithm\">\n\n{blocks}\n\n</div>");
    woven(&algorithm(&format!("{block}\n{listing}")));
    woven(&algorithm(&format!("{block}\n{listing}\n\n{listing}")));
    let message = "an algorithm is pseudocode in `python` and one or two listings";
    assert_eq!(fault(&algorithm(block)), message);
    assert_eq!(fault(&algorithm(&format!("{listing}\n\n{block}"))), message);
}

#[test]
fn what_is_in_the_book_is_counted() {
    let chapter = "# One\n\n{{#number results/run.json:trained.knn}} $x$ [a](two.md) [b](#one) \
                   [c](https://example.org)\n\n```rust\n{{#include ../../code.rs:loss}}\n```\n\n\
                   ```text\n{{#include ../results/run.json}}\n```\n\n![Two](two.png)\n";
    let repository = Repository::new(chapter);
    repository.write("book/src/two.png", "");
    let (_, counts) = book::weave(&repository.book()).unwrap();
    assert_eq!(
        counts.to_string(),
        "2 chapters: 1 listings, 1 outputs of programs, 1 numbers, 1 formulas, 1 figures, 2 links \
         checked"
    );
}

#[test]
fn all_faults_are_reported_in_order_with_their_lines() {
    let text = format!("[x](gone.md)\n\n{{{{#title T}}}}\n\n{}\n", include("../../code.rs:los"));
    let found = faults(&text);
    assert_eq!(found.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 3, 5]);
    let report = Faults(found).to_string();
    assert!(report.starts_with("src/one.md:1: dead link `gone.md`"), "{report}");
    assert!(report.ends_with("\nthe book has 3 faults"), "{report}");
}

#[test]
fn a_broken_book_is_not_built() {
    let repository = Repository::new(&include("../../code.rs:open"));
    assert!(book::build(&repository.book(), None).is_err());
    assert!(!repository.book().join("book").exists());
}

#[test]
fn the_book_is_woven_without_a_fault() {
    let (woven, counts) = match book::weave(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        Ok(woven) => woven,
        Err(error) => panic!("{error}"),
    };
    for chapter in woven.chapters() {
        assert!(!chapter.content.contains("{{#"), "{}", chapter.name);
    }
    assert_eq!(counts.chapters, woven.chapters().count());
    println!("{counts}");
    assert_eq!(book::unused_anchors(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap(), []);
}

//! An operation stands in one place of each layer: its meaning and CPU kernel in
//! `tensor/src/ops/NAME.rs`, its GPU kernel in WGSL beside it, its derivative in
//! `autodiff/src/ops`, its row in the table. This names what is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::operations::{losses, table};

/// Files of operations that no gradient flows through.
const WITHOUT_DERIVATIVE: &[&str] =
    &["adamw", "ema", "fill", "lars", "one_hot", "order", "random", "sgd"];

#[test]
fn op_table_lacks_nothing() {
    let tensor = sources("tensor/src/ops");
    let autodiff = sources("autodiff/src/ops");
    let derivatives: String = autodiff.iter().map(|(_, text)| text.as_str()).collect();
    let rows: BTreeSet<&str> = table().iter().map(|row| row.operation).collect();

    let mut missing = Vec::new();
    let mut operations = BTreeSet::new();
    for (file, text) in tensor
        .iter()
        .filter(|(_, text)| text.contains("impl Operation<") || text.contains("> Operation<"))
    {
        if !launches_wgsl(text) {
            missing.push(format!("tensor/src/ops/{file}.rs: no kernel in WGSL beside it"));
        }
        // A rule of its own, or one that takes the operation as a part, as batch_norm's does.
        let has_derivative = autodiff.iter().any(|(name, _)| name == file)
            || derivatives.contains(&format!("x.{file}("));
        if has_derivative == WITHOUT_DERIVATIVE.contains(&file.as_str()) {
            let what = if has_derivative { "is listed as without one" } else { "does not exist" };
            missing.push(format!("autodiff/src/ops/{file}.rs: the derivative {what}"));
        }
        for name in names(text) {
            let is_gradient = name.ends_with("_grad") || name.ends_with("_grads");
            if is_gradient && !derivatives.contains(&format!(".{name}(")) {
                missing.push(format!("`{name}` is called by no derivative in autodiff/src/ops"));
            }
            if !is_gradient && !rows.contains(name) {
                missing.push(format!("`{name}` has no row in tests/src/operations"));
            }
            operations.insert(name);
        }
    }
    missing.extend(
        rows.difference(&operations).map(|row| format!("`{row}` has a row but does not exist")),
    );
    assert!(operations.len() >= 20, "only {} operations were found", operations.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The book's appendix lists what there is: the names in the first column of its tables, and the
/// losses in its last section.
#[test]
fn the_appendix_of_the_book_names_every_operation() {
    let page = root().join("book/src/operations.md");
    let page = fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named =
        first_cells.flat_map(quoted).chain(quoted(&page).filter(|s| s.starts_with("loss/")));
    // A row's name may say which case it is: `conv2d, dilated`, `max_pool2d among NaN`.
    let word = |name: &'static str| name.split([',', ' ', '\'']).next().unwrap_or(name);
    let rows = table().into_iter().chain(losses());
    let rows: BTreeSet<&str> = rows.map(|row| word(row.name)).collect();
    assert_eq!(named.collect::<BTreeSet<_>>(), rows);
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The operations that a file declares: `const NAME: &'static str = "…"`, or by the macro for
/// functions of two elements.
fn names(text: &str) -> Vec<&str> {
    let constant = |line: &'_ str| line.contains("const NAME") || line.starts_with("function!(");
    let quoted = |line| -> Option<&str> { str::split(line, '"').nth(1) };
    text.lines().filter(|line| constant(line)).filter_map(quoted).collect()
}

/// Whether a file includes WGSL that is there.
fn launches_wgsl(text: &str) -> bool {
    let mut included = text
        .split("include_str!(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next().filter(|path| path.ends_with(".wgsl")));
    included.any(|path| root().join("tensor/src/ops").join(path).exists())
}

/// The name and the text of every Rust file in a folder but `mod.rs`, by name.
fn sources(folder: &str) -> Vec<(String, String)> {
    let folder = root().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut sources: Vec<(String, String)> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("mod.rs"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a readable file"))
        })
        .collect();
    sources.sort();
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

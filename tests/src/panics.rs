//! Panics as values, for tests that expect them.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What a panic said, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Panic {
    /// Its message.
    pub text: String,
    /// The file that it is blamed on, as the compiler was given it.
    pub file: String,
    /// The line there.
    pub line: u32,
}

thread_local! {
    /// Some while this thread is in [`catch`], where panics are kept and not printed.
    static CAUGHT: RefCell<Option<Vec<Panic>>> = const { RefCell::new(None) };
}

/// Runs `f` quietly.
///
/// # Errors
/// The panic, where `f` does not come back.
pub fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let otherwise = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !keep(info) {
                otherwise(info);
            }
        }));
    });
    CAUGHT.set(Some(Vec::new()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    let caught = CAUGHT.take().and_then(|mut caught| caught.pop());
    outcome.map_err(|_| caught.expect("this thread's panic went through the hook"))
}

fn keep(info: &PanicHookInfo) -> bool {
    CAUGHT.with_borrow_mut(|caught| {
        let Some(caught) = caught else { return false };
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let place = info.location();
        caught.push(Panic {
            text: text.unwrap_or_default(),
            file: place.map_or_else(String::new, |place| place.file().to_owned()),
            line: place.map_or(0, |place| place.line()),
        });
        true
    })
}

/// A text with every `path/file.rs:line:column` as `file.rs:_`, for snapshots.
pub fn placeless(text: &str) -> String {
    let word = |word: &str| match word.split_once(".rs:") {
        Some((path, place)) => {
            let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
            let after = place.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
            let numbers = &place[..place.len() - after.len()];
            let colon = if numbers.ends_with(':') { ":" } else { "" };
            format!("{file}.rs:_{colon}{after}")
        }
        None => word.to_owned(),
    };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_left_out_of_a_text() {
        let text = "at a/b.rs:1:2: x, at c.rs:33:4\nand d.rs:5:6";
        assert_eq!(placeless(text), "at b.rs:_: x, at c.rs:_\nand d.rs:_");
    }

    #[test]
    fn a_panic_is_returned_with_its_place() {
        assert_eq!(catch(|| 3), Ok(3));
        let panic = catch(|| panic!("{} of them", 2)).unwrap_err();
        assert_eq!((&*panic.text, panic.line), ("2 of them", line!() - 1));
        assert!(panic.file.ends_with("panics.rs"));
    }
}

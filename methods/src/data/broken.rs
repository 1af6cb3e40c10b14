//! Pictures that cannot be read: each is named once, and many are an error.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::DataError;

/// The largest share of a set's pictures that may be broken; one always may.
const MOST: f64 = 0.01;

/// What has been named. Training, measuring and drawing may meet the same picture.
static NAMED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// Tells on the standard error that a picture is skipped, unless it has been told before.
pub(crate) fn name_once(error: &DataError) {
    let text = error.to_string();
    let mut named = locked(&NAMED);
    let named = named.get_or_insert_default();
    if !named.contains(&text) {
        eprintln!("skipped {text}");
        named.insert(text);
    }
}

/// The broken pictures of one set that have been met so far.
#[derive(Default)]
pub(crate) struct Broken(Mutex<HashSet<usize>>);

impl Broken {
    /// Names and counts a broken picture, or gives its error back where there are too many among
    /// `of`.
    pub(crate) fn note(&self, index: usize, of: usize, error: DataError) -> Result<(), DataError> {
        name_once(&error);
        let mut seen = locked(&self.0);
        seen.insert(index);
        let most = (of as f64 * MOST).max(1.0) as usize;
        match seen.len() > most {
            true => Err(DataError::TooManyBroken { broken: seen.len(), of, last: Box::new(error) }),
            false => Ok(()),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        locked(&self.0).len()
    }
}

/// A set stays whole where another thread has panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> DataError {
        DataError::Picture { path: "x.png".into(), reason: "torn".into() }
    }

    #[test]
    fn a_picture_counts_once_and_one_in_a_hundred_may_be_broken() {
        for (of, most) in [(5, 1), (199, 1), (200, 2), (1000, 10)] {
            let broken = Broken::default();
            for index in (0..most).chain(0..most) {
                broken.note(index, of, error()).expect("not too many");
            }
            assert_eq!(broken.count(), most);
            let text = broken.note(most, of, error()).unwrap_err().to_string();
            let expected = format!(
                "{} of {of} pictures are broken, more than 1 %; the last: x.png: torn",
                most + 1
            );
            assert_eq!(text, expected);
        }
    }
}

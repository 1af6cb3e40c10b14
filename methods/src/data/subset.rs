//! Part of a data set.

use std::sync::Arc;

use rand::seq::SliceRandom;

use super::{DataError, Dataset, Image};
use crate::augment::keyed;

/// The number of the view that draws a subset: one that no picture draws.
const DRAW: u64 = u64::MAX - 1;

/// Some pictures of another set, in its order and with its classes.
pub struct Subset {
    of: Arc<dyn Dataset>,
    indices: Vec<usize>,
}

impl Subset {
    /// The same share of every class, and at least one picture of each; pictures without a label
    /// are left out. `seed` draws which, and a larger share holds all that a smaller one does.
    ///
    /// # Panics
    /// Where the fraction is not from 0 to 1.
    pub fn stratified(of: Arc<dyn Dataset>, fraction: f64, seed: u64) -> Self {
        assert!((0.0..=1.0).contains(&fraction), "a share of {fraction}; expected 0 to 1");
        let mut classes = vec![Vec::new(); of.classes().len()];
        for index in 0..of.len() {
            if let Some(class) = of.label(index).and_then(|class| classes.get_mut(class)) {
                class.push(index);
            }
        }
        let mut indices = Vec::new();
        for (class, mut pictures) in classes.into_iter().enumerate() {
            pictures.shuffle(&mut keyed([seed, 0, class as u64, DRAW]));
            let share = (pictures.len() as f64 * fraction).round() as usize;
            indices.extend(pictures.into_iter().take(share.max(1)));
        }
        indices.sort_unstable();
        Subset { of, indices }
    }
}

impl Dataset for Subset {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        self.of.image(self.indices[index])
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.of.label(self.indices[index])
    }

    fn classes(&self) -> &[String] {
        self.of.classes()
    }

    fn mask(&self, index: usize) -> Option<Vec<bool>> {
        self.of.mask(self.indices[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    fn shapes(fraction: f64, seed: u64) -> Subset {
        Subset::stratified(data::open("shapes", 0).unwrap().train, fraction, seed)
    }

    #[test]
    fn every_class_has_its_share_and_at_least_one() {
        for (fraction, each) in [(0.0, 1), (0.001, 1), (0.1, 26), (1.0, 256)] {
            let subset = shapes(fraction, 3);
            let mut counts = [0; 8];
            for index in 0..subset.len() {
                counts[subset.label(index).unwrap()] += 1;
            }
            assert_eq!(counts, [each; 8], "{fraction}");
        }
    }

    #[test]
    fn the_seed_draws_and_more_holds_less() {
        let (few, many) = (shapes(0.1, 3), shapes(0.2, 3));
        assert_eq!(few.indices, shapes(0.1, 3).indices);
        assert_ne!(few.indices, shapes(0.1, 4).indices);
        assert!(few.indices.iter().all(|index| many.indices.contains(index)));
        let (theirs, ours) = (few.of.image(few.indices[7]).unwrap(), few.image(7).unwrap());
        assert_eq!(theirs.pixels, ours.pixels);
    }
}

//! Which patches iBOT hides from its student.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Tries to place a block before the mask is left as it is.
const TRIES: usize = 10;
/// Height / width of the flattest block; the steepest has the inverse.
const FLATTEST: f64 = 0.3;

// ANCHOR: block_mask
/// A mask for an image of `rows × columns` patches, row after row, that hides at most a share
/// `ratio` of them: blocks of random size and shape, which may overlap, until no more finds room
/// (BEiT, algorithm 1; iBOT's `loader.py`). The smallest block has about a ninth of the patches.
pub fn block_mask([rows, columns]: [usize; 2], ratio: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut hidden = vec![false; rows * columns];
    let mut room = ratio * (rows * columns) as f64;
    let least = (rows.min(columns) / 3).pow(2) as f64;
    let mut tries = 0;
    while room > 0.0 && tries < TRIES {
        tries += 1;
        let area = least + (room - least) * rng.random::<f64>();
        let aspect = (FLATTEST.ln() * (2.0 * rng.random::<f64>() - 1.0)).exp();
        let height = (area * aspect).sqrt().round() as usize;
        let width = (area / aspect).sqrt().round() as usize;
        if height >= rows || width >= columns {
            continue;
        }
        let top = rng.random_range(0..=rows - height);
        let left = rng.random_range(0..=columns - width);
        let rows = (top..top + height).map(|row| row * columns + left);
        let block: Vec<usize> = rows.flat_map(|start| start..start + width).collect();
        let new = block.iter().filter(|&&patch| !hidden[patch]).count();
        if new > 0 && new as f64 <= room {
            block.into_iter().for_each(|patch| hidden[patch] = true);
            room -= new as f64;
            tries = 0;
        }
    }
    hidden
}
// ANCHOR_END: block_mask

/// A mask for an image of `rows × columns` patches that hides a share `ratio` of them, rounded
/// down, wherever they lie.
pub fn random_mask([rows, columns]: [usize; 2], ratio: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let patches = rows * columns;
    let wanted = (ratio * patches as f64) as usize;
    let mut hidden: Vec<bool> = (0..patches).map(|patch| patch < wanted).collect();
    hidden.shuffle(rng);
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::key;

    fn draw(grid: [usize; 2], ratio: f64, sample: usize) -> Vec<bool> {
        block_mask(grid, ratio, &mut key(0, 0, sample, 0))
    }

    fn share(mask: &[bool]) -> f64 {
        mask.iter().filter(|&&hidden| hidden).count() as f64 / mask.len() as f64
    }

    #[test]
    fn a_mask_keeps_to_its_ratio_and_nearly_reaches_it() {
        for ratio in [0.1, 0.3, 0.5] {
            let shares: Vec<f64> = (0..200).map(|i| share(&draw([8, 12], ratio, i))).collect();
            assert!(shares.iter().all(|&share| share <= ratio), "{ratio}");
            let mean = shares.iter().sum::<f64>() / 200.0;
            assert!(mean > 0.8 * ratio, "{ratio}: {mean}");
        }
        assert_eq!(share(&draw([8, 8], 0.0, 0)), 0.0);
        // One patch, or a row of them, leaves no place for a smaller block.
        assert_eq!(share(&draw([1, 1], 1.0, 0)), 0.0);
        assert_eq!(share(&draw([1, 9], 1.0, 0)), 0.0);
    }

    #[test]
    fn hidden_patches_lie_together_and_masks_differ() {
        let mask = draw([14, 14], 0.4, 3);
        let hidden = |row: usize, column: usize| mask[row * 14 + column];
        let pairs = (0..14).flat_map(|row| (0..13).map(move |column| (row, column)));
        let (mut alike, mut all) = (0, 0);
        for (row, column) in pairs.filter(|&(row, column)| hidden(row, column)) {
            alike += usize::from(hidden(row, column + 1));
            all += 1;
        }
        assert!(alike * 4 > all * 3, "{alike} of {all} have a hidden neighbour");
        assert_eq!(mask, draw([14, 14], 0.4, 3));
        assert_ne!(mask, draw([14, 14], 0.4, 4));
    }
}

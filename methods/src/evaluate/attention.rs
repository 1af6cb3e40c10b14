//! Does attention find the object? DINO's measure (Caron et al. 2021, figure 4 and appendix D).

/// The share of a head's attention that its mask holds: 60 % in DINO's figure 4 and in its
/// `visualize_attention.py`. (The table of its appendix D says 80 % of the same numbers.)
pub const ATTENTION_KEEP: f64 = 0.6;

// ANCHOR: mask
/// The patches that hold `keep` of a head's attention, the strongest first: weights in rising
/// order add up, as shares of their sum, and those from where the sum exceeds `1 − keep` on are
/// kept. Weights are at least 0 and need not sum to 1.
pub fn attention_mask(weights: &[f64], keep: f64) -> Vec<bool> {
    let mut rising: Vec<usize> = (0..weights.len()).collect();
    rising.sort_by(|&a, &b| weights[a].total_cmp(&weights[b]));
    let total: f64 = rising.iter().map(|&patch| weights[patch]).sum();
    let mut kept = vec![false; weights.len()];
    let mut below = 0.0;
    for patch in rising {
        below += weights[patch] / total;
        kept[patch] = below > 1.0 - keep;
    }
    kept
}
// ANCHOR_END: mask

/// The Jaccard index of patches, row after row in a `grid`, and an object that covers some pixels
/// of a picture of `size`, rows before columns: how many pixels both cover, of those that either
/// does. A patch covers whatever lies nearest to it. NaN where neither covers any.
///
/// # Panics
/// Where there is not a patch for each place of the grid, or a pixel for each of the picture.
#[track_caller]
pub fn jaccard(kept: &[bool], grid: [usize; 2], object: &[bool], size: [usize; 2]) -> f64 {
    assert_eq!(kept.len(), grid[0] * grid[1], "jaccard: patches, for a grid of {grid:?}");
    assert_eq!(object.len(), size[0] * size[1], "jaccard: pixels, for a picture of {size:?}");
    let (mut both, mut either) = (0, 0);
    for (pixel, &inside) in object.iter().enumerate() {
        let [row, column] =
            [pixel / size[1] * grid[0] / size[0], pixel % size[1] * grid[1] / size[1]];
        let kept = kept[row * grid[1] + column];
        both += usize::from(kept && inside);
        either += usize::from(kept || inside);
    }
    both as f64 / either as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_holds_the_strongest_patches() {
        let kept = |keep| attention_mask(&[1.0, 5.0, 3.0, 1.0], keep);
        assert_eq!(kept(0.45), [false, true, false, false]);
        assert_eq!(kept(0.6), [false, true, true, false]);
        assert_eq!(kept(1.0), [true; 4]);
    }

    #[test]
    fn overlap_is_counted_in_pixels() {
        // Two patches of 2 × 2 beside each other; of the first, three pixels are the object's.
        let object = [true, true, false, false, true, false, false, false];
        let of = |kept: [bool; 2]| jaccard(&kept, [1, 2], &object, [2, 4]);
        assert_eq!((of([true, false]), of([true, true]), of([false, true])), (0.75, 0.375, 0.0));
        assert!(jaccard(&[false; 2], [1, 2], &[false; 8], [2, 4]).is_nan());
    }
}

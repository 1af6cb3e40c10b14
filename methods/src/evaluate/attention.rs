//! Does attention find the object? DINO's measure (Caron et al. 2021, figure 4 and appendix D).

/// The share of a head's attention that its mask holds: 60 % in DINO's figure 4 and in its
/// `visualize_attention.py`. (The table of its appendix D says 80 % of the same numbers.)
pub const ATTENTION_KEEP: f64 = 0.6;

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

/// The Jaccard index of patches, row after row in a grid of `columns`, and the pixels of an
/// object, `patch × patch` of them a patch: how many pixels both have, of those that either has.
/// NaN where neither has any.
///
/// # Panics
/// Where the pixels are not those of the patches.
#[track_caller]
pub fn jaccard(kept: &[bool], columns: usize, patch: usize, object: &[bool]) -> f64 {
    let pixels = kept.len() * patch * patch;
    assert_eq!(object.len(), pixels, "jaccard: {} patches have {pixels} pixels", kept.len());
    let width = columns * patch;
    let (mut both, mut either) = (0, 0);
    for (pixel, &inside) in object.iter().enumerate() {
        let (row, column) = (pixel / width / patch, pixel % width / patch);
        let kept = kept[row * columns + column];
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
        assert_eq!(jaccard(&[true, false], 2, 2, &object), 0.75);
        assert_eq!(jaccard(&[true, true], 2, 2, &object), 0.375);
        assert_eq!(jaccard(&[false, true], 2, 2, &object), 0.0);
        assert!(jaccard(&[false, false], 2, 2, &[false; 8]).is_nan());
    }
}

//! The mask probe: do frozen features say which pixels are the object's?

use super::attention::jaccard;
use super::features::Features;
use super::logistic::Logistic;

/// The strength of the mask probe's regulariser; with many places an image, it matters little.
pub const MASK_L2: f64 = 1e-3;

/// A logistic regression from the features of one place of a feature map to whether the object is
/// there; the same for all places.
pub struct MaskProbe(Logistic);

impl MaskProbe {
    /// A probe trained to convergence: a row of features for each place of every training image,
    /// and the share of the place that the object covers.
    ///
    /// # Panics
    /// Where there is not a share a row.
    #[track_caller]
    pub fn fit(places: &Features, covered: &[f64]) -> Self {
        let shares = covered.iter().flat_map(|share| [1.0 - share, *share]).collect();
        MaskProbe(Logistic::fit(places, &Features::new(covered.len(), 2, shares), MASK_L2))
    }

    /// The mean Jaccard index of what the probe takes for the object and the object, over images
    /// whose places are `grid` and whose pixels are `size`, rows before columns: the odds of the
    /// places are interpolated to the pixels, and those above even are the object's. An image in
    /// which there is neither an object nor one found is passed over; NaN where all are.
    ///
    /// # Panics
    /// Where an image has not a row for each place, or an object for each image.
    #[track_caller]
    pub fn jaccard(
        &self,
        places: &Features,
        grid: [usize; 2],
        objects: &[Vec<bool>],
        size: [usize; 2],
    ) -> f64 {
        let cells = grid[0] * grid[1];
        assert_eq!(places.rows, cells * objects.len(), "MaskProbe: a row for each place");
        let scores = self.0.scores(places);
        let odds: Vec<f64> = scores.iter().map(|score| score[1] - score[0]).collect();
        let of_image = |(odds, object): (&[f64], &Vec<bool>)| {
            let found: Vec<bool> =
                stretch(odds, grid, size).iter().map(|odds| *odds > 0.0).collect();
            jaccard(&found, size, object, size)
        };
        let overlaps = odds.chunks(cells).zip(objects).map(of_image);
        let known: Vec<f64> = overlaps.filter(|overlap| !overlap.is_nan()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    }
}

/// The share of each place of a `grid` that an object covers in a picture of `size`, rows before
/// columns.
///
/// # Panics
/// Where there is not a pixel for each of the picture, or a place would have none.
#[track_caller]
pub fn coverage(object: &[bool], size: [usize; 2], grid: [usize; 2]) -> Vec<f64> {
    assert_eq!(object.len(), size[0] * size[1], "coverage: pixels, for a picture of {size:?}");
    let mut counts = vec![[0usize; 2]; grid[0] * grid[1]];
    for (pixel, &inside) in object.iter().enumerate() {
        let row = pixel / size[1] * grid[0] / size[0];
        let column = pixel % size[1] * grid[1] / size[1];
        let [covered, all] = &mut counts[row * grid[1] + column];
        *covered += usize::from(inside);
        *all += 1;
    }
    assert!(
        counts.iter().all(|[_, all]| *all > 0),
        "coverage: {size:?} pixels for {grid:?} places"
    );
    counts.iter().map(|[covered, all]| *covered as f64 / *all as f64).collect()
}

/// A map of `from` places drawn out to `to`, bilinearly; the outermost places reach to the edge.
fn stretch(map: &[f64], from: [usize; 2], to: [usize; 2]) -> Vec<f64> {
    let taps = |axis: usize| {
        (0..to[axis]).map(move |i| {
            let at = (i as f64 + 0.5) * from[axis] as f64 / to[axis] as f64 - 0.5;
            let at = at.clamp(0.0, (from[axis] - 1) as f64);
            let low = at as usize;
            (low, (low + 1).min(from[axis] - 1), at - low as f64)
        })
    };
    let columns: Vec<_> = taps(1).collect();
    let mut stretched = Vec::with_capacity(to[0] * to[1]);
    for (above, below, down) in taps(0) {
        for &(left, right, across) in &columns {
            let row = |row: usize| {
                let value = |column: usize| map[row * from[1] + column];
                value(left) + across * (value(right) - value(left))
            };
            stretched.push(row(above) + down * (row(below) - row(above)));
        }
    }
    stretched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_drawn_out_to_a_ramp() {
        let stretched = stretch(&[0.0, 4.0, 8.0, 12.0], [2, 2], [4, 4]);
        assert_eq!(stretched[..4], [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(stretched[4..8], [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(stretch(&[3.0], [1, 1], [2, 3]), [3.0; 6]);
    }

    #[test]
    fn places_are_covered_in_part() {
        let object = [true, true, false, false, true, false, false, false];
        assert_eq!(coverage(&object, [2, 4], [1, 2]), [0.75, 0.0]);
        assert_eq!(coverage(&object, [2, 4], [2, 4]), object.map(f64::from));
    }

    /// Images whose object is the left half or the upper half, and features that tell it.
    fn halves(images: usize) -> (Features, Vec<f64>, Vec<Vec<bool>>) {
        let (mut values, mut shares, mut objects) = (Vec::new(), Vec::new(), Vec::new());
        for image in 0..images {
            let inside = |row: usize, column: usize| {
                if image.is_multiple_of(2) { column < 4 } else { row < 4 }
            };
            let object: Vec<bool> = (0..64).map(|i| inside(i / 8, i % 8)).collect();
            for (place, share) in coverage(&object, [8, 8], [4, 4]).into_iter().enumerate() {
                values.extend([5.0 - 2.0 * share, (place as f64).sin()]);
                shares.push(share);
            }
            objects.push(object);
        }
        (Features::new(images * 16, 2, values), shares, objects)
    }

    #[test]
    fn places_that_tell_are_found() {
        let (places, shares, objects) = halves(6);
        let probe = MaskProbe::fit(&places, &shares);
        assert_eq!(probe.jaccard(&places, [4, 4], &objects, [8, 8]), 1.0);
        // Features without a bearing: half of the pixels are the object's, at even odds or just
        // below, so all or nothing is taken for it.
        let blind = Features::new(places.rows, 1, vec![0.0; places.rows]);
        let found = MaskProbe::fit(&blind, &shares).jaccard(&blind, [4, 4], &objects, [8, 8]);
        assert!(found == 0.0 || (found - 0.5).abs() < 1e-12, "{found}");
    }
}

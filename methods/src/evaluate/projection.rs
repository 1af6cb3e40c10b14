//! A flat picture of the features.

use nalgebra::DMatrix;

use super::features::Features;

/// The features' coordinates along their first two principal components: centred, the plane in
/// which they spread furthest. One pair a row.
///
/// The signs, which the components leave open, are such that each component's largest entry is
/// positive. With fewer than two dimensions or rows the missing coordinate is 0, and so is every
/// coordinate of features that are not finite.
pub fn principal_plane(z: &Features) -> Vec<[f64; 2]> {
    let mut points = vec![[0.0; 2]; z.rows];
    if z.rows == 0 || z.values.iter().any(|x| !x.is_finite()) {
        return points;
    }
    let mut centred: DMatrix<f64> = z.columns().into_owned();
    let mean = centred.column_mean();
    centred.column_iter_mut().for_each(|mut column| column -= &mean);
    for (axis, component) in components(&centred).into_iter().enumerate() {
        let along = centred.tr_mul(&component);
        points.iter_mut().zip(along.iter()).for_each(|(point, &x)| point[axis] = x);
    }
    points
}

/// Up to two directions `[dim, 1]` of length 1, of the largest variance first.
fn components(centred: &DMatrix<f64>) -> Vec<DMatrix<f64>> {
    let (dim, rows) = centred.shape();
    // The smaller of the two Gram matrices has the same leading eigenvalues; a flat picture needs
    // no more precision than it keeps.
    let gram = if dim <= rows { centred * centred.transpose() } else { centred.tr_mul(centred) };
    let eigen = gram.symmetric_eigen();
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let direction = |&index: &usize| {
        let vector = eigen.eigenvectors.columns(index, 1).into_owned();
        let vector = if dim <= rows { vector } else { centred * vector };
        let sign = if vector[vector.icamax_full().0] < 0.0 { -1.0 } else { 1.0 };
        let norm = vector.norm();
        if norm > 0.0 { vector * (sign / norm) } else { vector }
    };
    order.iter().take(2).map(direction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_in_space_is_laid_flat() {
        // Corners of a 6 × 2 rectangle, along (1, 1, 0)/√2 and (0, 0, 1), away from the origin.
        let h = 3.0 / 2.0_f64.sqrt();
        let corners = [(h, 1.0), (h, -1.0), (-h, -1.0), (-h, 1.0)];
        let values = corners.iter().flat_map(|&(a, b)| [7.0 + a, a - 4.0, b + 1.0]).collect();
        let flat = principal_plane(&Features::new(4, 3, values));
        let expected = [[3.0, 1.0], [3.0, -1.0], [-3.0, -1.0], [-3.0, 1.0]];
        for (found, expected) in flat.iter().zip(expected) {
            let close = |axis: usize| (found[axis] - expected[axis]).abs() < 1e-9;
            assert!(close(0) && close(1), "{flat:?}");
        }
    }

    #[test]
    fn more_dimensions_than_rows_keep_the_distances() {
        let values = (0..3 * 50).map(|i| (i as f64).sin()).collect();
        let z = Features::new(3, 50, values);
        let flat = principal_plane(&z);
        // Three points always lie in a plane.
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let row = |i: usize| &z.values[i * 50..(i + 1) * 50];
            let squares = row(i).iter().zip(row(j)).map(|(a, b)| (a - b).powi(2));
            let apart = (flat[i][0] - flat[j][0]).hypot(flat[i][1] - flat[j][1]);
            assert!((squares.sum::<f64>().sqrt() - apart).abs() < 1e-9);
        }
    }

    #[test]
    fn features_without_spread_fall_on_the_origin() {
        assert_eq!(principal_plane(&Features::new(3, 2, vec![1.0; 6])), [[0.0; 2]; 3]);
        assert_eq!(principal_plane(&Features::new(1, 2, vec![f64::NAN; 2])), [[0.0; 2]]);
        assert_eq!(
            principal_plane(&Features::new(2, 1, vec![1.0, 3.0])),
            [[-1.0, 0.0], [1.0, 0.0]]
        );
    }
}

//! What breaks if a product is cut into whole tiles only?
//!
//! Not every size is a multiple of 16, and what is left at the edge has to be multiplied too.

// ANCHOR: tiles
const TILE: usize = 16;

/// `c = a b` for matrices of `n` rows and columns, tile by tile.
pub fn matmul(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    let tiles = || (0..n / TILE).map(|tile| tile * TILE..(tile + 1) * TILE);
    for rows in tiles() {
        for depth in tiles() {
            for (i, p) in rows.clone().flat_map(|i| depth.clone().map(move |p| (i, p))) {
                for j in 0..n {
                    c[i * n + j] += a[i * n + p] * b[p * n + j];
                }
            }
        }
    }
    c
}
// ANCHOR_END: tiles

/// Products of sizes around a tile's are what the three plain loops give.
pub fn check(matmul: fn(&[f64], &[f64], usize) -> Vec<f64>) {
    for n in [1, 15, 16, 17, 40] {
        let a: Vec<f64> = (0..n * n).map(|i| (i % 7) as f64).collect();
        let b: Vec<f64> = (0..n * n).map(|i| (i % 5) as f64).collect();
        let c = matmul(&a, &b, n);
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let entry: f64 = (0..n).map(|p| a[i * n + p] * b[p * n + j]).sum();
            assert_eq!(c[i * n + j], entry, "row {i}, column {j} of {n}");
        }
    }
}

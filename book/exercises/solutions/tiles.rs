//! The last tile of a row or column is as large as what is left.

const TILE: usize = 16;

pub fn matmul(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    let tiles = || (0..n).step_by(TILE).map(|start| start..n.min(start + TILE));
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

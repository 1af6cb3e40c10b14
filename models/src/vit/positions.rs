//! Where a token stands: fixed positions, and positions for images of another size.

use autodiff::Var;
use tensor::{Device, Filter, Resize, Tensor};

/// How positions that were made for one grid of patches are interpolated for another, bicubically.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionResize {
    /// Whether the filter widens where the grid shrinks.
    pub antialias: bool,
    /// 0 to lay corners on corners. DINO's code adds 0.1 to the new size before it takes the
    /// scale, so that rounding cannot lose a row; then there is no antialias.
    pub scale_offset: f64,
}

impl Default for PositionResize {
    /// As timm: with antialias, corners on corners.
    fn default() -> Self {
        PositionResize { antialias: true, scale_offset: 0.0 }
    }
}

impl PositionResize {
    /// As DINO's and iBOT's code.
    pub fn dino() -> Self {
        PositionResize { antialias: false, scale_offset: 0.1 }
    }

    // ANCHOR: apply
    /// Positions `[1, prefix + h·w, c]` of a grid `from`, row after row, for a grid `to`; the
    /// first `prefix` stand for no place and stay as they are.
    #[track_caller]
    pub fn apply(self, positions: &Var, prefix: usize, from: [usize; 2], to: [usize; 2]) -> Var {
        let (count, c) = (positions.shape()[1], positions.shape().features());
        let mut resize = Resize::new(Filter::Bicubic, self.antialias);
        if self.scale_offset > 0.0 {
            let scale =
                [0, 1].map(|axis| from[axis] as f64 / (to[axis] as f64 + self.scale_offset));
            resize = Resize { antialias: false, scale: Some(scale), ..resize };
        }
        let grid = positions.slice(1, prefix, count).reshape([1, from[0], from[1], c]);
        let grid = grid.resize(to, resize).reshape([1, to[0] * to[1], c]);
        Var::concat(&[&positions.slice(1, 0, prefix), &grid], 1)
    }
    // ANCHOR_END: apply
}

// ANCHOR: sincos2d
/// Fixed positions `[1, prefix + h·w, dim]` (MoCo-v3, section 4.1): at row `r` and column `c` the
/// quarters `sin(r ω)`, `cos(r ω)`, `sin(c ω)`, `cos(c ω)` with `ωᵢ = 10000^(−i / (dim/4))`; zeros
/// for the `prefix` tokens that have no place.
///
/// ```
/// let positions = models::vit::sincos2d(&tensor::Device::reference(), [2, 3], 8, 1);
/// assert_eq!(positions.shape().as_slice(), [1, 7, 8]);
/// let first: Vec<f64> = positions.slice(1, 1, 2).to_vec();
/// assert_eq!(first, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
/// ```
pub fn sincos2d(device: &Device, [rows, columns]: [usize; 2], dim: usize, prefix: usize) -> Tensor {
    let quarter = dim / 4;
    let mut values = vec![0.0; prefix * dim];
    for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r as f64, c as f64))) {
        let waves: [fn(f64) -> f64; 2] = [f64::sin, f64::cos];
        for (place, wave) in [row, column].into_iter().flat_map(|p| waves.map(|w| (p, w))) {
            let omega = |i| 10_000f64.powf(-(i as f64) / quarter as f64);
            values.extend((0..quarter).map(|i| wave(place * omega(i))));
        }
    }
    Tensor::from_slice(device, [1, prefix + rows * columns, dim], &values)
}
// ANCHOR_END: sincos2d

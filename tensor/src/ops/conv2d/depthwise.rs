//! Convolutions whose groups have one input channel each, `[n, h, w, c]` with weights
//! `[kh, kw, 1, c·m]`: output channel `o` sees input channel `o / m`. Each is computed directly,
//! all channels of a pixel side by side.

use super::{Geometry, Side};
use crate::Float;
use crate::cpu::patches::Patches;
use crate::cpu::{columns, parallel};
use crate::gpu::totals::Rows;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};

/// `y[p, o] = Σ_tap x[p + tap, o / m] w[tap, o]`.
pub(super) fn forward<T: Float>(g: &Geometry, x: &[T], w: &[T], y: &mut [T]) {
    let patches = Patches { geometry: g, side: Side::Outputs, values: x };
    let (width, m) = (g.channels(Side::Inputs).max(1), g.c_out);
    pixels(y, width, |pixel, y| {
        y.fill(T::zero());
        patches.taps(pixel, |tap, x| {
            let Some(x) = x else { return };
            add_repeated(y, x, &w[tap * width..][..width], m);
        });
    });
}

/// `dx[q, i] = Σ_tap Σ_j dy[q − tap, i m + j] w[tap, i m + j]`.
pub(super) fn input_grad<T: Float>(g: &Geometry, w: &[T], dy: &[T], dx: &mut [T]) {
    let patches = Patches { geometry: g, side: Side::Inputs, values: dy };
    let (width, m) = (g.channels(Side::Inputs), g.c_out);
    pixels(dx, g.conv.groups, |pixel, dx| {
        dx.fill(T::zero());
        patches.taps(pixel, |tap, dy| {
            let Some(dy) = dy else { return };
            let w = &w[tap * width..][..width];
            if m == 1 {
                return add_repeated(dx, dy, w, 1);
            }
            for (i, dx) in dx.iter_mut().enumerate() {
                for (&dy, &w) in dy[i * m..][..m].iter().zip(&w[i * m..]) {
                    *dx += dy * w;
                }
            }
        });
    });
}

/// `dw[tap, o] = Σ_p x[p + tap, o / m] dy[p, o]`.
pub(super) fn weight_grad<T: Float>(g: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let patches = Patches { geometry: g, side: Side::Outputs, values: x };
    let (width, m) = (g.channels(Side::Inputs), g.c_out);
    let total = columns::totals(g.pixels(Side::Outputs), width, dw.len(), |range, totals| {
        for pixel in range {
            let dy = &dy[pixel * width..][..width];
            patches.taps(pixel, |tap, x| {
                let Some(x) = x else { return };
                add_repeated(&mut totals[tap * width..][..width], x, dy, m);
            });
        }
    });
    dw.copy_from_slice(&total);
}

/// Calls `f(pixel, channels)` for every pixel of `y`, each of `width` channels.
fn pixels<T: Float>(y: &mut [T], width: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let rows = (parallel::PIECE / width).max(1);
    parallel::pieces(y, rows * width, |i, y| {
        for (j, y) in y.chunks_exact_mut(width).enumerate() {
            f(i * rows + j, y);
        }
    });
}

/// `y[o] += x[o / m] w[o]`.
fn add_repeated<T: Float>(y: &mut [T], x: &[T], w: &[T], m: usize) {
    // A loop without the repetition is one that vectorises.
    if m == 1 {
        for ((y, &x), &w) in y.iter_mut().zip(x).zip(w) {
            *y += x * w;
        }
        return;
    }
    for ((y, w), &x) in y.chunks_exact_mut(m).zip(w.chunks_exact(m)).zip(x) {
        for (y, &w) in y.iter_mut().zip(w) {
            *y += x * w;
        }
    }
}

/// Pixels that one invocation of the weight gradient sums over.
const PART: usize = 256;

/// Records the forward pass.
pub(super) fn launch_forward(g: &Geometry, gpu: &Gpu, inputs: [&GpuBuffer; 2], y: &GpuBuffer) {
    gpu.launch(Launch {
        name: "conv2d_depthwise",
        wgsl: concat!(
            include_str!("../../gpu/patches.wgsl"),
            include_str!("../conv2d_depthwise.wgsl")
        ),
        paste: &g.constants(Side::Outputs),
        inputs: &inputs,
        outputs: &[y],
        params: &[y.elements().word()],
        grid: Grid::threads(y.elements()),
    });
}

/// Records the input gradient.
pub(super) fn launch_input_grad(g: &Geometry, gpu: &Gpu, inputs: [&GpuBuffer; 2], dx: &GpuBuffer) {
    gpu.launch(Launch {
        name: "conv2d_depthwise_input_grad",
        wgsl: include_str!("../conv2d_depthwise_input_grad.wgsl"),
        paste: &g.constants(Side::Inputs),
        inputs: &inputs,
        outputs: &[dx],
        params: &[dx.elements().word()],
        grid: Grid::threads(dx.elements()),
    });
}

/// Records the weight gradient: sums over parts of the pixels, then the parts' sums.
pub(super) fn launch_weight_grad(g: &Geometry, gpu: &Gpu, inputs: [&GpuBuffer; 2], dw: &GpuBuffer) {
    let (pixels, inner) = (g.pixels(Side::Outputs), dw.elements());
    let parts = pixels.div_ceil(PART);
    let partial = gpu.allocate(parts * inner);
    gpu.launch(Launch {
        name: "conv2d_depthwise_weight_grad",
        wgsl: concat!(
            include_str!("../../gpu/patches.wgsl"),
            include_str!("../conv2d_depthwise_weight_grad.wgsl")
        ),
        paste: &g.constants(Side::Outputs),
        inputs: &inputs,
        outputs: &[&partial],
        params: &[partial.elements(), pixels, PART].map(Word::word),
        grid: Grid::threads(partial.elements()),
    });
    Rows { outer: 1, rows: parts, inner }.sum(gpu, &partial, 1.0, dw);
}

//! A tensor with a margin of one value around it.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// The axes, outermost first; an axis without a margin belongs to the one before it.
struct Pad {
    axes: Vec<Axis>,
    value: f64,
}

/// Elements of the input along an axis, and of the margin before and after them.
#[derive(Clone, Copy)]
struct Axis {
    length: usize,
    before: usize,
    after: usize,
}

impl Axis {
    fn padded(self) -> usize {
        self.before + self.length + self.after
    }
}

impl Operation<1, 1> for Pad {
    const NAME: &'static str = "pad";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let (last, outer) = self.axes.split_last().expect("at least one axis");
        let value = T::from_f64(self.value);
        let width = last.padded().max(1);
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (j, y) in y.chunks_exact_mut(width).enumerate() {
                let Some(row) = row_of(outer, i * rows + j) else {
                    y.fill(value);
                    continue;
                };
                let (before, rest) = y.split_at_mut(last.before);
                let (inside, after) = rest.split_at_mut(last.length);
                before.fill(value);
                inside.copy_from_slice(&x[row * last.length..][..last.length]);
                after.fill(value);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let axis = |axis: &Axis| [axis.padded(), axis.before, axis.length, 0].map(Word::word);
        let axes: Vec<u32> = self.axes.iter().flat_map(axis).collect();
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("pad.wgsl"),
            paste: &format!("const RANK = {}u;", self.axes.len()),
            inputs: &[x],
            outputs: &[y],
            params: &[axes, vec![y.elements().word(), self.value.word()]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

/// The input's row that lies at a row of the output, rows counting the given axes; `None` in
/// the margin.
fn row_of(axes: &[Axis], row: usize) -> Option<usize> {
    let (mut rest, mut from, mut stride) = (row, 0, 1);
    for axis in axes.iter().rev() {
        let i = (rest % axis.padded()).checked_sub(axis.before)?;
        if i >= axis.length {
            return None;
        }
        rest /= axis.padded();
        from += i * stride;
        stride *= axis.length;
    }
    Some(from)
}

impl Tensor {
    /// The tensor with a margin of `value`: `margins` has a pair for each axis, how many elements
    /// come before and after.
    ///
    /// # Panics
    /// Where `margins` does not have a pair for each axis.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2], &[1.0, 2.0]);
    /// let y = x.pad(&[(0, 1), (1, 0)], 9.0);
    /// assert_eq!(y.to_vec::<f32>(), [9.0, 1.0, 2.0, 9.0, 9.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn pad(&self, margins: &[(usize, usize)], value: f64) -> Tensor {
        let lengths = self.shape();
        if margins.len() != lengths.rank() {
            check::fail(Pad::NAME, &[self], format_args!("expected a pair an axis: {margins:?}"));
        }
        if margins.iter().all(|&margin| margin == (0, 0)) {
            return self.clone();
        }
        let axes = lengths.iter().zip(margins);
        let axes = axes.map(|(&length, &(before, after))| Axis { length, before, after });
        let shape: Vec<usize> = axes.clone().map(Axis::padded).collect();
        let [y] = run(&Pad { axes: join(axes), value }, [self], [shape.into()]);
        y
    }
}

/// The fewest axes that lie the same way in memory.
fn join(axes: impl Iterator<Item = Axis>) -> Vec<Axis> {
    let mut joined: Vec<Axis> = Vec::new();
    for axis in axes {
        match joined.last_mut() {
            Some(last) if axis.before == 0 && axis.after == 0 => {
                for part in [&mut last.length, &mut last.before, &mut last.after] {
                    *part *= axis.length;
                }
            }
            _ => joined.push(axis),
        }
    }
    joined
}

//! Rows by number: `gather_rows` takes them, `scatter_add_rows` adds them back. Each is the
//! other's derivative.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

/// `y[m] = x[index[m]]`, rows of `width` elements.
struct GatherRows {
    rows: usize,
    width: usize,
}

impl Operation<2, 1> for GatherRows {
    const NAME: &'static str = "gather_rows";

    fn cpu<T: Float>(&self, [x, index]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let width = self.width.max(1);
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (y, row) in y.chunks_exact_mut(width).zip(&index[i * rows..]) {
                y.copy_from_slice(&x[check::place(*row) * width..][..width]);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x, index]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("gather_rows.wgsl"),
            paste: "",
            inputs: &[x, index],
            outputs: &[y],
            params: &[y.elements().word(), self.rows.word(), self.width.word(), f64::NAN.word()],
            grid: Grid::threads(y.elements()),
        });
    }
}

/// `y[r] = Σ x[m]` over all `m` with `index[m] = r`, in the order of `m`.
struct ScatterAddRows {
    rows: usize,
    width: usize,
}

impl Operation<2, 1> for ScatterAddRows {
    const NAME: &'static str = "scatter_add_rows";

    fn cpu<T: Float>(&self, [x, index]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let width = self.width.max(1);
        let (first, members) = self.members(index);
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (y, ends) in y.chunks_exact_mut(width).zip(first[i * rows..].windows(2)) {
                y.fill(T::zero());
                for &m in &members[ends[0]..ends[1]] {
                    for (y, &x) in y.iter_mut().zip(&x[m * width..][..width]) {
                        *y += x;
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x, index]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        let (rows, width) = (self.rows, self.width);
        let blocks = width.div_ceil(COLUMNS);
        let sizes = [rows, width, blocks, index.elements()].map(Word::word);
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("scatter_add_rows.wgsl"),
            paste: "",
            inputs: &[x, index],
            outputs: &[y],
            params: &[&sizes[..], &[f64::NAN.word()]].concat(),
            grid: Grid::groups(rows * blocks),
        });
    }
}

/// Columns of a row that one workgroup of `scatter_add_rows.wgsl` adds up.
const COLUMNS: usize = 256;

impl ScatterAddRows {
    /// The numbers `m` sorted by the row that they go to, in order for each row, and where each
    /// row's begin; one more beginning marks the end.
    fn members<T: Float>(&self, index: &[T]) -> (Vec<usize>, Vec<usize>) {
        let mut first = vec![0; self.rows + 1];
        for &row in index {
            first[check::place(row) + 1] += 1;
        }
        for row in 0..self.rows {
            first[row + 1] += first[row];
        }
        let (mut next, mut members) = (first.clone(), vec![0; index.len()]);
        for (m, &row) in index.iter().enumerate() {
            let next = &mut next[check::place(row)];
            members[*next] = m;
            *next += 1;
        }
        (first, members)
    }
}

impl Tensor {
    /// The rows that `index` `[m]` names, `[n, …] → [m, …]`; a row may be taken several times.
    ///
    /// An index that names no row panics on a processor and gives a row of NaN on a GPU, which
    /// cannot.
    ///
    /// # Panics
    /// Where there are no rows, `index` has not one axis, or names a row that is not there.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// # let device = Device::cpu();
    /// let x = Tensor::from_slice(&device, [3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let index = Tensor::from_slice(&device, [2], &[2.0, 0.0]);
    /// assert_eq!(x.gather_rows(&index).to_vec::<f32>(), [5.0, 6.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn gather_rows(&self, index: &Tensor) -> Tensor {
        let op = GatherRows::NAME;
        let (rows, width) = rows_of(op, self);
        check::rank(op, index, 1, "[m]");
        check::index(op, index, rows);
        let shape = with_rows(self.shape(), index.shape().elements());
        let [y] = run(&GatherRows { rows, width }, [self, index], [shape]);
        y
    }

    /// The rows of `self` `[m, …]` added into the `rows` rows that `index` `[m]` names, `[rows,
    /// …]`; a row that is not named is zero. The order of addition is that of `index`, so the
    /// bits are the same every time.
    ///
    /// Reads each row once on a processor. On a GPU a workgroup owns an output row and looks
    /// through the whole index, 256 entries at a step: about `rows · m / 256` steps.
    ///
    /// An index that names no row panics on a processor; on a GPU, which cannot, the whole result
    /// is NaN.
    ///
    /// # Panics
    /// Where `index` does not have an entry for each row, or names a row that is not there.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// # let device = Device::cpu();
    /// let x = Tensor::from_slice(&device, [3, 1], &[1.0, 2.0, 4.0]);
    /// let index = Tensor::from_slice(&device, [3], &[1.0, 0.0, 1.0]);
    /// assert_eq!(x.scatter_add_rows(&index, 3).to_vec::<f32>(), [2.0, 5.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add_rows(&self, index: &Tensor, rows: usize) -> Tensor {
        let op = ScatterAddRows::NAME;
        let (m, width) = rows_of(op, self);
        check::shape(op, index, [m]);
        check::index(op, index, rows);
        let shape = with_rows(self.shape(), rows);
        let [y] = run(&ScatterAddRows { rows, width }, [self, index], [shape]);
        y
    }
}

/// The length of the first axis, and the elements of each of its entries.
#[track_caller]
fn rows_of(op: &str, x: &Tensor) -> (usize, usize) {
    let Some((&rows, row)) = x.shape().split_first() else {
        check::fail(op, &[x], "expected rows, at least one axis")
    };
    (rows, row.iter().product())
}

fn with_rows(shape: &Shape, rows: usize) -> Shape {
    let mut shape = shape.to_vec();
    shape[0] = rows;
    shape.into()
}

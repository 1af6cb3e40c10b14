//! A matrix in panels: as many columns as a [`tile`](crate::cpu::tile) has, row after row, so that
//! a tile reads it from end to end.

use std::ops::Range;

use crate::cpu::buffer::Buffer;
use crate::cpu::lanes::LANES;
use crate::cpu::tile::Columns;

/// See the module; zeros stand behind the last column.
pub(crate) struct Panels<const W: usize> {
    panels: usize,
    rows: usize,
    memory: Buffer<f32>,
}

impl<const W: usize> Panels<W> {
    /// Columns of a panel.
    pub(crate) const WIDTH: usize = W * LANES;

    /// With arbitrary contents.
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        let panels = columns.div_ceil(Self::WIDTH);
        let length = panels * rows * Self::WIDTH;
        Panels { panels, rows, memory: Buffer::recycled(length + LANES) }
    }

    /// Panel after panel.
    pub(crate) fn all_mut(&mut self) -> &mut [Columns<W>] {
        &mut rows_of(&mut self.memory)[..self.panels * self.rows]
    }

    /// The rows of a panel.
    pub(crate) fn panel(&self, j: usize) -> &[Columns<W>] {
        let start = aligned(&self.memory);
        let (lanes, _) = self.memory[start..].as_chunks();
        let (rows, _) = lanes.as_chunks();
        &rows[j * self.rows..][..self.rows]
    }
}

/// Some memory as rows of panels.
pub(crate) fn rows_of<const W: usize>(memory: &mut [f32]) -> &mut [Columns<W>] {
    let start = aligned(memory);
    memory[start..].as_chunks_mut().0.as_chunks_mut().0
}

/// Where the first cache line of some memory begins, which is as long as a register: one that lies
/// across two costs two loads.
fn aligned(memory: &[f32]) -> usize {
    memory.as_ptr().align_offset(LANES * size_of::<f32>()).min(LANES)
}

/// Columns `range` of a matrix.
pub(crate) fn copy_rows<const W: usize>(
    matrix: &[f32],
    columns: usize,
    range: Range<usize>,
    rows: &mut [Columns<W>],
) {
    for (row, values) in rows.iter_mut().zip(matrix.chunks_exact(columns)) {
        copy_row(&values[range.clone()], row);
    }
}

/// Columns `range` of the transpose of a matrix, whose rows are as long as there are `rows`.
pub(crate) fn copy_turned<const W: usize>(
    matrix: &[f32],
    range: Range<usize>,
    rows: &mut [Columns<W>],
) {
    /// So many rows stay in the nearest cache while all columns are written.
    const NEAR: usize = 64;
    let length = rows.len();
    for (i, rows) in rows.chunks_mut(NEAR).enumerate() {
        rows.fill([[0.0; LANES]; W]);
        for (c, column) in range.clone().enumerate() {
            let values = &matrix[column * length + i * NEAR..][..rows.len()];
            for (row, &value) in rows.iter_mut().zip(values) {
                row.as_flattened_mut()[c] = value;
            }
        }
    }
}

/// As many values as there are, at most a row, and zeros.
pub(crate) fn copy_row<const W: usize>(values: &[f32], row: &mut Columns<W>) {
    // Nearly always they fill the row, and the length is then known.
    match <&Columns<W>>::try_from(values.as_chunks().0) {
        Ok(values) => *row = *values,
        Err(_) => {
            let row = row.as_flattened_mut();
            row[..values.len()].copy_from_slice(values);
            row[values.len()..].fill(0.0);
        }
    }
}

/// The other way: the first values of a row.
pub(crate) fn copy_back<const W: usize>(row: &Columns<W>, values: &mut [f32]) {
    let length = values.len();
    match <&mut Columns<W>>::try_from(values.as_chunks_mut().0) {
        Ok(values) => *values = *row,
        Err(_) => values.copy_from_slice(&row.as_flattened()[..length]),
    }
}

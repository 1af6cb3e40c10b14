// Sums of rows of neighbouring elements, [rows, length]. One workgroup sums a block of 4096
// elements of one row; includes `row.wgsl`. The result is [rows, blocks], to be summed again
// while there is more than one block.

struct Params {
    // Of 4096 elements: `blocks` make a row of `length`.
    rows: u32,
    length: u32,
    blocks: u32,
}

const BLOCK = 4096u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn compute(row: u32, lane: u32) {
    let start = row / params.blocks * params.length;
    let first = row % params.blocks * BLOCK;
    let last = min(first + BLOCK, params.length);
    var part = 0.0;
    for (var j = first + lane; j < last; j += WIDTH) {
        part += x[start + j];
    }
    let total = row_sum(lane, part);
    if lane == 0u {
        y[row] = total;
    }
}

// The squares of a parameter and of its decayed gradient, summed block by block: [2, blocks]. One
// workgroup sums a block of 4096 elements; includes `row.wgsl`.

struct Params {
    n: u32,
    // Of 4096 elements.
    rows: u32,
    decay: f32,
}

const BLOCK = 4096u;

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;

fn compute(row: u32, lane: u32) {
    let last = min(row * BLOCK + BLOCK, params.n);
    var p_part = 0.0;
    var g_part = 0.0;
    for (var i = row * BLOCK + lane; i < last; i += WIDTH) {
        let gradient = g[i] + params.decay * p[i];
        p_part += p[i] * p[i];
        g_part += gradient * gradient;
    }
    let p_square = row_sum(lane, p_part);
    let g_square = row_sum(lane, g_part);
    if lane == 0u {
        squares[row] = p_square;
        squares[params.rows + row] = g_square;
    }
}

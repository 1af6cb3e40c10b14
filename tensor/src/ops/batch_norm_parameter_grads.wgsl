// Σ dy (x − mean) and Σ dy of each column, totalled by `columns.wgsl` in one pass over x and dy.
// The two come out one behind the other, [2, blocks, c], to be totalled on as one tensor.

alias Total = vec2<f32>;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

fn term(at: u32, column: u32) -> Total {
    return dy[at] * vec2(x[at] - mean[column], 1.0);
}

fn store(at: u32, total: Total) {
    sums[at] = total.x;
    sums[params.blocks * params.columns + at] = total.y;
}

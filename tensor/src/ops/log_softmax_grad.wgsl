// dx = dy − eʸ Σ dy along rows: one workgroup computes one row. Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    var sum = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        sum += dy[i];
    }
    sum = row_sum(lane, sum);
    for (var i = first + lane; i < last; i += WIDTH) {
        dx[i] = dy[i] - exp(y[i]) * sum;
    }
}

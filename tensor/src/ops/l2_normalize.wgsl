// y = x / max(‖x‖, eps) along rows: one workgroup normalises one row. Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    var square = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        square += x[i] * x[i];
    }
    let norm = max(sqrt(row_sum(lane, square)), params.eps);
    for (var i = first + lane; i < last; i += WIDTH) {
        y[i] = x[i] / norm;
    }
}

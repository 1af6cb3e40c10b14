// dx = (dy − y (y · dy)) / ‖x‖, or dy / eps where the norm is below eps: one workgroup computes
// one row. Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    var square = 0.0;
    var product = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        square += x[i] * x[i];
        product += x[i] * dy[i];
    }
    let norm = sqrt(row_sum(lane, square));
    product = row_sum(lane, product);
    // y (y · dy) = x (x · dy) / ‖x‖²
    var along = 0.0;
    if norm > params.eps {
        along = product / (norm * norm);
    }
    for (var i = first + lane; i < last; i += WIDTH) {
        dx[i] = (dy[i] - x[i] * along) / max(norm, params.eps);
    }
}

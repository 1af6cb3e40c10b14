// loss = Σ wanted · (log Σ e^(x − max) − (x − max)) of each row: one workgroup computes one row.
// Includes `row.wgsl` and `exponentials.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> wanted: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    let e = exponentials(lane, first, last);
    let log_sum = log(e.sum);
    var product = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        product += wanted[i] * (log_sum - (x[i] - e.largest));
    }
    product = row_sum(lane, product);
    if lane == 0u {
        loss[row] = product;
    }
}

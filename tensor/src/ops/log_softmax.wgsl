// y = (x − max) − log Σ e^(x − max) along rows: one workgroup computes one row. Includes
// `row.wgsl` and `exponentials.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    let e = exponentials(lane, first, last);
    let log_sum = log(e.sum);
    for (var i = first + lane; i < last; i += WIDTH) {
        y[i] = (x[i] - e.largest) - log_sum;
    }
}

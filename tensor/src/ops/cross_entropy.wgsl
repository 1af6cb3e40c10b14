// loss = log Σ e^(x − max) − (x[label] − max) of each row: one workgroup computes one row. Includes
// `row.wgsl` and `exponentials.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    // What a label that names no class gives: NaN, which WGSL has no literal for.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    let e = exponentials(lane, first, last);
    if lane > 0u {
        return;
    }
    let label = labels[row];
    if label >= 0.0 && label < f32(params.width) && label == floor(label) {
        loss[row] = log(e.sum) - (x[first + u32(label)] - e.largest);
    } else {
        loss[row] = params.nan;
    }
}

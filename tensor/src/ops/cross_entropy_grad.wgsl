// dx = (e^(x − max) / Σ e^(x − max) − [label]) · dy / rows: one workgroup computes one row.
// Includes `row.wgsl` and `exponentials.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    // What a label that names no class gives: NaN, which WGSL has no literal for.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    let e = exponentials(lane, first, last);
    let label = labels[row];
    let named = label >= 0.0 && label < f32(params.width) && label == floor(label);
    let share = select(params.nan, dy[0] / f32(params.rows), named);
    for (var i = first + lane; i < last; i += WIDTH) {
        let hit = select(0.0, 1.0, f32(i - first) == label);
        dx[i] = (exp(x[i] - e.largest) / e.sum - hit) * share;
    }
}

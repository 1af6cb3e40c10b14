// dx = (g − (Σ g + x̂ Σ g x̂) / count) / sqrt(var + eps) with g = dy · weight: one workgroup
// computes one group. Includes `row.wgsl` and `groups.wgsl`.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> stats: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

fn compute(row: u32, lane: u32) {
    let group_first = row % params.groups * params.channels;
    let start = row / params.groups * params.sample + group_first;
    let first = x[start];
    let count = f32(params.width);
    let mean = stats[2u * row];
    let rstd = stats[2u * row + 1u];

    var g_sum = 0.0;
    var g_xh = 0.0;
    for (var e = lane; e < params.width; e += WIDTH) {
        let at = start + offset(e);
        let g = dy[at] * weight[group_first + e % params.channels];
        g_sum += g;
        g_xh += g * (x[at] - first - mean);
    }
    let shift = row_sum(lane, g_sum) / count;
    let slope = row_sum(lane, g_xh) * rstd * rstd / count;
    for (var e = lane; e < params.width; e += WIDTH) {
        let at = start + offset(e);
        let g = dy[at] * weight[group_first + e % params.channels];
        dx[at] = rstd * (g - shift - (x[at] - first - mean) * slope);
    }
}

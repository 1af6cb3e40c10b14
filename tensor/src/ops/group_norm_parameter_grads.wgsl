// Σ dy · x̂ and Σ dy of each channel, totalled by `columns.wgsl` in one pass over x and dy. The two
// come out one behind the other, [2, blocks, c], to be totalled on as one tensor.
// `params.own_0` is the number of a sample's positions, `params.own_1` that of its groups.

alias Total = vec2<f32>;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> stats: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

fn term(at: u32, channel: u32) -> Total {
    let sample = at / (params.own_0 * params.columns);
    let channels = params.columns / params.own_1;
    let group = channel / channels;
    let first = x[sample * params.own_0 * params.columns + group * channels];
    let row = 2u * (sample * params.own_1 + group);
    return dy[at] * vec2((x[at] - first - stats[row]) * stats[row + 1u], 1.0);
}

fn store(at: u32, total: Total) {
    sums[at] = total.x;
    sums[params.blocks * params.columns + at] = total.y;
}

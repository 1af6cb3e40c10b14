// y[n, k] = 1 where labels[n] = k, else 0: one invocation writes one element.

struct Params {
    n: u32,
    classes: u32,
    // What a number that is no class gives.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> labels: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let label = labels[i / params.classes];
    if label >= 0.0 && label < f32(params.classes) && floor(label) == label {
        y[i] = f32(u32(label) == i % params.classes);
    } else {
        y[i] = params.nan;
    }
}

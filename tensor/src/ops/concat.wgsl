// [outer, a] beside [outer, b], as [outer, a + b]: one invocation copies one element.

struct Params {
    n: u32,
    a: u32,
    b: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let row = i / (params.a + params.b);
    let column = i % (params.a + params.b);
    if column < params.a {
        y[i] = a[row * params.a + column];
    } else {
        y[i] = b[row * params.b + column - params.a];
    }
}

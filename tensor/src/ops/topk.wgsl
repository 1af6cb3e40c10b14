// The first k elements of each sorted row, and their indices. One invocation counts the elements
// that come before its own, which is its place; includes `order.wgsl`.

struct Params {
    n: u32,
    width: u32,
    k: u32,
    descending: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let row = i / params.width;
    let index = i % params.width;
    let value = x[i];
    var place = 0u;
    for (var j = 0u; j < params.width; j++) {
        let other = x[row * params.width + j];
        let larger = above(other, value);
        let smaller = above(value, other);
        let before = select(smaller, larger, params.descending == 1u);
        if before || (!larger && !smaller && j < index) {
            place++;
        }
    }
    if place < params.k {
        values[row * params.k + place] = value;
        indices[row * params.k + place] = f32(index);
    }
}

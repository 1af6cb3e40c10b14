// The index of the largest element of each slice along the middle axis of [outer, rows, inner]:
// the first, where several are equal. One workgroup searches one slice; includes `order.wgsl`.

struct Params {
    n: u32,
    rows: u32,
    inner: u32,
}

const WIDTH = 128u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> largest: array<f32, WIDTH>;
var<workgroup> found: array<u32, WIDTH>;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group.x + group.y * groups.x;
    if i >= params.n {
        return;
    }
    let first = i / params.inner * params.rows * params.inner + i % params.inner;
    var value = x[first];
    var index = 0u;
    for (var row = lane; row < params.rows; row += WIDTH) {
        let here = x[first + row * params.inner];
        if above(here, value) {
            value = here;
            index = row;
        }
    }
    largest[lane] = value;
    found[lane] = index;
    workgroupBarrier();
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        if lane < half {
            let other = largest[lane + half];
            let equal = !above(largest[lane], other) && !above(other, largest[lane]);
            if above(other, largest[lane]) || (equal && found[lane + half] < found[lane]) {
                largest[lane] = other;
                found[lane] = found[lane + half];
            }
        }
        workgroupBarrier();
    }
    if lane == 0u {
        y[i] = f32(found[0]);
    }
}

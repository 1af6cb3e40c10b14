// What kernels share in which one workgroup owns one row: its 128 invocations take neighbouring
// elements and add up what they found, in a tree of fixed shape.
//
// A kernel that includes this has `rows` among its `Params` and declares
//   fn compute(row: u32, lane: u32)      computes a row; all lanes come to every sum

const WIDTH = 128u;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.x + group.y * groups.x;
    if row < params.rows {
        compute(row, lane);
    }
}

var<workgroup> parts: array<f32, WIDTH>;

// The sum of every invocation's part, known to all of them.
fn row_sum(lane: u32, part: f32) -> f32 {
    parts[lane] = part;
    workgroupBarrier();
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        if lane < half {
            parts[lane] += parts[lane + half];
        }
        workgroupBarrier();
    }
    let total = parts[0];
    // The next call overwrites the parts.
    workgroupBarrier();
    return total;
}

// The largest of every invocation's part, known to all of them.
fn row_max(lane: u32, part: f32) -> f32 {
    parts[lane] = part;
    workgroupBarrier();
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        if lane < half {
            parts[lane] = max(parts[lane], parts[lane + half]);
        }
        workgroupBarrier();
    }
    let largest = parts[0];
    // The next call overwrites the parts.
    workgroupBarrier();
    return largest;
}

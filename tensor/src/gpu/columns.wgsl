// Totals over the rows of [outer, rows, inner]. There are outer · inner columns, and a row lies
// `inner` elements behind the one before.
//
// One workgroup totals 32 neighbouring columns over a block of 256 rows: 8 lanes of invocations
// take every eighth row each, and lane 0 adds the lanes up, in order. The result is
// [outer, blocks, inner], to be totalled again while there is more than one block; sums stay
// short, so f32 keeps its digits, and their order is fixed, so the bits are the same every run.
//
// A kernel that includes this declares
//   alias Total                              what is added up
//   fn term(at: u32, column: u32) -> Total   the contribution of the element at `at`
//   fn store(at: u32, total: Total)          takes the total of a block

struct Params {
    inner: u32,
    rows: u32,
    columns: u32,
    blocks: u32,
    scale: f32,
    // What the including kernel makes of them.
    own_0: u32,
    own_1: u32,
}

const WIDTH = 32u;
const LANES = 8u;
const BLOCK = 256u;

var<workgroup> parts: array<Total, WIDTH * LANES>;

@compute @workgroup_size(WIDTH, LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let strips = (params.columns + WIDTH - 1u) / WIDTH;
    let tile = group.x + group.y * groups.x;
    let block = tile / strips;
    let column = tile % strips * WIDTH + local.x;
    let outer = column / params.inner;
    let inner = column % params.inner;
    let inside = block < params.blocks && column < params.columns;

    var total = Total();
    if inside {
        let first = block * BLOCK + local.y;
        let last = min((block + 1u) * BLOCK, params.rows);
        for (var row = first; row < last; row += LANES) {
            total += term((outer * params.rows + row) * params.inner + inner, column);
        }
    }
    parts[local.y * WIDTH + local.x] = total;
    workgroupBarrier();

    if inside && local.y == 0u {
        for (var lane = 1u; lane < LANES; lane++) {
            total += parts[lane * WIDTH + local.x];
        }
        store((outer * params.blocks + block) * params.inner + inner, total * params.scale);
    }
}

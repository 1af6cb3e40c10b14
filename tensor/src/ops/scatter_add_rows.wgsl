// y[r] = Σ x[m] over all m with index[m] = r, in the order of m. One workgroup owns 256 columns of
// one output row. Its invocations look at 256 entries of the index at a time and mark in a bit
// mask those that name the row; then each adds the marked rows in its own column, from the first
// on. Nobody else writes there, so the order of addition is fixed.

struct Params {
    rows: u32,
    width: u32,
    // How many workgroups share a row.
    blocks: u32,
    entries: u32,
    // What an index that names no row gives.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const WIDTH = 256u;
const WORDS = WIDTH / 32u;

var<workgroup> marks: array<atomic<u32>, WORDS>;
var<workgroup> strays: atomic<u32>;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group.x + group.y * groups.x;
    let row = i / params.blocks;
    if row >= params.rows {
        return;
    }
    let column = i % params.blocks * WIDTH + lane;
    if lane == 0u {
        atomicStore(&strays, 0u);
    }
    workgroupBarrier();

    var sum = 0.0;
    for (var first = 0u; first < params.entries; first += WIDTH) {
        if lane < WORDS {
            atomicStore(&marks[lane], 0u);
        }
        workgroupBarrier();
        if first + lane < params.entries {
            let named = index[first + lane];
            if !(named >= 0.0 && named < f32(params.rows) && floor(named) == named) {
                atomicOr(&strays, 1u);
            } else if u32(named) == row {
                atomicOr(&marks[lane / 32u], 1u << (lane % 32u));
            }
        }
        workgroupBarrier();
        for (var word = 0u; word < WORDS; word++) {
            var left = atomicLoad(&marks[word]);
            while left != 0u {
                let m = first + 32u * word + firstTrailingBit(left);
                left &= left - 1u;
                if column < params.width {
                    sum += x[m * params.width + column];
                }
            }
        }
        workgroupBarrier();
    }
    if column < params.width {
        y[row * params.width + column] = select(sum, params.nan, atomicLoad(&strays) != 0u);
    }
}

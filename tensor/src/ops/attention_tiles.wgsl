// What the attention kernels share. A workgroup owns 32 rows of one head, queries or keys, and
// meets the rows of the other side 32 at a time. Of a tile of 32 × 32, invocation `lane` computes
// row lane / 8 and the four columns from 4 (lane % 8) on; of its rows' features, the same four
// columns of every 32.
//
// A kernel that includes this gets `const CHUNKS`, how often 32 features cover d, and declares
//   fn own(which: u32, at: u32) -> f32      an element of one of the matrices with own rows
//   fn other(which: u32, at: u32) -> f32    and of one with the other side's

struct Params {
    images: u32,
    heads: u32,
    own_rows: u32,
    other_rows: u32,
    d: u32,
    scale: f32,
}

const SIDE = 32u;
// One more than the side: neighbours down a column lie in different banks.
const PITCH = 33u;

var<workgroup> left: array<f32, SIDE * PITCH>;
var<workgroup> right: array<f32, SIDE * PITCH>;
var<workgroup> scores: array<f32, SIDE * PITCH>;

// The four elements that start at `column` of a row of 32 in workgroup memory, and down a column.
fn place(lane: u32) -> u32 {
    return lane / 8u * PITCH + lane % 8u * 4u;
}

// How many workgroups there are.
fn count() -> u32 {
    return params.images * params.heads * tiles();
}

// Where a row of the workgroup's head lies among all rows of its side, whose heads lie side by
// side.
fn place_of(index: u32, rows: u32, row: u32) -> u32 {
    let head = index / tiles();
    return (head / params.heads * rows + row) * params.heads + head % params.heads;
}

// Where the invocation's row lies, if it is there.
fn own_row(index: u32, lane: u32) -> u32 {
    return place_of(index, params.own_rows, index % tiles() * SIDE + lane / 8u);
}

fn own_row_exists(index: u32, lane: u32) -> bool {
    return index % tiles() * SIDE + lane / 8u < params.own_rows;
}

fn tiles() -> u32 {
    return (params.own_rows + SIDE - 1u) / SIDE;
}

fn stage_own(which: u32, lane: u32, index: u32, chunk: u32) {
    for (var i = lane; i < SIDE * SIDE; i += 256u) {
        let row = index % tiles() * SIDE + i / SIDE;
        let e = chunk * SIDE + i % SIDE;
        var value = 0.0;
        if row < params.own_rows && e < params.d {
            value = own(which, place_of(index, params.own_rows, row) * params.d + e);
        }
        left[i / SIDE * PITCH + i % SIDE] = value;
    }
}

fn stage_other(which: u32, lane: u32, index: u32, first: u32, chunk: u32) {
    for (var i = lane; i < SIDE * SIDE; i += 256u) {
        let row = first + i / SIDE;
        let e = chunk * SIDE + i % SIDE;
        var value = 0.0;
        if row < params.other_rows && e < params.d {
            value = other(which, place_of(index, params.other_rows, row) * params.d + e);
        }
        right[i / SIDE * PITCH + i % SIDE] = value;
    }
}

// The tile of own · otherᵀ whose columns are the other side's rows from `first` on.
fn product(which: u32, lane: u32, index: u32, first: u32) -> vec4<f32> {
    let row = lane / 8u * PITCH;
    let column = lane % 8u * 4u * PITCH;
    var total = vec4(0.0);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        stage_own(which, lane, index, chunk);
        stage_other(which, lane, index, first, chunk);
        workgroupBarrier();
        for (var e = 0u; e < SIDE; e++) {
            let at = column + e;
            let near = vec2(right[at], right[at + PITCH]);
            let b = vec4(near, right[at + 2u * PITCH], right[at + 3u * PITCH]);
            total += left[row + e] * b;
        }
        workgroupBarrier();
    }
    return total;
}

// Shows a tile to the whole workgroup.
fn show(lane: u32, tile: vec4<f32>) {
    for (var i = 0u; i < 4u; i++) {
        scores[place(lane) + i] = tile[i];
    }
    workgroupBarrier();
}

// totals += scores · other, after `show`.
fn accumulate(
    which: u32,
    lane: u32,
    index: u32,
    first: u32,
    totals: ptr<function, array<vec4<f32>, CHUNKS>>,
) {
    let row = lane / 8u * PITCH;
    let column = lane % 8u * 4u;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        stage_other(which, lane, index, first, chunk);
        workgroupBarrier();
        var total = (*totals)[chunk];
        for (var j = 0u; j < SIDE; j++) {
            let at = j * PITCH + column;
            let b = vec4(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
            total += scores[row + j] * b;
        }
        (*totals)[chunk] = total;
        workgroupBarrier();
    }
}

// Which of the invocation's columns are rows of the other side.
fn inside(lane: u32, first: u32) -> vec4<bool> {
    let column = first + lane % 8u * 4u;
    return vec4(column, column + 1u, column + 2u, column + 3u) < vec4(params.other_rows);
}

// The feature of component `i` of a chunk's total, which may be beyond the last.
fn feature(lane: u32, chunk: u32, i: u32) -> u32 {
    return chunk * SIDE + lane % 8u * 4u + i;
}

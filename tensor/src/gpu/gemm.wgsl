// The main loop of every matrix product: c = a b with a [m, k] and b [k, n], for a batch of
// products at once. Convolutions are products too; they only look elsewhere for their elements.
//
// One workgroup computes a tile of TILE_M × TILE_N of c, and each of its invocations a patch of
// 8 × 8 in registers. The tile walks along k, DEPTH at a time: the invocations bring a strip of
// either operand into workgroup memory, four elements at a time, and then every invocation adds
// the products of its eight rows of a and its eight columns of b. An element is fetched once a
// tile and then used 64 times or more.
//
// Where c is small and k long, k is cut into `splits` parts that are different workgroups; what
// they store is added up afterwards, in order.
//
// A kernel that includes this gets the constants THREADS_M, THREADS_N, DEPTH, and whether
// neighbours in memory lie along k in a (A_ALONG_K) and along n in b (B_ALONG_N). It declares
// `Params` with a member `gemm: Gemm`, and
//   fn bases(batch: u32) -> vec2<u32>                       where either operand begins
//   fn load_a(base: u32, i: u32, k: u32) -> vec4<f32>       a[i, k .. k + 4], zero outside
//   fn load_b(base: u32, k: u32, j: u32) -> vec4<f32>       b[k, j .. j + 4], zero outside
//   fn store(part: u32, i: u32, j: u32, c: vec4<f32>)       takes c[i, j .. j + 4] of one part

struct Gemm {
    m: u32,
    n: u32,
    k: u32,
    tiles_m: u32,
    tiles_n: u32,
    splits: u32,
    // How much of k a part covers: a multiple of DEPTH.
    k_part: u32,
    // How many parts there are: products times splits.
    parts: u32,
}

const TILE_M = 8u * THREADS_M;
const TILE_N = 8u * THREADS_N;
const TILE_N4 = TILE_N / 4u;
const DEPTH4 = DEPTH / 4u;
const THREADS = THREADS_M * THREADS_N;

// [i][k / 4] and [k][j / 4]
var<workgroup> tile_a: array<vec4<f32>, TILE_M * DEPTH4>;
var<workgroup> tile_b: array<vec4<f32>, DEPTH * TILE_N4>;

@compute @workgroup_size(THREADS_N, THREADS_M)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    // Which tile of which part.
    let tile = group.x + group.y * groups.x;
    let tiles = params.gemm.tiles_m * params.gemm.tiles_n;
    let part = tile / tiles;
    if part >= params.gemm.parts {
        return;
    }
    let i0 = tile % tiles / params.gemm.tiles_n * TILE_M;
    let j0 = tile % params.gemm.tiles_n * TILE_N;
    let base = bases(part / params.gemm.splits);
    let k_first = part % params.gemm.splits * params.gemm.k_part;
    let k_last = min(k_first + params.gemm.k_part, params.gemm.k);

    // ANCHOR: main_loop
    // Named one by one: drivers keep names in registers, arrays not always.
    var c0 = Row();
    var c1 = Row();
    var c2 = Row();
    var c3 = Row();
    var c4 = Row();
    var c5 = Row();
    var c6 = Row();
    var c7 = Row();
    for (var k0 = k_first; k0 < k_last; k0 += DEPTH) {
        // Fetch: neighbouring invocations take what are neighbours in memory.
        for (var s = index; s < TILE_M * DEPTH4; s += THREADS) {
            let i = select(s % TILE_M, s / DEPTH4, A_ALONG_K);
            let k4 = select(s / TILE_M, s % DEPTH4, A_ALONG_K);
            tile_a[i * DEPTH4 + k4] = load_a(base.x, i0 + i, k0 + 4u * k4);
        }
        for (var s = index; s < DEPTH * TILE_N4; s += THREADS) {
            let k = select(s % DEPTH, s / TILE_N4, B_ALONG_N);
            let j4 = select(s / DEPTH, s % TILE_N4, B_ALONG_N);
            tile_b[k * TILE_N4 + j4] = load_b(base.y, k0 + k, j0 + 4u * j4);
        }
        workgroupBarrier();

        // Multiply, four elements of k at a time.
        for (var k4 = 0u; k4 < DEPTH4; k4++) {
            let at = local.y * DEPTH4 + k4;
            let left = four_by_four(4u * k4 * TILE_N4 + local.x);
            let right = four_by_four(4u * k4 * TILE_N4 + local.x + THREADS_N);
            c0 = multiply_add(c0, tile_a[at], left, right);
            c1 = multiply_add(c1, tile_a[at + STEP], left, right);
            c2 = multiply_add(c2, tile_a[at + 2u * STEP], left, right);
            c3 = multiply_add(c3, tile_a[at + 3u * STEP], left, right);
            c4 = multiply_add(c4, tile_a[at + 4u * STEP], left, right);
            c5 = multiply_add(c5, tile_a[at + 5u * STEP], left, right);
            c6 = multiply_add(c6, tile_a[at + 6u * STEP], left, right);
            c7 = multiply_add(c7, tile_a[at + 7u * STEP], left, right);
        }
        workgroupBarrier();
    }
    // ANCHOR_END: main_loop

    let i = i0 + local.y;
    let j = j0 + 4u * local.x;
    store_row(part, i, j, c0);
    store_row(part, i + THREADS_M, j, c1);
    store_row(part, i + 2u * THREADS_M, j, c2);
    store_row(part, i + 3u * THREADS_M, j, c3);
    store_row(part, i + 4u * THREADS_M, j, c4);
    store_row(part, i + 5u * THREADS_M, j, c5);
    store_row(part, i + 6u * THREADS_M, j, c6);
    store_row(part, i + 7u * THREADS_M, j, c7);
}

// A patch is every THREADS_M-th row of the tile and four columns in either half of it,
// so that neighbouring invocations read and write neighbours.
struct Row {
    left: vec4<f32>,
    right: vec4<f32>,
}

// From one row of a patch to the next in `tile_a`.
const STEP = THREADS_M * DEPTH4;

// Four rows of `tile_b`, four columns of each.
fn four_by_four(at: u32) -> mat4x4<f32> {
    return mat4x4(
        tile_b[at],
        tile_b[at + TILE_N4],
        tile_b[at + 2u * TILE_N4],
        tile_b[at + 3u * TILE_N4],
    );
}

fn multiply_add(c: Row, a: vec4<f32>, left: mat4x4<f32>, right: mat4x4<f32>) -> Row {
    return Row(add_products(c.left, a, left), add_products(c.right, a, right));
}

fn add_products(c: vec4<f32>, a: vec4<f32>, b: mat4x4<f32>) -> vec4<f32> {
    let two = fma(vec4(a.y), b[1], fma(vec4(a.x), b[0], c));
    return fma(vec4(a.w), b[3], fma(vec4(a.z), b[2], two));
}

fn store_row(part: u32, i: u32, j: u32, c: Row) {
    store(part, i, j, c.left);
    store(part, i, j + TILE_N / 2u, c.right);
}

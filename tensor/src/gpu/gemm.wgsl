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
// Lines between `//: repeat r 0..8` and `//: end` stand eight times, `$r` being 0 to 7: values
// with names of their own stay in registers, and no loop comes between two products.
//
// A kernel that includes this gets the constants THREADS_M and THREADS_N, how many vectors an
// invocation fetches of a strip (A_FETCHES, B_FETCHES), and whether neighbours in memory
// lie along k in a (A_ALONG_K, else along m) and along n in b (B_ALONG_N, else along k). Its
// matrices come with readers such as `x_four`. It declares `Params` with a member `gemm: Gemm`,
// and
//   fn product(index: u32) -> Product       one of the batch
//   fn load_a(base: u32, i: u32, k: u32, inside: u32) -> vec4<f32>
//                       a[i, k] and its three neighbours in memory; only `inside` of them count
//   fn load_b(base: u32, k: u32, j: u32, inside: u32) -> vec4<f32>                  b[k, j] alike
//   fn store(at: Place, i: u32, j: u32, inside: u32, c: vec4<f32>)
//                                           takes c[i, j .. j + 4] as far as it is inside

struct Gemm {
    m: u32,
    n: u32,
    k: u32,
    tiles_m: u32,
    tiles_n: u32,
    splits: u32,
    // How much of k a part covers: a multiple of DEPTH.
    k_part: u32,
    // How many products there are.
    batch: u32,
}

// Where either operand begins, and how long k is.
struct Product {
    a: u32,
    b: u32,
    k: u32,
}

// Which product of the batch and which part of its k; results lie in the order of `block`.
struct Place {
    index: u32,
    split: u32,
    block: u32,
}

const TILE_M = 8u * THREADS_M;
const TILE_N = 8u * THREADS_N;
const TILE_N4 = TILE_N / 4u;
const DEPTH = 16u;
const DEPTH4 = 4u;
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
    // Which tile of which part of which product.
    let tile = group.x + group.y * groups.x;
    let part = tile / (params.gemm.tiles_m * params.gemm.tiles_n);
    let split = part / params.gemm.batch;
    if split >= params.gemm.splits {
        return;
    }
    let at = Place(part % params.gemm.batch, split, part);
    let i0 = tile / params.gemm.tiles_n % params.gemm.tiles_m * TILE_M;
    let j0 = tile % params.gemm.tiles_n * TILE_N;
    let operands = product(at.index);
    let k_first = at.split * params.gemm.k_part;
    let k_last = min(k_first + params.gemm.k_part, operands.k);

    // ANCHOR: main_loop
    //: repeat r 0..8
    var c$r = Row();
    //: end
    for (var k0 = k_first; k0 < k_last; k0 += DEPTH) {
        fetch_a(operands.a, i0, k0, k_last, index);
        fetch_b(operands.b, k0, j0, k_last, index);
        workgroupBarrier();
        // Four elements of k at a time.
        //: repeat q 0..DEPTH4
        {
            let left = four_by_four(4u * $q * TILE_N4 + local.x);
            let right = four_by_four(4u * $q * TILE_N4 + local.x + THREADS_N);
            let row = local.y * DEPTH4 + $q;
            //: repeat r 0..8
            c$r = multiply_add(c$r, tile_a[row + $r * THREADS_M * DEPTH4], left, right);
            //: end
        }
        //: end
        workgroupBarrier();
    }
    // ANCHOR_END: main_loop

    //: repeat r 0..8
    store_row(at, i0 + local.y + $r * THREADS_M, j0 + 4u * local.x, c$r);
    //: end
}

// ANCHOR: fetch
// A strip of a: neighbouring invocations take what are neighbours in memory. Where these lie
// along m, an invocation takes a square of 4 × 4 and turns it.
fn fetch_a(base: u32, i0: u32, k0: u32, k_last: u32, index: u32) {
    if A_ALONG_K {
        //: repeat t 0..A_FETCHES
        {
            let s = index + $t * THREADS;
            let i = i0 + s / DEPTH4;
            let k = k0 + 4u * (s % DEPTH4);
            let inside = select(0u, left_of(k, k_last), i < params.gemm.m);
            tile_a[s] = load_a(base, i, k, inside);
        }
        //: end
    } else {
        for (var s = index; s < TILE_M / 4u * DEPTH4; s += THREADS) {
            let i = i0 + 4u * (s / DEPTH4);
            let k = k0 + 4u * (s % DEPTH4);
            let inside = left_of(i, params.gemm.m);
            let rows = transpose(mat4x4(
                load_a(base, i, k, select(0u, inside, k < k_last)),
                load_a(base, i, k + 1u, select(0u, inside, k + 1u < k_last)),
                load_a(base, i, k + 2u, select(0u, inside, k + 2u < k_last)),
                load_a(base, i, k + 3u, select(0u, inside, k + 3u < k_last)),
            ));
            let at = s / DEPTH4 * 4u * DEPTH4 + s % DEPTH4;
            //: repeat r 0..4
            tile_a[at + $r * DEPTH4] = rows[$r];
            //: end
        }
    }
}
// ANCHOR_END: fetch

fn fetch_b(base: u32, k0: u32, j0: u32, k_last: u32, index: u32) {
    if B_ALONG_N {
        //: repeat t 0..B_FETCHES
        {
            let s = index + $t * THREADS;
            let k = k0 + s / TILE_N4;
            let j = j0 + 4u * (s % TILE_N4);
            let inside = select(0u, left_of(j, params.gemm.n), k < k_last);
            tile_b[s] = load_b(base, k, j, inside);
        }
        //: end
    } else {
        for (var s = index; s < DEPTH4 * TILE_N4; s += THREADS) {
            let k = k0 + 4u * (s % DEPTH4);
            let j = j0 + 4u * (s / DEPTH4);
            let inside = left_of(k, k_last);
            let rows = transpose(mat4x4(
                load_b(base, k, j, select(0u, inside, j < params.gemm.n)),
                load_b(base, k, j + 1u, select(0u, inside, j + 1u < params.gemm.n)),
                load_b(base, k, j + 2u, select(0u, inside, j + 2u < params.gemm.n)),
                load_b(base, k, j + 3u, select(0u, inside, j + 3u < params.gemm.n)),
            ));
            let at = s % DEPTH4 * 4u * TILE_N4 + s / DEPTH4;
            //: repeat r 0..4
            tile_b[at + $r * TILE_N4] = rows[$r];
            //: end
        }
    }
}

// How many elements lie from `at` on.
fn left_of(at: u32, end: u32) -> u32 {
    return max(at, end) - at;
}

// A patch is every THREADS_M-th row of the tile and four columns in either half of it,
// so that neighbouring invocations read and write neighbours.
struct Row {
    left: vec4<f32>,
    right: vec4<f32>,
}

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

fn store_row(at: Place, i: u32, j: u32, c: Row) {
    if i < params.gemm.m {
        store_four(at, i, j, c.left);
        store_four(at, i, j + TILE_N / 2u, c.right);
    }
}

fn store_four(at: Place, i: u32, j: u32, c: vec4<f32>) {
    if j < params.gemm.n {
        store(at, i, j, params.gemm.n - j, c);
    }
}

// A workgroup finishes a row of a view: blurs it as `blur.rs` does, solarises and normalises. A
// view without blur has one tap, of weight 1.

struct Params {
    height: u32,
    width: u32,
    mean_red: f32,
    mean_green: f32,
    mean_blue: f32,
    scale_red: f32,
    scale_green: f32,
    scale_blue: f32,
}

@group(0) @binding(0) var<storage, read> views: array<f32>;
@group(0) @binding(1) var<storage, read> plan: array<u32>;
@group(0) @binding(2) var<storage, read_write> finished: array<f32>;

const THREADS = 64u;
var<workgroup> blurred: array<f32, 3 * WIDEST>;

/// The position that is seen at `at`, outside `0 .. length` too: 2 1 | 0 1 2 | 1 0.
fn mirror(at: i32, length: u32) -> u32 {
    if length == 1u {
        return 0u;
    }
    let turn = 2u * (length - 1u);
    let phase = u32(abs(at)) % turn;
    return min(phase, turn - phase);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let block = plan[2u * group.y];
    let taps = plan[block + TAPS];
    let weights = block + plan[block + WEIGHTS];
    let threshold = bitcast<f32>(plan[block + THRESHOLD]);
    let reach = i32(taps / 2u);
    let length = 3u * params.width;
    let view = group.y * params.height * length;

    // Down the columns into a row …
    for (var i = thread; i < length; i += THREADS) {
        var sum = 0.0;
        for (var tap = 0u; tap < taps; tap++) {
            let row = mirror(i32(group.x + tap) - reach, params.height);
            sum += bitcast<f32>(plan[weights + tap]) * views[view + row * length + i];
        }
        blurred[i] = sum;
    }
    workgroupBarrier();
    // … then along that row.
    for (var i = thread; i < length; i += THREADS) {
        let channel = i % 3u;
        var sum = 0.0;
        for (var tap = 0u; tap < taps; tap++) {
            let column = mirror(i32(i / 3u + tap) - reach, params.width);
            sum += bitcast<f32>(plan[weights + tap]) * blurred[3u * column + channel];
        }
        if sum >= threshold {
            sum = 1.0 - sum;
        }
        var mean = params.mean_red;
        var scale = params.scale_red;
        if channel == 1u {
            mean = params.mean_green;
            scale = params.scale_green;
        } else if channel == 2u {
            mean = params.mean_blue;
            scale = params.scale_blue;
        }
        finished[view + group.x * length + i] = (sum - mean) * scale;
    }
}

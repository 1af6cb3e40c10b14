//! Every operation on the GPU against the `f64` reference, and what the runtime holds on to.
//!
//! Without an adapter the tests say so and pass; with `REQUIRE_GPU=1` they fail.

use std::process::Command;

use tensor::{Conv2d, Device, Filter, Pool2d, Resize, Tensor};

fn gpu() -> Option<Device> {
    match Device::gpu() {
        Ok(device) => Some(device),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") => {
            panic!("REQUIRE_GPU=1: {error}")
        }
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

/// Values in −1 … 1 with so few digits that scaling and shifting them is exact in `f32`.
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 51) as f32 / 4096.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// What a case is computed from.
struct Inputs<'a>(&'a Device);

impl Inputs<'_> {
    fn noise<const R: usize>(&self, shape: [usize; R], seed: u64) -> Tensor {
        Tensor::from_slice(self.0, shape, &values(shape.iter().product(), seed))
    }

    fn positive<const R: usize>(&self, shape: [usize; R], seed: u64) -> Tensor {
        self.noise(shape, seed).affine(0.5, 0.75)
    }
}

/// Runs a case on both devices and compares, relative to the largest value of each output.
fn check(gpu: &Device, name: &str, case: impl Fn(&Inputs<'_>) -> Vec<Tensor>) {
    let expected = case(&Inputs(&Device::reference()));
    let found = case(&Inputs(gpu));
    assert_eq!(expected.len(), found.len());
    for (which, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(expected.shape(), found.shape(), "{name}: output {which}");
        let (expected, found) = (expected.to_vec::<f64>(), found.to_vec::<f64>());
        // Where everything cancels, what is left over is measured against the inputs.
        let largest = expected.iter().fold(1e-2f64, |most, x| most.max(x.abs()));
        for (i, (e, f)) in expected.iter().zip(&found).enumerate() {
            assert!(
                (e - f).abs() <= 2e-5 * largest,
                "{name}: output {which}[{i}] is {f}, expected {e} (largest {largest})"
            );
        }
    }
}

/// Just under, on and over the sizes of workgroups and tiles, and several of them.
const LENGTHS: [usize; 9] = [0, 1, 3, 31, 33, 255, 256, 257, 1025];

#[test]
fn pointwise_agrees() {
    let Some(gpu) = gpu() else { return };
    for n in LENGTHS {
        check(&gpu, &format!("pointwise {n}"), |i| {
            let (x, p) = (i.noise([n], 1), i.positive([n], 2));
            vec![x.affine(2.0, -0.5), x.exp(), p.log(), p.sqrt(), x.relu(), -&x]
        });
        check(&gpu, &format!("fill {n}"), |i| vec![Tensor::full(i.0, [n], 0.25)]);
    }
}

#[test]
fn more_workgroups_than_an_axis_holds() {
    let Some(gpu) = gpu() else { return };
    let n = 65_535 * 256 + 300;
    check(&gpu, "affine of 16 million", |i| vec![i.noise([n], 1).affine(-1.0, 3.0)]);
    check(&gpu, "70 000 rows", |i| vec![i.noise([70_000, 3], 1).l2_normalize(1e-12)]);
}

#[test]
fn a_nan_stays_visible() {
    let Some(gpu) = gpu() else { return };
    let x = Tensor::from_slice(&gpu, [3], &[f32::NAN, -1.0, f32::INFINITY]).relu();
    let y = x.to_vec::<f32>();
    assert!(y[0].is_nan() && y[1] == 0.0 && y[2] == f32::INFINITY, "{y:?}");
    assert!(!x.is_finite());
}

#[test]
fn arithmetic_agrees() {
    let Some(gpu) = gpu() else { return };
    let both = |name: &str, f: &dyn Fn(&Inputs<'_>) -> [Tensor; 2]| {
        check(&gpu, name, |i| {
            let [a, b] = f(i);
            vec![&a + &b, &a - &b, &a * &b, &a / &b, a.relu_grad(&b), b.relu_grad(&a)]
        });
    };
    for n in LENGTHS {
        both(&format!("bias over {n}"), &|i| [i.noise([5, n], 1), i.positive([n], 2)]);
        both(&format!("column over {n}"), &|i| [i.noise([n, 5], 1), i.positive([n, 1], 2)]);
    }
    both("scalars", &|i| [i.noise([], 1), i.positive([], 2)]);
    both("scalar left", &|i| [i.noise([], 1), i.positive([3, 4], 2)]);
    both("crossed", &|i| [i.noise([7, 1, 5, 1], 1), i.positive([1, 6, 1, 4], 2)]);
    both("many axes", &|i| {
        [i.noise([2, 1, 3, 1, 2, 1, 3], 1), i.positive([1, 2, 1, 3, 1, 2, 1], 2)]
    });
}

#[test]
fn sums_agree() {
    let Some(gpu) = gpu() else { return };
    for n in LENGTHS.into_iter().chain([4095, 4097, 9000]) {
        check(&gpu, &format!("sums over {n}"), |i| {
            let (rows, columns) = (i.positive([3, n], 1), i.positive([n, 35], 2));
            vec![
                rows.sum(&[1], false),
                rows.sum(&[0], true),
                columns.sum(&[0], false),
                columns.sum(&[-1], false),
                columns.sum_all(),
            ]
        });
    }
    check(&gpu, "sums over middle and several axes", |i| {
        let x = i.noise([3, 4, 5, 6], 1);
        let axes: [&[isize]; 6] = [&[1], &[1, 2], &[0, 2], &[0, 1, 3], &[-1, 1], &[0, 1, 2, 3]];
        axes.iter().map(|axes| x.mean(axes, false)).collect()
    });
    check(&gpu, "a long sum", |i| vec![i.positive([3_000_000], 1).sum_all()]);
    check(&gpu, "long columns", |i| vec![i.positive([100_000, 3], 1).sum(&[0], false)]);
}

#[test]
fn views_and_concat_agree() {
    let Some(gpu) = gpu() else { return };
    check(&gpu, "views", |i| {
        let x = i.noise([3, 5, 7, 9], 1);
        vec![
            x.permute(&[0, 3, 1, 2]),
            x.permute(&[3, 2, 1, 0]),
            x.permute(&[0, 1, 3, 2]),
            x.slice(0, 1, 2),
            x.slice(2, 3, 7),
            x.slice(-1, 4, 4),
            i.noise([5, 1, 3], 2).broadcast_to(&[4, 5, 6, 3].into()),
            i.noise([], 3).broadcast_to(&[300].into()),
        ]
    });
    check(&gpu, "concat", |i| {
        let (a, b) = (i.noise([3, 5, 4], 1), i.noise([3, 2, 4], 2));
        let empty = i.noise([3, 0, 4], 3);
        vec![Tensor::concat(&[&a, &b, &empty, &a], 1), Tensor::concat(&[&a, &a], 0)]
    });
}

#[test]
fn matmul_agrees() {
    let Some(gpu) = gpu() else { return };
    let sizes = [
        (1, 1, 1),
        (3, 5, 2),
        (31, 33, 17),
        (64, 64, 16),
        (65, 63, 130),
        (200, 130, 65),
        (7, 300, 3000),
        (70, 80, 20_000),
        (0, 5, 3),
        (5, 4, 0),
    ];
    for (m, n, k) in sizes {
        check(&gpu, &format!("matmul {m}×{n}×{k}"), |i| {
            let (a, b) = (i.noise([m, k], 1), i.noise([k, n], 2));
            let (a_t, b_t) = (i.noise([k, m], 3), i.noise([n, k], 4));
            vec![
                a.matmul(&b),
                a.matmul_nt(&b_t),
                a_t.matmul_tn(&b),
                a_t.matmul_with(&b_t, true, true),
            ]
        });
    }
    check(&gpu, "batches", |i| {
        let (a, b) = (i.noise([2, 3, 20, 40], 1), i.noise([2, 3, 40, 9], 2));
        vec![
            a.matmul(&b),
            a.matmul(&i.noise([40, 9], 3)),
            a.matmul(&i.noise([3, 40, 9], 4)),
            i.noise([2, 1, 20, 40], 5).matmul(&i.noise([1, 3, 40, 9], 6)),
            i.noise([20, 40], 7).matmul(&b),
            a.matmul_tn(&i.noise([2, 3, 20, 5], 8)),
            i.noise([0, 4, 4], 9).matmul(&i.noise([4, 4], 10)),
        ]
    });
}

#[test]
fn convolutions_agree() {
    let Some(gpu) = gpu() else { return };
    // [n, h, w, c_in], [kh, kw, c_out], stride, padding
    let cases = [
        ([1, 1, 1, 1], [1, 1, 1], 1, 0),
        ([2, 8, 8, 3], [3, 3, 16], 1, 1),
        ([2, 7, 9, 4], [3, 3, 8], 2, 1),
        ([2, 9, 6, 5], [3, 2, 7], 3, 0),
        ([3, 8, 8, 32], [3, 3, 36], 1, 1),
        ([2, 8, 8, 36], [1, 1, 70], 1, 0),
        ([2, 9, 9, 8], [1, 1, 12], 2, 0),
        ([1, 32, 32, 3], [7, 7, 20], 2, 3),
        ([4, 32, 32, 4], [3, 3, 4], 1, 1),
        ([0, 8, 8, 3], [3, 3, 4], 1, 1),
        ([2, 5, 5, 0], [3, 3, 4], 1, 1),
    ];
    for (x, [kh, kw, c_out], stride, padding) in cases {
        let conv = Conv2d::new(stride, padding);
        let [oh, ow] = conv.output_size([x[1], x[2]], [kh, kw]).expect("the kernel fits");
        check(&gpu, &format!("conv2d {x:?} {kh}×{kw}→{c_out} {conv:?}"), |i| {
            let (image, w) = (i.noise(x, 1), i.noise([kh, kw, x[3], c_out], 2));
            let dy = i.noise([x[0], oh, ow, c_out], 3);
            vec![
                image.conv2d(&w, conv),
                image.conv2d_input_grad(&w, &dy, conv),
                image.conv2d_weight_grad(&w, &dy, conv),
            ]
        });
    }
}

#[test]
fn grouped_convolutions_agree() {
    let Some(gpu) = gpu() else { return };
    // [n, h, w, c_in], [kh, kw, c_out], groups, dilation
    let cases = [
        ([2, 8, 9, 12], [3, 3, 8], 4, 1),
        ([4, 33, 33, 8], [3, 3, 8], 2, 2),
        ([2, 9, 7, 33], [3, 3, 33], 33, 1),
        ([4, 33, 20, 6], [5, 3, 12], 6, 2),
    ];
    for (x, [kh, kw, c_out], groups, dilation) in cases {
        let conv = Conv2d::new(2, 2).groups(groups).dilation(dilation);
        let [oh, ow] = conv.output_size([x[1], x[2]], [kh, kw]).expect("the kernel fits");
        check(&gpu, &format!("conv2d {x:?} {kh}×{kw}→{c_out} {conv:?}"), |i| {
            let (image, w) = (i.noise(x, 1), i.noise([kh, kw, x[3] / groups, c_out], 2));
            let dy = i.noise([x[0], oh, ow, c_out], 3);
            vec![
                image.conv2d(&w, conv),
                image.conv2d_input_grad(&w, &dy, conv),
                image.conv2d_weight_grad(&w, &dy, conv),
            ]
        });
    }
}

/// A GPU cannot panic: what an index that is none gives is NaN.
#[test]
fn indices_that_are_none_give_nan() {
    let Some(gpu) = gpu() else { return };
    let x = Tensor::ones(&gpu, [3, 2]);
    for stray in [3.0, -1.0, 0.5, f64::NAN, 1e30] {
        let index = Tensor::from_slice(&gpu, [3], &[2.0, stray, 0.0]);
        let nan = |y: Tensor| -> Vec<bool> { y.to_vec().into_iter().map(f64::is_nan).collect() };
        let rows = [false, false, true, true, false, false];
        assert_eq!(nan(x.gather_rows(&index)), rows, "gather_rows by {stray}");
        assert_eq!(nan(index.one_hot(3))[2..7], [false, true, true, true, false], "{stray}");
        assert!(nan(x.scatter_add_rows(&index, 3)).into_iter().all(|nan| nan), "{stray}");
    }
}

#[test]
fn images_and_rows_agree() {
    let Some(gpu) = gpu() else { return };
    check(&gpu, "resize, pad, flip", |i| {
        let x = i.noise([2, 9, 7, 5], 1);
        let resize = Resize::new(Filter::Bicubic, true);
        vec![
            x.resize([4, 20], resize),
            x.resize_grad([13, 3], resize),
            x.avg_pool2d(Pool2d::new(3, 2, 1)),
            x.pad(&[(0, 0), (1, 2), (3, 0), (0, 0)], 0.5),
            x.flip(&[1, 2]),
        ]
    });
    check(&gpu, "rows", |i| {
        let index: Vec<f64> = (0..700).map(|i| f64::from(i * i % 29)).collect();
        let index = Tensor::from_slice(i.0, [700], &index);
        let (rows, added) = (i.noise([29, 300], 1), i.noise([700, 300], 2));
        vec![rows.gather_rows(&index), added.scatter_add_rows(&index, 29), index.one_hot(29)]
    });
}

#[test]
fn normalisation_agrees() {
    let Some(gpu) = gpu() else { return };
    for (rows, c) in [(4, 1), (5, 31), (255, 33), (257, 64), (70_000, 3)] {
        check(&gpu, &format!("batch_norm [{rows}, {c}]"), |i| {
            let x = i.noise([rows, c], 1).affine(0.125, 3.0);
            let (weight, bias, dy) = (i.noise([c], 2), i.noise([c], 3), i.noise([rows, c], 4));
            let (mean, var) = x.batch_stats();
            let y = x.batch_norm([&mean, &var], [&weight, &bias], 1e-5);
            let (dw, db) = x.batch_norm_parameter_grads([&mean, &var], &dy, 1e-5);
            let dx = x.batch_norm_input_grad([&mean, &var], &weight, &dy, [&dw, &db], 1e-5);
            vec![mean, var, y, dw, db, dx]
        });
    }
    for (rows, width) in [(1, 1), (3, 127), (2, 128), (5, 300), (0, 4)] {
        check(&gpu, &format!("l2_normalize [{rows}, {width}]"), |i| {
            let (x, dy) = (i.noise([rows, width], 1), i.noise([rows, width], 2));
            let small = x.affine(1e-7, 0.0);
            vec![
                x.l2_normalize(1e-12),
                x.l2_normalize_grad(&dy, 1e-12),
                small.l2_normalize(1e-2),
                small.l2_normalize_grad(&dy, 1e-2),
            ]
        });
    }
}

#[test]
fn pooling_agrees() {
    let Some(gpu) = gpu() else { return };
    for (shape, pool) in [
        ([2, 8, 8, 5], Pool2d::new(2, 2, 0)),
        ([2, 9, 7, 3], Pool2d::new(3, 2, 1)),
        ([1, 5, 5, 40], Pool2d { kernel: [3, 2], stride: [1, 3], padding: [1, 0] }),
        ([0, 4, 4, 2], Pool2d::new(2, 2, 0)),
    ] {
        check(&gpu, &format!("max_pool2d {shape:?} {pool:?}"), |i| {
            // Rounded, so that windows hold equal values.
            let host: Vec<f32> =
                values(shape.iter().product(), 1).iter().map(|x| (x * 3.0).round()).collect();
            let x = Tensor::from_slice(i.0, shape, &host);
            let (y, tap) = x.max_pool2d(pool);
            let host = values(y.shape().elements(), 2);
            let dy = Tensor::from_slice(i.0, y.shape(), &host);
            let dx = x.max_pool2d_grad(&tap, &dy, pool);
            vec![y, tap, dx]
        });
    }
}

/// An upload must not overtake recorded commands that still read the buffer's former values.
#[test]
fn uploads_keep_their_place() {
    let Some(gpu) = gpu() else { return };
    let mut sums = Vec::new();
    for step in 0..50 {
        let x = Tensor::from_slice(&gpu, [1024], &[step as f32; 1024]);
        sums.push(x.affine(2.0, 1.0).mean_all());
    }
    for (step, sum) in sums.iter().enumerate() {
        assert_eq!(sum.item(), 2.0 * step as f64 + 1.0);
    }
}

#[test]
fn runs_repeat_bit_for_bit() {
    let Some(gpu) = gpu() else { return };
    let run = || {
        let i = Inputs(&gpu);
        let (a, b) = (i.noise([70, 20_000], 1), i.noise([20_000, 50], 2));
        let mut bits = a.matmul(&b).to_vec::<f32>();
        bits.extend(i.noise([9000, 33], 3).sum(&[0], false).to_vec::<f32>());
        bits.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_tensor_beyond_the_limit_is_refused_by_name() {
    let Some(gpu) = gpu() else { return };
    let limit = gpu.adapter().expect("a GPU has an adapter").max_tensor_bytes;
    let small = Tensor::ones(&gpu, [1]);
    let elements = (limit / 4 + 1) as usize;
    let refused = std::panic::catch_unwind(|| small.broadcast_to(&[elements].into()));
    let message = *refused.expect_err("too large").downcast::<String>().expect("a text");
    assert!(message.starts_with("view: a tensor of "), "{message}");
    assert!(message.contains(&limit.to_string()), "{message}");
}

/// The same table within the limits of any browser, and with the shaders' checks on. The GPU is
/// the process's, so another process opens it otherwise.
#[test]
fn portable_and_checked_kernels_agree() {
    if std::env::var_os("STOPGRAD_GPU").is_some() || gpu().is_none() {
        return;
    }
    let mode = "portable,checked";
    let this = std::env::current_exe().expect("a test knows its program");
    let run = Command::new(this).env("STOPGRAD_GPU", mode).output();
    let run = run.expect("a test can start itself");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "STOPGRAD_GPU={mode}:\n{text}");
}

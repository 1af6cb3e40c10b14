//! Inputs at which a formula taken literally fails: logits without bound, labels that name
//! nothing, means far above the deviation.

use tensor::{Device, Tensor};
use tests::array::Array;
use tests::devices;

const INF: f64 = f64::INFINITY;

fn each_device(suite: &str, check: impl Fn(&Device)) {
    check(&Device::reference());
    check(&Device::cpu());
    if let Some(gpu) = devices::gpu(suite) {
        check(&gpu);
    }
}

#[test]
fn an_infinitely_small_logit_has_probability_zero() {
    each_device("extremes", |device| {
        let x = Tensor::from_slice(device, [2, 3], &[1000.0, -INF, 1000.0, -1000.0, -INF, -INF]);
        assert_eq!(x.softmax(-1).to_vec::<f64>(), [0.5, 0.0, 0.5, 1.0, 0.0, 0.0]);
        let log: Vec<f64> = x.log_softmax(-1).to_vec();
        assert_eq!([log[1], log[3], log[5]], [-INF, 0.0, -INF]);
        let labels = Tensor::from_slice(device, [2], &[0.0, 0.0]);
        let loss = x.cross_entropy(&labels).item();
        assert!((loss - 0.5 * 2f64.ln()).abs() < 1e-6, "{device}: {loss}");
    });
}

/// As in PyTorch. WGSL leaves it to the GPU what becomes of a NaN.
#[test]
fn a_row_without_a_finite_logit_is_nan() {
    for device in [Device::reference(), Device::cpu()] {
        let x = Tensor::from_slice(&device, [1, 2], &[-INF, -INF]);
        assert!(x.softmax(-1).to_vec::<f64>().iter().all(|y| y.is_nan()));
        assert!(x.log_softmax(-1).to_vec::<f64>().iter().all(|y| y.is_nan()));
    }
}

#[test]
fn a_label_that_names_no_class_is_nan_on_the_gpu() {
    let Some(gpu) = devices::gpu("extremes") else { return };
    for label in [-1.0, 0.5, 3.0] {
        let x = Tensor::ones(&gpu, [2, 3]);
        let labels = Tensor::from_slice(&gpu, [2], &[1.0, label]);
        assert!(x.cross_entropy(&labels).item().is_nan(), "label {label}");
        let dx: Vec<f64> = x.cross_entropy_grad(&labels, &Tensor::scalar(&gpu, 1.0)).to_vec();
        assert!(dx[..3].iter().all(|x| x.is_finite()) && dx[3..].iter().all(|x| x.is_nan()));
    }
}

#[test]
fn scores_of_size_1000_stream() {
    each_device("extremes", |device| {
        // The largest score lies in the last tile, or is shared by the first and the last.
        let keys = |first: f64| {
            Array::from_fn(&[1, 100, 1, 1], |i| match i[1] {
                0 => first,
                99 => 1000.0,
                _ => -1000.0,
            })
        };
        let values = Array::from_fn(&[1, 100, 1, 1], |i| i[1] as f64).to(device);
        let q = Tensor::ones(device, [1, 1, 1, 1]);
        for (first, expected) in [(500.0, 99.0), (1000.0, 49.5)] {
            let (y, _) = q.attention(&keys(first).to(device), &values, 1.0);
            assert_eq!(y.item(), expected, "{device}");
        }
    });
}

/// Rows of mean 1000 and deviation near 1, exact in `f32`.
fn far(shape: &[usize]) -> Array {
    let mut i = 0.0;
    let wave = |i: f64| (1.7 * i).sin() + (0.37 * i).cos();
    Array::from_fn(shape, |_| {
        i += 1.0;
        1000.0 + (1024.0 * wave(i)).round() / 1024.0
    })
}

#[test]
fn statistics_keep_their_digits_far_from_zero() {
    const EPS: f64 = 1e-5;
    fn affine(x: &Tensor) -> [Tensor; 2] {
        [Tensor::ones(x.device(), [24]), Tensor::zeros(x.device(), [24])]
    }
    type Norm = fn(&Tensor) -> Tensor;
    let norms: [(&str, f64, Norm); 4] = [
        ("layer_norm", 1e-6, |x| x.layer_norm(affine(x).each_ref(), EPS).0),
        ("group_norm", 1e-6, |x| x.group_norm(4, affine(x).each_ref(), EPS).0),
        ("batch_stats, mean", 1e-7, |x| x.batch_stats().0),
        ("batch_stats, var", 1e-6, |x| x.batch_stats().1),
    ];
    let x = far(&[6, 8, 10, 24]);
    each_device("extremes", |device| {
        for (name, tolerance, norm) in norms {
            let expected = Array::of(&norm(&x.to(&Device::reference())));
            let found = Array::of(&norm(&x.to(device)));
            let (_, error) = found.worst(&expected).expect("values");
            let share = error / expected.largest();
            assert!(share <= tolerance, "{name} on {device}: off by {share:e}");
        }
    });
}

//! Infinities, NaNs, ties and numbers at the ends of the range, on every device.

use autodiff::Var;
use tensor::{Device, Tensor};
use tests::devices;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Runs `test` on every device.
fn everywhere(name: &str, test: impl Fn(&Device)) {
    test(&Device::reference());
    devices::single_precision(name).iter().for_each(test);
}

fn row(device: &Device, values: &[f64]) -> Tensor {
    Tensor::from_slice(device, [values.len()], values)
}

/// The values are these, a NaN like another, to the precision of `f32`.
#[track_caller]
fn assert_values(found: &Tensor, expected: &[f64]) {
    let found_values: Vec<f64> = found.to_vec();
    let same = |(&a, &b): (&f64, &f64)| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-6 * b.abs()
    };
    let all = found_values.len() == expected.len() && found_values.iter().zip(expected).all(same);
    assert!(all, "{found:?}, expected {expected:?}");
}

/// The gradient of the sum of `f`.
fn gradient(x: Tensor, f: impl Fn(&Var) -> Var) -> Tensor {
    let x = Var::leaf(x);
    f(&x).sum_all().backward().get(&x).expect("a gradient").clone()
}

#[test]
fn saturated_functions_stay_finite() {
    everywhere("saturated functions", |device| {
        let ends = || row(device, &[-1e4, -100.0, 0.0, 100.0, 1e4]);
        assert_values(&ends().tanh(), &[-1.0, -1.0, 0.0, 1.0, 1.0]);
        for (name, y) in [("sigmoid", ends().sigmoid()), ("silu", ends().silu())] {
            assert!(y.is_finite(), "{name}: {y:?}");
        }
        for f in [Var::sigmoid, Var::silu, Var::gelu, Var::tanh] {
            let dx = gradient(ends(), f);
            assert!(dx.is_finite(), "{dx:?}");
        }
        assert_values(&ends().slice(0, 2, 5).sigmoid(), &[0.5, 1.0, 1.0]);
        assert_values(&ends().slice(0, 2, 5).silu(), &[0.0, 100.0, 1e4]);
        assert_values(&ends().gelu(), &[0.0, 0.0, 0.0, 100.0, 1e4]);
        assert_values(&row(device, &[-INF, INF, NAN]).tanh(), &[-1.0, 1.0, NAN]);
        assert_values(&row(device, &[-INF, INF, NAN]).sigmoid(), &[0.0, 1.0, NAN]);
    });
}

#[test]
fn a_nan_stays_visible() {
    everywhere("a NaN", |device| {
        let x = row(device, &[1.0, NAN, -2.0]);
        for y in [x.abs(), x.gelu(), x.silu(), x.clamp(0.0, 1.0), x.powf(3.0), x.sin()] {
            assert!(!y.is_finite(), "{y:?}");
        }
        let zero = Tensor::scalar(device, 0.0);
        assert_values(&x.maximum(&zero), &[1.0, NAN, 0.0]);
        assert_values(&zero.minimum(&x), &[0.0, NAN, -2.0]);
        assert_values(&x.max(&[0], false), &[NAN]);
        assert_values(&x.min(&[0], true), &[NAN]);
        assert_values(&x.logsumexp(&[0], false), &[NAN]);
        assert_values(&x.std(&[0], false, 0.0), &[NAN]);
        assert_values(&x.eq(&x), &[1.0, 0.0, 1.0]);
        assert_values(&x.ne(&x), &[0.0, 1.0, 0.0]);
        assert_values(&x.gt(&zero), &[1.0, 0.0, 0.0]);
        // In an order a NaN is the largest.
        let x = row(device, &[1.0, NAN, 3.0, NAN, -INF, INF]);
        assert_values(&x.argmax(0), &[1.0]);
        assert_values(&x.argmin(0), &[1.0]);
        assert_values(&x.topk(3).1, &[1.0, 3.0, 5.0]);
        assert_values(&x.argsort(false), &[4.0, 0.0, 2.0, 5.0, 1.0, 3.0]);
    });
}

#[test]
fn powers_of_what_is_not_positive() {
    everywhere("powers", |device| {
        let x = || row(device, &[-2.0, 0.0, 3.0, INF]);
        assert_values(&x().powf(2.0), &[4.0, 0.0, 9.0, INF]);
        assert_values(&x().powf(-3.0), &[-0.125, INF, 1.0 / 27.0, 0.0]);
        assert_values(&x().powf(0.0), &[1.0; 4]);
        assert_values(&x().powf(0.5), &[NAN, 0.0, 3f64.sqrt(), INF]);
        assert_values(&x().powf(-0.5), &[NAN, INF, 1.0 / 3f64.sqrt(), 0.0]);
        assert_values(&gradient(x(), |x| x.powf(0.0)), &[0.0; 4]);
        assert_values(&gradient(x(), |x| x.powf(1.0)), &[1.0; 4]);
        assert_values(&gradient(x().slice(0, 0, 3), |x| x.powf(3.0)), &[12.0, 0.0, 27.0]);
        let zero = Tensor::scalar(device, 0.0);
        assert_values(&gradient(x(), |x| x.pow(&Var::constant(zero.clone()))), &[0.0; 4]);
        let to = |p: &Var| Var::constant(zero.clone()).pow(p);
        assert_values(&gradient(row(device, &[1.0, 2.5]), to), &[0.0, 0.0]);
    });
}

#[test]
fn what_is_not_taken_does_not_leak() {
    everywhere("where_cond", |device| {
        let x = Var::leaf(row(device, &[-1.0, 0.0, 4.0]));
        let zero = Var::constant(Tensor::scalar(device, 0.0));
        let mask = x.value().gt(zero.value());
        let other = Var::leaf(row(device, &[5.0, NAN, INF]));
        let y = Var::where_cond(&mask, &x, &other);
        assert_values(y.value(), &[5.0, NAN, 4.0]);
        let infinite = row(device, &[1.0, INF, NAN]);
        let grads = y.backward_from(infinite);
        assert_values(grads.get(&x).unwrap(), &[0.0, 0.0, NAN]);
        assert_values(grads.get(&other).unwrap(), &[1.0, INF, 0.0]);
    });
}

#[test]
fn ties_share_the_gradient() {
    everywhere("ties", |device| {
        let x = || row(device, &[2.0, 7.0, 7.0, 2.0, 7.0]);
        let third = 1.0 / 3.0;
        assert_values(&gradient(x(), |x| x.max(&[0], true)), &[0.0, third, third, 0.0, third]);
        assert_values(&gradient(x(), |x| x.min(&[0], false)), &[0.5, 0.0, 0.0, 0.5, 0.0]);
        let two = Var::constant(Tensor::scalar(device, 2.0));
        assert_values(&gradient(x(), |x| x.maximum(&two)), &[0.5, 1.0, 1.0, 0.5, 1.0]);
        assert_values(&gradient(x(), |x| two.minimum(x)), &[0.5, 0.0, 0.0, 0.5, 0.0]);
        let bounds = |x: &Var| x.clamp(2.0, 6.0);
        assert_values(&gradient(x(), bounds), &[1.0, 0.0, 0.0, 1.0, 0.0]);
        assert_values(&gradient(row(device, &[0.0, -1.0]), Var::abs), &[0.0, -1.0]);
    });
}

#[test]
fn logsumexp_of_infinities() {
    everywhere("logsumexp", |device| {
        let rows = [[-INF; 3], [-INF, 0.0, -INF], [1000.0, -1000.0, 1000.0], [0.0, INF, 1.0]];
        let x = Tensor::from_slice(device, [4, 3], rows.as_flattened());
        let y = x.logsumexp(&[1], false);
        assert_values(&y, &[-INF, 0.0, 1000.0 + 2f64.ln(), INF]);
        let dx = gradient(x.slice(0, 0, 3), |x| x.logsumexp(&[1], true));
        assert_values(&dx, &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.0, 0.5]);
    });
}

#[test]
fn no_variance_has_no_gradient() {
    everywhere("std", |device| {
        let x = || Tensor::full(device, [3, 70], 0.1);
        assert_values(&x().std(&[1], false, 1.0), &[0.0; 3]);
        assert_values(&gradient(x(), |x| x.std(&[0, 1], false, 0.0)), &[0.0; 210]);
        assert_values(&gradient(x(), |x| x.var(&[1], false, 1.0)), &[0.0; 210]);
        let far = row(device, &[1000.0, 1000.25, 1000.5]);
        assert_values(&far.var(&[0], false, 0.0), &[0.125 / 3.0]);
    });
}

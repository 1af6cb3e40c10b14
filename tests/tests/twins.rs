//! A fused operation against its twin composed of primitives: the same values and gradients. The
//! primitives are held by the operation table.

use autodiff::Var;
use tensor::{Conv2d, Device, Tensor};
use tests::array::Array;

const EPS: f64 = 1e-5;

/// Compares value and gradients of two functions on inputs of the given shapes.
#[track_caller]
fn assert_twins(shapes: &[&[usize]], fused: fn(&[Var]) -> Var, composed: fn(&[Var]) -> Var) {
    let run = |f: fn(&[Var]) -> Var| {
        let leaves: Vec<Var> =
            shapes.iter().zip(1..).map(|(shape, seed)| Var::leaf(waves(shape, seed))).collect();
        let y = f(&leaves);
        let mut outcome = vec![Array::of(y.value())];
        let cotangent = waves(y.shape(), 100);
        let gradients = y.backward_from(cotangent);
        outcome.extend(leaves.iter().map(|leaf| Array::of(gradients.get(leaf).unwrap())));
        outcome
    };
    for (i, (fused, composed)) in run(fused).iter().zip(&run(composed)).enumerate() {
        let (_, error) = fused.worst(composed).expect("no input is empty");
        let what = if i == 0 { "the value".into() } else { format!("gradient {}", i - 1) };
        assert!(error <= 1e-11 * composed.largest(), "{what} is off by {error:e}");
    }
}

/// Numbers of both signs without symmetry.
fn waves(shape: &[usize], seed: usize) -> Tensor {
    let mut i = 0.0;
    let array = Array::from_fn(shape, |_| {
        i += 1.0;
        (1.7 * i + seed as f64).sin() + 0.1 * (0.3 * i).cos()
    });
    array.to(&Device::reference())
}

#[test]
fn batch_norm_is_centring_scaling_and_shifting() {
    assert_twins(
        &[&[3, 4, 5], &[5], &[5]],
        |x| x[0].batch_norm(&x[1], &x[2], EPS).0,
        |x| standardised(&x[0], &[0, 1]) * &x[1] + &x[2],
    );
}

#[test]
fn batch_norm_with_given_statistics_is_an_affine_map() {
    fn stats(x: &Var) -> [Tensor; 2] {
        let c = [x.shape().features()];
        [waves(&c, 7), Tensor::full(x.device(), c, 0.75)]
    }
    assert_twins(
        &[&[6, 5], &[5], &[5]],
        |x| {
            let [mean, var] = stats(&x[0]);
            x[0].batch_norm_with([&mean, &var], &x[1], &x[2], EPS)
        },
        |x| {
            let [mean, var] = stats(&x[0]).map(Var::constant);
            (&x[0] - mean) / (var + EPS).sqrt() * &x[1] + &x[2]
        },
    );
}

#[test]
fn l2_normalize_is_a_division_by_the_norm() {
    assert_twins(
        &[&[2, 3, 7]],
        |x| x[0].l2_normalize(1e-12),
        |x| &x[0] / (&x[0] * &x[0]).sum(&[-1], true).sqrt(),
    );
}

#[test]
fn softmax_is_a_share_of_exponentials() {
    assert_twins(
        &[&[3, 4, 5]],
        |x| x[0].softmax(1),
        |x| {
            let e = x[0].exp();
            &e / &e.sum(&[1], true)
        },
    );
    assert_twins(&[&[4, 5]], |x| x[0].log_softmax(-1), |x| x[0].softmax(-1).log());
}

#[test]
fn cross_entropy_is_a_mean_of_log_probabilities() {
    fn one_hot(x: &Var) -> Var {
        let hit = |index: &[usize]| f64::from(u8::from(index[1] == 2 * index[0] % 5));
        Var::constant(Array::from_fn(&x.shape()[..], hit).to(x.device()))
    }
    assert_twins(
        &[&[4, 5]],
        |x| x[0].cross_entropy(&Tensor::from_slice(x[0].device(), [4], &[0.0, 2.0, 4.0, 1.0])),
        |x| (x[0].log_softmax(-1) * one_hot(&x[0])).sum_all() * -0.25,
    );
    assert_twins(
        &[&[4, 5], &[4, 5]],
        |x| x[0].soft_cross_entropy(&x[1]),
        |x| (x[0].log_softmax(-1) * &x[1]).sum_all() * -0.25,
    );
}

#[test]
fn layer_norm_is_centring_and_scaling_of_rows() {
    assert_twins(
        &[&[3, 4, 5], &[5], &[5]],
        |x| x[0].layer_norm(&x[1], &x[2], EPS),
        |x| standardised(&x[0], &[-1]) * &x[1] + &x[2],
    );
}

#[test]
fn group_norm_is_centring_and_scaling_of_groups() {
    assert_twins(
        &[&[2, 3, 4, 6], &[6], &[6]],
        |x| x[0].group_norm(3, &x[1], &x[2], EPS),
        |x| {
            let groups = standardised(&x[0].reshape([2, 12, 3, 2]), &[1, 3]);
            groups.reshape([2, 3, 4, 6]) * &x[1] + &x[2]
        },
    );
}

#[test]
fn weight_standardisation_is_centring_and_scaling_of_columns() {
    assert_twins(
        &[&[3, 3, 2, 5]],
        |x| x[0].weight_standardisation(EPS),
        |x| standardised(&x[0], &[0, 1, 2]),
    );
}

fn standardised(x: &Var, axes: &[isize]) -> Var {
    let centred = x - &x.mean(axes, true);
    let var = (&centred * &centred).mean(axes, true);
    centred / (var + EPS).sqrt()
}

#[test]
fn attention_is_a_map_times_values() {
    assert_twins(
        &[&[2, 5, 3, 4], &[2, 70, 3, 4], &[2, 70, 3, 4]],
        |x| x[0].attention(&x[1], &x[2], 0.5),
        |x| {
            let turned = |x: &Var| x.permute(&[0, 2, 1, 3]);
            turned(&x[0].attention_map(&x[1], 0.5).matmul(&turned(&x[2])))
        },
    );
}

#[test]
fn a_mean_is_a_share_of_the_sum() {
    assert_twins(
        &[&[4, 3, 5]],
        |x| x[0].mean(&[0, -1], false),
        |x| x[0].sum(&[0, 2], false) / 20.0,
    );
    assert_twins(&[&[4, 5]], |x| x[0].mean_all(), |x| x[0].sum_all() * 0.05);
}

#[test]
fn a_quotient_is_a_product_with_a_power() {
    assert_twins(&[&[4, 5], &[5]], |x| &x[0] / &x[1].exp(), |x| &x[0] * (-&x[1]).exp());
}

#[test]
fn a_pointwise_convolution_is_a_matmul() {
    assert_twins(
        &[&[2, 4, 5, 3], &[1, 1, 3, 6]],
        |x| x[0].conv2d(&x[1], Conv2d::new(1, 0)),
        |x| x[0].matmul(&x[1].reshape([3, 6])),
    );
}

#[test]
fn a_convolution_is_a_sum_of_shifted_matmuls() {
    assert_twins(
        &[&[2, 5, 6, 3], &[3, 3, 3, 4]],
        |x| x[0].conv2d(&x[1], Conv2d::new(1, 1)),
        |x| {
            let padded = pad(&pad(&x[0], 1), 2);
            let taps = (0..9).map(|tap| {
                let (ky, kx) = (tap / 3, tap % 3);
                let shifted = padded.slice(1, ky, ky + 5).slice(2, kx, kx + 6);
                let weight = x[1].slice(0, ky, ky + 1).slice(1, kx, kx + 1);
                shifted.matmul(&weight.reshape([3, 4]))
            });
            taps.reduce(|sum, tap| sum + tap).expect("nine taps")
        },
    );
}

/// A row of zeros before and after an axis.
fn pad(x: &Var, axis: usize) -> Var {
    let mut shape = x.shape().to_vec();
    shape[axis] = 1;
    let zeros = Var::constant(Tensor::zeros(x.device(), shape));
    Var::concat(&[&zeros, x, &zeros], axis as isize)
}

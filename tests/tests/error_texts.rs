//! What people read when something is wrong: a wrong shape is blamed on their own line, and a
//! missing gradient says why.

use autodiff::{NoGradient, Var};
use insta::assert_snapshot;
use tensor::update::{self, Ema, Rule, Sgd};
use tensor::{Conv2d, Device, Pool2d, Shape, Tensor};
use tests::panics::{Panic, catch, placeless};

fn ones<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::ones(&Device::reference(), shape)
}

fn leaf<const N: usize>(shape: [usize; N]) -> Var {
    Var::leaf(ones(shape))
}

/// The text of a panic, which must be blamed on a line of this file.
#[track_caller]
fn error<T>(f: impl FnOnce() -> T) -> String {
    let Err(Panic { text, file, .. }) = catch(f) else { panic!("it did not fail") };
    assert!(file.ends_with("error_texts.rs"), "`{text}` is blamed on {file}");
    text
}

#[test]
fn shapes_of_products() {
    assert_snapshot!(
        error(|| ones([8, 3]).matmul(&ones([4, 5]))),
        @"matmul: [8, 3] × [4, 5]: inner dimensions 3 and 4 differ"
    );
    assert_snapshot!(
        error(|| ones([3]).matmul(&ones([3, 5]))),
        @"matmul: [3] × [3, 5]: both need at least two axes"
    );
    assert_snapshot!(
        error(|| ones([2, 4, 3]).matmul(&ones([5, 3, 4]))),
        @"matmul: [2, 4, 3] × [5, 3, 4]: the leading axes do not broadcast"
    );
    assert_snapshot!(
        error(|| leaf([8, 3]).matmul_nt(&leaf([5, 4]))),
        @"matmul: [8, 3] × [5, 4]: inner dimensions 3 and 4 differ"
    );
}

#[test]
fn shapes_of_arithmetic() {
    assert_snapshot!(
        error(|| ones([2, 3]) + ones([4])),
        @"add: [2, 3] × [4]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| &leaf([2, 3]) / &leaf([3, 2])),
        @"div: [2, 3] × [3, 2]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| ones([2]).relu_grad(&ones([3]))),
        @"relu_grad: [2] × [3]: these shapes do not broadcast"
    );
}

#[test]
fn shapes_of_convolutions() {
    let conv = Conv2d::new(1, 0);
    assert_snapshot!(
        error(|| ones([4, 4, 3]).conv2d(&ones([3, 3, 3, 8]), conv)),
        @"conv2d: [4, 4, 3]: expected 4 axes, [n, h, w, c], found 3"
    );
    assert_snapshot!(
        error(|| ones([1, 4, 4, 3]).conv2d(&ones([3, 3, 8]), conv)),
        @"conv2d: [3, 3, 8]: expected 4 axes, [kh, kw, c_in, c_out], found 3"
    );
    assert_snapshot!(
        error(|| leaf([1, 4, 4, 3]).conv2d(&leaf([3, 3, 4, 8]), conv)),
        @"conv2d: [1, 4, 4, 3] × [3, 3, 4, 8]: 3 channels meet weights for 4"
    );
    assert_snapshot!(
        error(|| ones([1, 2, 2, 3]).conv2d(&ones([3, 3, 3, 8]), conv)),
        @"conv2d: [1, 2, 2, 3] × [3, 3, 3, 8]: the kernel is larger than the image, Conv2d { \
          stride: [1, 1], padding: [0, 0] }"
    );
    assert_snapshot!(
        error(|| leaf([1, 2, 2, 3]).max_pool2d(Pool2d::new(3, 2, 0))),
        @"max_pool2d: [1, 2, 2, 3]: the window is larger than the image, Pool2d { kernel: [3, \
          3], stride: [2, 2], padding: [0, 0] }"
    );
}

#[test]
fn shapes_of_norms() {
    assert_snapshot!(
        error(|| ones([3]).batch_stats()),
        @"batch_stats: [3]: expected rows of features, at least two axes"
    );
    assert_snapshot!(
        error(|| leaf([1, 3]).batch_norm(&leaf([3]), &leaf([3]), 1e-5)),
        @"batch_stats: [1, 3]: needs at least 2 rows, one has no variance"
    );
    assert_snapshot!(
        error(|| leaf([4, 3]).batch_norm(&leaf([2]), &leaf([3]), 1e-5)),
        @"batch_norm: [2]: expected [3]"
    );
    assert_snapshot!(
        error(|| leaf([]).l2_normalize(1e-12)),
        @"l2_normalize: []: expected at least one axis"
    );
}

#[test]
fn shapes_of_sums_and_views() {
    assert_snapshot!(error(|| leaf([2, 3]).sum(&[2], false)), @"sum: [2, 3]: there is no axis 2");
    assert_snapshot!(
        error(|| ones([2, 3]).mean(&[0, -2], false)),
        @"mean: [2, 3]: an axis is named twice in [0, -2]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).reshape([4])),
        @"reshape: [2, 3]: does not hold as many as [4]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).permute(&[0, 0])),
        @"permute: [2, 3]: [0, 0] does not name each axis once"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).slice(1, 2, 4)),
        @"slice: [2, 3]: 2..4 does not lie in axis 1"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).broadcast_to(&Shape::from([3, 3]))),
        @"broadcast_to: [2, 3]: does not broadcast to [3, 3]"
    );
    assert_snapshot!(
        error(|| Var::concat(&[&leaf([2, 3]), &leaf([2, 4])], 0)),
        @"concat: [2, 3] × [2, 4]: differ beside axis 0"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).off_diagonal()),
        @"off_diagonal: [2, 3]: expected a square matrix, [n, n]"
    );
    assert_snapshot!(
        error(|| leaf([3]).triu(0)),
        @"triu: [3]: expected matrices, at least two axes"
    );
    assert_snapshot!(
        error(|| ones([3]).tril(0)),
        @"tril: [3]: expected matrices, at least two axes"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).masked_mean(&ones([3]))),
        @"masked_mean: [3]: expected [2, 3]"
    );
    assert_snapshot!(
        error(|| leaf([]).masked_mean(&ones([]))),
        @"sum: []: there is no axis -1"
    );
    assert_snapshot!(error(|| Tensor::concat(&[], 0)), @"concat: no tensors were given");
    assert_snapshot!(error(|| ones([2, 3]).item()), @"item: [2, 3]: expected one element");
}

#[test]
fn values_and_devices() {
    let device = Device::reference();
    assert_snapshot!(
        error(|| Tensor::from_slice(&device, [2, 3], &[1.0, 2.0])),
        @"from_slice: [2, 3] holds 6 values, found 2"
    );
    let elsewhere = Tensor::ones(&Device::cpu(), [2]);
    let threads = Device::cpu().to_string();
    assert_snapshot!(
        error(|| ones([2]) + &elsewhere).replace(&threads, "cpu (N threads)"),
        @"add: [2] × [2]: on different devices, reference (f64, plain loops) and cpu (N threads)"
    );
    let sgd = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: false };
    assert_snapshot!(
        error(|| sgd.step([&ones([2]), &ones([3]), &ones([2])])),
        @"sgd_step: [3]: expected [2]"
    );
    assert_snapshot!(
        error(|| update::step(&[(Ema { momentum: 0.9 }, [&ones([2]), &elsewhere])]))
            .replace(&threads, "cpu (N threads)"),
        @"ema_step: [2] × [2]: on different devices, reference (f64, plain loops) and cpu (N threads)"
    );
}

#[test]
fn backward() {
    assert_snapshot!(
        error(|| leaf([2, 3]).exp().backward()),
        @"backward: [2, 3] is not a scalar: sum or average it"
    );
    assert_snapshot!(
        error(|| leaf([2]).exp().backward_from(ones([3]))),
        @"backward: a cotangent of [3] for a value of [2]"
    );
    let y = leaf([2]).sum_all();
    let again = y.clone();
    y.backward();
    assert_snapshot!(
        placeless(&error(|| again.backward())),
        @"backward: the graph behind the `sum` made at error_texts.rs:_ was consumed by the \
          backward at error_texts.rs:_: add the losses first and call backward once"
    );
}

#[test]
fn a_missing_gradient_says_why() {
    let (x, elsewhere) = (leaf([2]), leaf([2]));
    let weight = leaf([2]);
    let y = (&x * 2.0).detach();
    let grads = (&y * &weight).sum_all().backward();
    let why = |var: &Var| placeless(&grads.get(var).unwrap_err().to_string());
    assert!(matches!(grads.get(&x), Err(NoGradient::CutOff { .. })));
    assert_snapshot!(
        why(&x),
        @"every path to the leaf made at error_texts.rs:_ ends at the `detach` at error_texts.rs:_"
    );
    assert_snapshot!(
        why(&elsewhere),
        @"the leaf made at error_texts.rs:_ is not in the graph of this loss"
    );
    assert_snapshot!(
        why(&y),
        @"the `detach` made at error_texts.rs:_ is not a leaf that asks for a gradient"
    );
}

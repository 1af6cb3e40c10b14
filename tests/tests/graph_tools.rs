//! What a graph tells of itself: its table, the place where a NaN began, and why a parameter got
//! no gradient.

use autodiff::{Var, graph};
use insta::assert_snapshot;
use methods::train::{Clip, Descent, Optimizer, Rates};
use models::Init;
use models::layers::Linear;
use tensor::{Device, Pool2d, Tensor};
use tests::panics::placeless;

fn leaf<const N: usize>(shape: [usize; N], values: &[f64]) -> Var {
    Var::leaf(Tensor::from_slice(&Device::reference(), shape, values))
}

#[test]
fn a_table_counts_what_backward_keeps() {
    let image = Var::constant(Tensor::ones(&Device::reference(), [1, 2, 2, 3]));
    let (weight, bias) = (leaf([3], &[1.0; 3]), leaf([3], &[0.0; 3]));
    let (y, _, _) = image.batch_norm(&weight, &bias, 1e-5);
    let rows = y.max_pool2d(Pool2d::new(2, 2, 0)).reshape([3]);
    let loss = (&rows * &rows.exp().detach()).sum_all();
    // 96 values and 48 statistics; 24 maxima and 24 places; the reshape shares its buffer.
    assert_snapshot!(placeless(&graph::table(&loss)), @r"
    operation   shape         bytes  made at
    constant    [1, 2, 2, 3]     96  graph_tools.rs:_
    leaf        [3]              24  graph_tools.rs:_
    leaf        [3]              24  graph_tools.rs:_
    batch_norm  [1, 2, 2, 3]    144  graph_tools.rs:_
    max_pool2d  [1, 1, 1, 3]     48  graph_tools.rs:_
    reshape     [3]               0  graph_tools.rs:_
    detach      [3]              24  graph_tools.rs:_
    mul         [3]              24  graph_tools.rs:_
    sum         []                8  graph_tools.rs:_
    6 operations hold 248 bytes, leaves and constants 144
    ");
    let frozen = Var::constant(image.value().clone());
    let (y, _, _) = frozen.batch_norm(&weight.detach(), &bias.detach(), 1e-5);
    assert!(graph::table(&y).contains("[1, 2, 2, 3]     96"), "a teacher keeps no statistics");
}

#[test]
fn the_first_operation_that_is_not_finite_is_named() {
    let x = leaf([2, 2], &[4.0, 1.0, 0.25, -1.0]);
    let loss = |x: &Var| (x.relu() + x.sqrt().log()).mean_all();
    let text = |root: &Var| placeless(&graph::check_finite(root).unwrap_err().to_string());
    assert_snapshot!(
        text(&loss(&x)),
        @"the value of the `sqrt` [2, 2] made at graph_tools.rs:_ is not finite: entry 3 is NaN"
    );
    // Behind a detach too: the operations of a target are no less often to blame.
    let target = loss(&x).detach();
    let behind = loss(&leaf([1], &[1.0])) + &target;
    assert!(text(&behind).contains("`detach`"), "{}", text(&behind));
    let held = x.sqrt();
    let behind = (&leaf([2, 2], &[1.0; 4]) * &held.detach()).sum_all();
    assert!(text(&behind).contains("`sqrt`"), "{}", text(&behind));

    let fine = loss(&leaf([2], &[1.0, 4.0]));
    assert_eq!(graph::check_finite(&fine), Ok(()));
    assert_eq!(fine.backward().check_finite(), Ok(()));
}

#[test]
fn a_gradient_that_is_not_finite_is_named() {
    let (x, weight) = (leaf([3], &[1.0, 0.0, 0.0]), leaf([3], &[1.0, -1.0, 1.0]));
    let loss = (x.sqrt() * &weight).sum_all();
    assert_eq!(graph::check_finite(&loss), Ok(()));
    assert_snapshot!(
        placeless(&loss.backward().check_finite().unwrap_err().to_string()),
        @"the gradient of the `leaf` [3] made at graph_tools.rs:_ is not finite: entry 1 is -inf"
    );
}

#[test]
fn a_trainable_parameter_without_a_gradient_is_named() {
    let layer = Linear::new(&mut Init::new(&Device::reference(), 0), 2, 3, true);
    let x = Var::constant(Tensor::ones(&Device::reference(), [4, 2]));
    let other = leaf([3], &[1.0; 3]);
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: false };
    let mut descent = Descent::new(optimizer, Clip::None);
    let rates = Some(Rates { lr: 0.1, weight_decay: 0.0 });
    let mut step = |loss: Var| {
        let wrong = descent.step(&layer, &loss.backward(), |_| rates).unwrap_err();
        placeless(&wrong.to_string())
    };
    assert_snapshot!(
        step((&layer.forward(&x).detach() * &other).sum_all()),
        @"the parameter `weight` is to be trained and got no gradient: every path to the leaf made \
          at linear.rs:_ ends at the `detach` at graph_tools.rs:_"
    );
    assert_snapshot!(
        step(other.sum_all()),
        @"the parameter `weight` is to be trained and got no gradient: the leaf made at linear.rs:_ \
          is not in the graph of this loss"
    );
}

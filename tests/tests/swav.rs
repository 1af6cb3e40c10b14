//! SwAV's state between steps: the queue of earlier outputs, and prototypes that rest.

use methods::method::Method;
use methods::train::{Descent, Schedule, Settings, build, step};
use models::Part;
use tensor::{Device, Tensor};
use tests::small::{settings, views};

fn small() -> Settings {
    let few = ["batch=4", "queue_length=6", "epoch_queue_starts=1", "freeze_prototypes_niters=1"];
    settings("swav", &few)
}

fn part(method: &dyn Method, name: &str) -> Tensor {
    let parts = method.parts();
    let (_, part) = parts.into_iter().find(|(other, _)| other == name).expect("a part");
    match part {
        Part::Parameter(parameter) => parameter.var().value().clone(),
        Part::Buffer(buffer) => buffer.value(),
        Part::Mode(_) => unreachable!("`{name}` is a mode"),
    }
}

/// Two steps an epoch: the queue of six takes in four rows a step from the third step on, and is
/// full after two.
#[test]
fn a_queue_takes_in_the_newest_outputs_and_is_used_when_it_is_full() {
    let (settings, device) = (small(), Device::reference());
    let method = build(&settings, &device).expect("a network");
    let mut descent = Descent::new(method.optimizer(), method.clip());
    let mut newest = Vec::new();
    for number in 0..4 {
        let at = Schedule { step: number, steps_per_epoch: 2, epochs: 4, batch: 4, seed: 0 };
        let views = views(&*method, &settings, &device, number);
        let (output, _) = step(&*method, &mut descent, &views, &at).expect("gradients");
        newest.push(output.kept);
        for i in [0, 1] {
            let queue = part(&*method, &format!("queue.{i}")).to_vec::<f64>();
            let rows = |step: usize| newest[step][i].to_vec::<f64>();
            let expected = match number {
                0 | 1 => vec![0.0; 6 * 16],
                2 => [rows(2), vec![0.0; 2 * 16]].concat(),
                _ => [&rows(3)[..], &rows(2)[..2 * 16]].concat(),
            };
            assert_eq!(queue, expected, "queue {i} after step {number}");
        }
    }
    let at = |step| Schedule { step, steps_per_epoch: 2, epochs: 4, batch: 4, seed: 0 };
    let views = views(&*method, &settings, &device, 4);
    let loss = |step| method.forward(&views, &at(step)).loss.item();
    assert_eq!(loss(3), loss(2), "one batch does not fill the queue");
    assert_ne!(loss(4), loss(3), "codes are shared out together with a full queue");
}

#[test]
fn prototypes_rest_at_first_and_keep_their_length() {
    let (settings, device) = (small(), Device::reference());
    let method = build(&settings, &device).expect("a network");
    let mut descent = Descent::new(method.optimizer(), method.clip());
    let first = part(&*method, "prototypes.weight").to_vec::<f64>();
    for number in 0..2 {
        let at = Schedule { step: number, steps_per_epoch: 2, epochs: 4, batch: 4, seed: 0 };
        let views = views(&*method, &settings, &device, number);
        step(&*method, &mut descent, &views, &at).expect("gradients");
        let now = part(&*method, "prototypes.weight").to_vec::<f64>();
        let moved = now.iter().zip(&first).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert_eq!(moved > 1e-6, number > 0, "step {number} moved prototypes by {moved}");
        for row in now.chunks(16) {
            let length = row.iter().map(|x| x * x).sum::<f64>();
            assert!((length - 1.0).abs() < 1e-12, "{length}");
        }
    }
}

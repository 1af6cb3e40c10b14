//! An evaluation from end to end, on networks of a few hundred parameters.

use tensor::Device;

use super::*;
use crate::data;

fn evaluated(encoder: &str, asked: Asked) -> (Evaluation, Box<dyn Method>) {
    let settings = Settings::named("simsiam").unwrap().set(&format!("encoder={encoder}")).unwrap();
    let device = Device::cpu();
    let method = build(&settings, &device).unwrap();
    let splits = data::open("shapes", 0).unwrap();
    (evaluate(&settings, &device, &*method, &splits, asked).unwrap(), method)
}

#[test]
fn everything_is_measured_and_beside_chance() {
    let asked = Asked { linear: true, localise: true, attention: true };
    let (found, method) = evaluated("vit-tiny-p8-w24-d1-h2", asked);
    assert_eq!((found.train_images, found.test_images), (2048, 512));
    assert_eq!(found.chance.accuracy, Some(12.5));
    for network in [&found.trained, &found.untrained] {
        let linear = network.linear.as_ref().expect("labels");
        assert!(linear.accuracy > 20.0 && linear.gradient_norm < 1e-6, "{linear:?}");
        let (boxes, guess) = (network.boxes.expect("boxes"), found.chance.boxes.expect("boxes"));
        assert!(boxes.iou > guess.iou + 0.1, "{boxes:?}, {guess:?}");
        let (masks, all) = (network.masks.expect("masks"), found.chance.masks.expect("masks"));
        assert!(masks > all + 0.1, "{masks}, {all}");
        let attention = network.attention.as_ref().expect("attention");
        assert_eq!(attention.heads.len(), 2);
        assert!(attention.best_of_each >= attention.best_head);
        assert!(attention.best_head >= attention.mean && attention.mean > 0.0);
        for spread in [&network.features, &network.projection] {
            assert!(spread.alignment >= 0.0 && spread.uniformity < 0.0, "{spread:?}");
            assert!(spread.negatives.abs() <= 1.0 && spread.components > 0, "{spread:?}");
        }
    }
    // Without batch norms in front, calibration changes nothing that the encoder's features need.
    assert_eq!(found.trained.knn, found.untrained.knn);
    assert_eq!(found.table().rows.len(), 15);
    let again = build(
        &Settings::named("simsiam").unwrap().set("encoder=vit-tiny-p8-w24-d1-h2").unwrap(),
        &Device::cpu(),
    )
    .unwrap();
    let values = |method: &dyn Method| -> Vec<Vec<f32>> {
        method.parameters().iter().map(|(_, p)| p.var().value().to_vec()).collect()
    };
    assert!(values(&*method) == values(&*again), "measuring has trained the network");
}

#[test]
fn what_is_not_asked_for_is_not_measured() {
    let (found, _) = evaluated("resnet-small-w4", Asked::default());
    let json = serde_json::to_value(&found).unwrap();
    let trained = json["trained"].as_object().unwrap();
    for key in ["linear", "boxes", "masks", "attention"] {
        assert!(!trained.contains_key(key), "{key}");
    }
    assert!(json["trained"]["knn"].as_f64().unwrap() > 12.5);
    let curve = json["trained"]["features"]["explained_variance"].as_array().unwrap();
    assert_eq!(curve.len(), 16);
    assert_eq!(found.table().rows.len(), 7);
}

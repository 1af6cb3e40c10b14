//! The golden cases beside this file, computed on every device. Each was found in `f64` by
//! PyTorch from the papers' pseudocode and the authors' published code.

use std::path::Path;

use tensor::Device;
use tests::devices;
use tests::golden::{check, files};

/// Full-size networks, which would keep a software adapter busy for minutes. Their layers run on
/// the GPU in the smaller cases; ResNet-18 stands for a whole network.
const TOO_LARGE_FOR_A_SOFTWARE_GPU: &[&str] =
    &["closed_form-resnet50", "closed_form-vit_small", "closed_form-vit_tiny"];

#[test]
fn goldens_hold_on_the_reference() {
    all_hold_on(&Device::reference());
}

#[test]
fn goldens_hold_on_the_cpu() {
    all_hold_on(&Device::cpu());
}

#[test]
fn goldens_hold_on_the_gpu() {
    if let Some(gpu) = devices::gpu("goldens") {
        all_hold_on(&gpu);
    }
}

/// The runner itself must be able to miss.
#[test]
fn a_wrong_file_is_a_miss() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/loss/simsiam.safetensors");
    let bytes = std::fs::read(golden).expect("a golden file");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.safetensors");
    let miss = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a writable folder");
        format!("{:#}", check(&path, &Device::reference()).result.expect_err("a miss"))
    };

    let mut wrong = bytes.clone();
    let (_, loss) = wrong.split_last_chunk_mut::<8>().expect("the loss, last in the file");
    *loss = (f64::from_le_bytes(*loss) * (1.0 + 1e-11)).to_le_bytes();
    assert!(miss(&wrong).starts_with("out/loss[0] = "), "{}", miss(&wrong));

    let renamed = |from: &str, to: &str| {
        let place = bytes.windows(from.len()).position(|window| window == from.as_bytes());
        let place = place.expect("in the header");
        let mut bytes = bytes.clone();
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    assert_eq!(miss(&renamed("loss/simsiam", "loss/simsiax")), "unknown case id");
    let leaking = miss(&renamed(r#"[\"in/z1\", \"in/z2\"]"#, r#"[\"in/p1\", \"in/p2\"]"#));
    assert!(leaking.starts_with("no gradient for in/z1: every path"), "{leaking}");
    let truncated = miss(&bytes[..bytes.len() - 1]);
    assert!(truncated.contains("not a whole safetensors file"), "{truncated}");
}

fn all_hold_on(device: &Device) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut files = files(&[folder]).expect("golden files");
    if device.name() == "gpu" {
        files.retain(|path| {
            !TOO_LARGE_FOR_A_SOFTWARE_GPU
                .iter()
                .any(|name| path.ends_with(format!("{name}.safetensors")))
        });
    }
    let misses: Vec<String> = files
        .iter()
        .map(|path| check(path, device))
        .filter_map(|verdict| {
            let why = verdict.result.err()?;
            Some(format!("{}: {}: {why:#}", verdict.path.display(), verdict.id))
        })
        .collect();
    println!("{} goldens on {device}, {} missed", files.len(), misses.len());
    assert!(
        misses.is_empty(),
        "{} of {} missed:\n{}",
        misses.len(),
        files.len(),
        misses.join("\n")
    );
}

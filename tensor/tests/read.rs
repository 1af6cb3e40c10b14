//! Values come to the host by a wait and by a future, and are the same.
//!
//! Without an adapter the GPU's part says so and passes; with `REQUIRE_GPU=1` it fails.

use tensor::{Device, Tensor};

fn devices() -> Vec<Device> {
    let gpu = pollster::block_on(Device::gpu_async());
    if let Err(error) = &gpu {
        assert!(std::env::var_os("REQUIRE_GPU").is_none(), "{error}");
        println!("read: not on a GPU: {error}");
    }
    [Device::cpu(), Device::reference()].into_iter().chain(gpu).collect()
}

#[test]
fn reads_on_their_way_together_bring_each_its_own() {
    for device in devices() {
        let x = Tensor::from_slice(&device, [3], &[1.0, 2.0, 3.0]);
        let read = |i: i32| x.affine(f64::from(i), 0.5).read::<f64>();
        let reads: Vec<_> = (0..20).map(read).collect();
        let empty = Tensor::zeros(&device, [0]).read::<f32>();
        for (i, read) in (0..20).zip(reads).rev() {
            let i = f64::from(i);
            let expected = [i + 0.5, 2.0 * i + 0.5, 3.0 * i + 0.5];
            assert_eq!(pollster::block_on(read), expected, "{device}");
        }
        assert!(pollster::block_on(empty).is_empty(), "{device}");
        assert_eq!(pollster::block_on(x.read::<f32>()), x.to_vec::<f32>(), "{device}");
    }
}

#[test]
fn a_read_that_nobody_awaits_leaves_the_device_whole() {
    for device in devices() {
        let x = Tensor::ones(&device, [4]);
        drop(x.read::<f32>());
        assert_eq!(x.to_vec::<f32>(), [1.0; 4], "{device}");
    }
}

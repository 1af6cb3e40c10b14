//! Bind groups, made once for the same buffers.
//!
//! A bind group says which buffers a kernel works on. To make one costs the host as much as the
//! rest of a launch, and a training step asks for the same ones at every turn, since the pool hands
//! out the same buffers in the same order. So they are kept, in two generations: when the younger is
//! full, the older is let go, which holds what no step asks for any more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::gpu::GpuBuffer;

/// Groups of a generation: more than a step of a large network takes.
const MOST: usize = 16_384;

/// The kept bind groups of a device.
#[derive(Default)]
pub(crate) struct Groups {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    young: HashMap<Box<[u64]>, wgpu::BindGroup>,
    old: HashMap<Box<[u64]>, wgpu::BindGroup>,
    /// The key that is looked for, in memory that is used again.
    key: Vec<u64>,
    created: u64,
}

impl Groups {
    /// The group of a kernel's inputs and outputs, in the order of their bindings.
    pub(crate) fn get(
        &self,
        inputs: &[&GpuBuffer],
        outputs: &[&GpuBuffer],
        create: impl FnOnce() -> wgpu::BindGroup,
    ) -> wgpu::BindGroup {
        let mut state = self.lock();
        let State { young, old, key, created } = &mut *state;
        key.clear();
        // How many are read decides the layout.
        key.push(inputs.len() as u64);
        key.extend(inputs.iter().chain(outputs).map(|buffer| buffer.view()));
        if let Some(group) = young.get(&key[..]) {
            return group.clone();
        }
        let group = old.remove(&key[..]).unwrap_or_else(|| {
            *created += 1;
            create()
        });
        if young.len() == MOST {
            *old = std::mem::take(young);
        }
        young.insert(key[..].into(), group.clone());
        group
    }

    /// Lets all go, and with them the buffers that only they still hold.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.young.clear();
        state.old.clear();
    }

    /// Groups ever made.
    pub(crate) fn created(&self) -> u64 {
        self.lock().created
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The maps hold finished entries only, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::mode::Mode;
    use crate::gpu::{Gpu, Grid, Launch, wait};

    fn launch(gpu: &Gpu, inputs: &[&GpuBuffer], outputs: &[&GpuBuffer]) {
        let both = inputs.len() == 2;
        gpu.launch(Launch {
            name: if both { "copy_one_of_two" } else { "copy" },
            wgsl: if both {
                "struct Params { n: u32 }
                @group(0) @binding(0) var<storage, read> x: array<f32>;
                @group(0) @binding(1) var<storage, read> z: array<f32>;
                @group(0) @binding(2) var<storage, read_write> y: array<f32>;
                @compute @workgroup_size(1) fn main() { y[0] = x[params.n] + z[0]; }"
            } else {
                "struct Params { n: u32 }
                @group(0) @binding(0) var<storage, read> x: array<f32>;
                @group(0) @binding(1) var<storage, read_write> y: array<f32>;
                @compute @workgroup_size(1) fn main() { y[0] = x[params.n]; }"
            },
            paste: "",
            inputs,
            outputs,
            params: &[0],
            grid: Grid::groups(1),
        });
    }

    #[test]
    fn the_same_buffers_share_a_group_and_others_do_not() {
        let gpu = Gpu::open(Mode { noop: true, ..Mode::default() });
        let gpu = wait::value_of(gpu).expect("a wait").expect("no driver is needed");
        let [x, y, z] = [1, 1, 1].map(|n| gpu.allocate(n));
        let created = || gpu.groups.created();
        launch(&gpu, &[&x], &[&y]);
        launch(&gpu, &[&x], &[&y]);
        assert_eq!(created(), 1);
        launch(&gpu, &[&y], &[&x]);
        launch(&gpu, &[&x, &z], &[&y]);
        assert_eq!(created(), 3);
        // Another length of the same buffer is another view of it.
        drop(x);
        let x = gpu.allocate(2);
        launch(&gpu, &[&x], &[&y]);
        assert_eq!(created(), 4);
        gpu.groups.clear();
        launch(&gpu, &[&x], &[&y]);
        assert_eq!(created(), 5);
    }
}

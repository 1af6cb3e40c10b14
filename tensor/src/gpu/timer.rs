//! How long kernels take, by the GPU's own clock: each in a pass of its own, between two stamps.

use std::time::Duration;

use crate::profile::{self, Cost};

/// What is being timed, until it is handed over.
struct Event {
    name: &'static str,
    shapes: String,
    flops: f64,
    bytes: f64,
}

/// The operation whose kernels are recorded at present.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) name: &'static str,
    /// Its inputs' shapes.
    pub(crate) shapes: String,
    /// What its definition asks for; it is the main kernel's, which has the operation's name.
    pub(crate) flops: f64,
}

/// Stamps of the kernels of one hand-over.
pub(crate) struct Timer {
    stamps: wgpu::QuerySet,
    /// Where the GPU writes them, and where the host reads them.
    resolved: wgpu::Buffer,
    readable: wgpu::Buffer,
    /// Nanoseconds of a tick.
    period: f64,
    events: Vec<Event>,
    pub(crate) scope: Scope,
}

/// Bytes of a stamp.
const STAMP: u64 = 8;

impl Timer {
    /// A timer of up to so many kernels, where the device has a clock.
    pub(crate) fn new(device: &wgpu::Device, queue: &wgpu::Queue, most: usize) -> Option<Self> {
        device.features().contains(wgpu::Features::TIMESTAMP_QUERY).then(|| {
            let count = 2 * most as u32;
            let buffer = |usage| {
                device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("time stamps"),
                    size: STAMP * u64::from(count),
                    usage: usage | wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                })
            };
            Timer {
                stamps: device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("time stamps"),
                    ty: wgpu::QueryType::Timestamp,
                    count,
                }),
                resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
                readable: buffer(wgpu::BufferUsages::MAP_READ),
                period: f64::from(queue.get_timestamp_period()),
                events: Vec::new(),
                scope: Scope::default(),
            }
        })
    }

    /// A pass for one run of a kernel that binds so many bytes.
    pub(crate) fn pass(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        name: &'static str,
        bytes: u64,
    ) -> wgpu::ComputePass<'static> {
        let first = 2 * self.events.len() as u32;
        let is_main = name == self.scope.name;
        let flops = if is_main { std::mem::take(&mut self.scope.flops) } else { 0.0 };
        let shapes = self.scope.shapes.clone();
        self.events.push(Event { name, shapes, flops, bytes: bytes as f64 });
        let stamps = wgpu::ComputePassTimestampWrites {
            query_set: &self.stamps,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        };
        let descriptor =
            wgpu::ComputePassDescriptor { label: Some(name), timestamp_writes: Some(stamps) };
        encoder.begin_compute_pass(&descriptor).forget_lifetime()
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.events.is_empty()
    }

    /// Records that the stamps come to where the host can read them.
    pub(crate) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let count = 2 * self.events.len() as u32;
        encoder.resolve_query_set(&self.stamps, 0..count, &self.resolved, 0);
        let bytes = STAMP * u64::from(count);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readable, 0, bytes);
    }

    /// Adds what the stamps say to the profile; `wait` returns when the commands have run, and
    /// says how long that took.
    pub(crate) fn read(&mut self, wait: impl FnOnce() -> Duration) -> Duration {
        let slice = self.readable.slice(..2 * STAMP * self.events.len() as u64);
        slice.map_async(wgpu::MapMode::Read, |_| {});
        let waited = wait();
        let bytes = slice.get_mapped_range().expect("the commands have run");
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes[..]);
        drop(bytes);
        self.readable.unmap();
        for (event, stamp) in self.events.drain(..).zip(stamps.chunks_exact(2)) {
            let Event { name, shapes, flops, bytes } = event;
            let seconds = stamp[1].saturating_sub(stamp[0]) as f64 * self.period / 1e9;
            profile::note(name, shapes, Cost { calls: 1, seconds, flops, bytes });
        }
        waited
    }
}

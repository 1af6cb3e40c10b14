//! Commands on their way to the GPU: one encoder and one open compute pass, handed over when
//! somebody reads or when enough has been recorded.

use std::collections::VecDeque;
use std::time::Duration;

use crate::gpu::launch::Grid;
use crate::gpu::shader::Pipeline;
use crate::gpu::timer::{Scope, Timer};
use crate::gpu::wait;
use crate::profile;

/// Dispatches that are handed over together: enough to hide the cost of a hand-over, few enough
/// that the GPU starts early.
const BATCH: usize = 128;
/// Hand-overs that may wait on the GPU before the host waits for the oldest.
const MOST_IN_FLIGHT: usize = 4;
/// Uploads that wait for the next hand-over, in bytes: each holds a copy on the host.
const MOST_UPLOADED: u64 = 64 << 20;
/// The stride of the uniform ring: WebGPU's alignment of dynamic offsets.
const SLOT: usize = 256;

/// The most words of parameters of one dispatch.
pub(crate) const MOST_WORDS: usize = SLOT / 4;

/// What the recorder has done.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) dispatches: u64,
    pub(crate) bindings: u64,
    pub(crate) submits: u64,
    pub(crate) readbacks: u64,
    pub(crate) waited: Duration,
}

/// One run of a kernel, ready to be recorded.
pub(crate) struct Dispatch<'a> {
    /// In profiles.
    pub(crate) name: &'static str,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) buffers: &'a wgpu::BindGroup,
    /// How many buffers it binds, and their bytes.
    pub(crate) bound: (u64, u64),
    pub(crate) params: &'a [u32],
    pub(crate) grid: Grid,
}

/// An open pass and the encoder that it borrows from; the pass must go first.
struct Open {
    pass: Option<wgpu::ComputePass<'static>>,
    encoder: wgpu::CommandEncoder,
}

pub(crate) struct Recorder {
    device: wgpu::Device,
    queue: wgpu::Queue,
    open: Option<Open>,
    recorded: usize,
    uploaded: u64,
    in_flight: VecDeque<wgpu::SubmissionIndex>,
    ring: Ring,
    /// The buffer of the last readback that has ended, kept for the next.
    readback: Option<wgpu::Buffer>,
    /// Where the device has a clock.
    timer: Option<Timer>,
    tally: Tally,
}

/// Parameters of the recorded dispatches, for adapters without immediates: a slot a dispatch,
/// written in one piece when the dispatches are handed over.
struct Ring {
    buffer: wgpu::Buffer,
    layout: wgpu::BindGroupLayout,
    group: wgpu::BindGroup,
    slots: Vec<u8>,
}

impl Recorder {
    pub(crate) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        Recorder {
            device: device.clone(),
            queue: queue.clone(),
            open: None,
            recorded: 0,
            uploaded: 0,
            in_flight: VecDeque::new(),
            ring: Ring::new(device),
            readback: None,
            timer: Timer::new(device, queue, BATCH),
            tally: Tally::default(),
        }
    }

    pub(crate) fn ring_layout(&self) -> wgpu::BindGroupLayout {
        self.ring.layout.clone()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Says whose kernels come next, for the profile.
    pub(crate) fn scope(&mut self, scope: Scope) {
        if let Some(timer) = &mut self.timer {
            timer.scope = scope;
        }
    }

    /// Records one run of a kernel.
    pub(crate) fn dispatch(&mut self, run: &Dispatch<'_>) {
        let Dispatch { name, pipeline, buffers, bound: (count, bytes), params, grid } = *run;
        let open = self.open.get_or_insert_with(|| {
            let encoder = self.device.create_command_encoder(&Default::default());
            Open { pass: None, encoder }
        });
        let timer = self.timer.as_mut().filter(|_| profile::is_on());
        let is_timed = timer.is_some();
        if let Some(timer) = timer {
            open.pass = None;
            open.pass = Some(timer.pass(&mut open.encoder, name, bytes));
        }
        let pass = open.pass.get_or_insert_with(|| {
            open.encoder.begin_compute_pass(&Default::default()).forget_lifetime()
        });
        pass.set_pipeline(&pipeline.pipeline);
        pass.set_bind_group(0, buffers, &[]);
        if pipeline.immediates {
            pass.set_immediates(0, bytemuck::cast_slice(params));
        } else {
            let offset = self.ring.push(params);
            pass.set_bind_group(1, &self.ring.group, &[offset]);
        }
        pass.dispatch_workgroups(grid.x, grid.y, 1);
        if is_timed {
            open.pass = None;
        }
        self.tally.dispatches += 1;
        self.tally.bindings += count;
        self.recorded += 1;
        if self.recorded == BATCH {
            self.submit();
        }
    }

    /// Writes host values to a buffer, after all that is recorded so far.
    pub(crate) fn upload(&mut self, buffer: &wgpu::Buffer, bytes: &[u8]) {
        // The queue carries writes out before the commands of the next hand-over, and recorded
        // commands may still use the buffer in its former life.
        self.submit();
        self.queue.write_buffer(buffer, 0, bytes);
        self.uploaded += bytes.len() as u64;
        if self.uploaded > MOST_UPLOADED {
            self.queue.submit([]);
            self.uploaded = 0;
        }
    }

    /// Hands over what is recorded.
    pub(crate) fn submit(&mut self) {
        if let Some(encoder) = self.close() {
            self.submit_encoder(encoder);
        }
    }

    /// Hands over what is recorded and a copy of the first `bytes` of `source`; returns where
    /// the copy appears once the hand-over has run.
    pub(crate) fn submit_readback(
        &mut self,
        source: &wgpu::Buffer,
        bytes: u64,
    ) -> (wgpu::Buffer, wgpu::SubmissionIndex) {
        let mut encoder =
            self.close().unwrap_or_else(|| self.device.create_command_encoder(&Default::default()));
        let kept = self.readback.take().filter(|buffer| buffer.size() >= bytes);
        let target = kept.unwrap_or_else(|| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes.next_power_of_two(),
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        encoder.copy_buffer_to_buffer(source, 0, &target, 0, bytes);
        self.tally.readbacks += 1;
        (target, self.submit_encoder(encoder))
    }

    /// Keeps a readback's buffer for the next, and notes how long the host waited for it.
    pub(crate) fn keep_readback(&mut self, buffer: wgpu::Buffer, waited: Duration) {
        self.readback = Some(buffer);
        self.tally.waited += waited;
    }

    /// Ends the pass and returns its encoder, if anything is recorded.
    fn close(&mut self) -> Option<wgpu::CommandEncoder> {
        let Open { pass, encoder } = self.open.take()?;
        drop(pass);
        Some(encoder)
    }

    fn submit_encoder(&mut self, mut encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.ring.write(&self.queue);
        let timer = self.timer.as_mut().filter(|timer| timer.is_waiting());
        if let Some(timer) = &timer {
            timer.resolve(&mut encoder);
        }
        let index = self.queue.submit([encoder.finish()]);
        if let Some(timer) = timer {
            self.tally.waited += timer.read(|| wait::until_run(&self.device, index.clone()));
        }
        self.tally.submits += 1;
        (self.recorded, self.uploaded) = (0, 0);
        self.in_flight.push_back(index.clone());
        if self.in_flight.len() > MOST_IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.tally.waited += wait::until_run(&self.device, oldest);
        }
        wait::tidy(&self.device);
        index
    }
}

impl Ring {
    fn new(device: &wgpu::Device) -> Self {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: (BATCH * SLOT) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("parameters"),
            entries: &[wgpu::BindGroupLayoutEntry {
                binding: 0,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: None,
                },
                count: None,
            }],
        });
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("parameters"),
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size: wgpu::BufferSize::new(SLOT as u64),
                }),
            }],
        });
        Ring { buffer, layout, group, slots: Vec::with_capacity(BATCH * SLOT) }
    }

    /// Takes a slot for the parameters and returns its offset.
    fn push(&mut self, params: &[u32]) -> u32 {
        let bytes: &[u8] = bytemuck::cast_slice(params);
        assert!(bytes.len() <= SLOT, "a kernel has {} bytes of parameters", bytes.len());
        let offset = self.slots.len();
        self.slots.extend_from_slice(bytes);
        self.slots.resize(offset + SLOT, 0);
        offset as u32
    }

    /// Puts the slots where the commands look for them. Commands of earlier hand-overs have read
    /// theirs by the time that the queue comes to this write.
    fn write(&mut self, queue: &wgpu::Queue) {
        if !self.slots.is_empty() {
            queue.write_buffer(&self.buffer, 0, &self.slots);
            self.slots.clear();
        }
    }
}

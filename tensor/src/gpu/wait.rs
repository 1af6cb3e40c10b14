//! Where the host waits for the GPU, and what stands there in a browser, where it cannot.
//!
//! A page's code runs on one thread, and the GPU's answers reach it only after it has returned to
//! the browser: to wait for one would be to wait forever. So there is one way to an answer that
//! goes everywhere, a future, and here is who may wait for it.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Whether the host can wait; else only an `await` comes to an answer.
pub(crate) const CAN_WAIT: bool = !cfg!(target_arch = "wasm32");

/// What the future comes to, after a wait; in a browser `None`, unless it is there at once.
pub(crate) fn value_of<F: Future>(future: F) -> Option<F::Output> {
    if CAN_WAIT {
        return Some(pollster::block_on(future));
    }
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Calls `f`; what wgpu finds wrong with what `f` asks of the device, in the filter's sense, is an
/// error. A browser finds it later, and tells it in its console.
pub(crate) fn checked<T>(
    device: &wgpu::Device,
    filter: wgpu::ErrorFilter,
    f: impl FnOnce() -> T,
) -> Result<T, wgpu::Error> {
    if !CAN_WAIT {
        return Ok(f());
    }
    let scope = device.push_error_scope(filter);
    let value = f();
    match value_of(scope.pop()).flatten() {
        None => Ok(value),
        Some(error) => Err(error),
    }
}

/// Waits until a hand-over has run; returns for how long. A browser takes hand-overs as they come and keeps their order;
/// a caller that hands over much lets it catch up by awaiting a read now and then.
pub(crate) fn until_run(device: &wgpu::Device, submission: wgpu::SubmissionIndex) -> Duration {
    if !CAN_WAIT {
        return Duration::ZERO;
    }
    let start = Instant::now();
    poll(device, wgpu::PollType::Wait { submission_index: Some(submission), timeout: None });
    start.elapsed()
}

/// Lets wgpu give back what finished commands held; a browser does so by itself.
pub(crate) fn tidy(device: &wgpu::Device) {
    poll(device, wgpu::PollType::Poll);
}

fn poll(device: &wgpu::Device, how: wgpu::PollType) {
    if let Err(error) = device.poll(how) {
        panic!("the GPU stopped answering: {error}");
    }
}

/// What a request to map a buffer has come to, and who waits for it.
#[derive(Default)]
struct Answer {
    outcome: Option<Result<(), wgpu::BufferAsyncError>>,
    waiting: Option<Waker>,
}

/// Asks for the first `bytes` of a buffer that `submission` fills; the future ends when they are
/// mapped, and tells how long the host waited. Where it can wait, the future's first poll does.
pub(crate) fn mapped(
    device: &wgpu::Device,
    buffer: &wgpu::Buffer,
    bytes: u64,
    submission: wgpu::SubmissionIndex,
) -> impl Future<Output = Result<Duration, wgpu::BufferAsyncError>> + use<> {
    let answer = Arc::new(Mutex::new(Answer::default()));
    let told = answer.clone();
    buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |outcome| {
        let mut answer = told.lock().expect("nobody panics with an answer in hand");
        answer.outcome = Some(outcome);
        if let Some(waiting) = answer.waiting.take() {
            waiting.wake();
        }
    });
    let device = device.clone();
    std::future::poll_fn(move |context| {
        let waited = until_run(&device, submission.clone());
        let mut answer = answer.lock().expect("nobody panics with an answer in hand");
        match answer.outcome.take() {
            Some(outcome) => Poll::Ready(outcome.map(|()| waited)),
            None => {
                answer.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
}

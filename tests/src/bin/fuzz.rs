//! Readers of outside bytes under fire: `fuzz READER… [--seconds N | --inputs N] [--seed N]`.

#![allow(unsafe_code)] // Counting what is allocated means to stand in the allocator's place.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tests::fuzz::{Input, Inputs, READERS, Reader};

/// How often the watch looks up.
const TICK: Duration = Duration::from_millis(100);
/// Ticks that one input may take. They pass only while the program runs, so a pause of the whole
/// program is no hang.
const LONGEST: usize = 300;

/// Feeds spoilt files to the readers of outside bytes, and watches for panics, hangs (30 s an
/// input) and memory beyond each reader's bound.
#[derive(Parser)]
#[command(after_help = "Example: fuzz idx --seconds 600")]
struct Arguments {
    /// Readers; all, if none is named
    readers: Vec<String>,
    /// Seconds for each reader
    #[arg(long, default_value_t = 60, conflicts_with = "inputs")]
    seconds: usize,
    /// So many inputs for each reader, in place of a time
    #[arg(long)]
    inputs: Option<usize>,
    /// What all chance comes from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder for inputs that have done harm
    #[arg(long, default_value = "fuzz-found")]
    found: PathBuf,
}

/// The system's allocator, which counts.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that are held, and the most that were since `forget_peak`.
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// Ticks since the start; the input that is being read, and since which tick.
static TICKS: AtomicUsize = AtomicUsize::new(0);
static READING: Mutex<Option<(PathBuf, usize)>> = Mutex::new(None);

// SAFETY: every call is the system allocator's own, with the caller's arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What happened to one reader.
#[derive(Default)]
struct Tally {
    inputs: usize,
    valid: usize,
    /// The most bytes that an input took.
    most: usize,
    /// Inputs that did harm.
    harmful: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is told with its input, once.
    std::panic::set_hook(Box::new(|_| {}));
    let found = arguments.found.clone();
    thread::spawn(move || watch(&found));
    match run(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The number of harmful inputs.
fn run(arguments: &Arguments) -> Result<usize> {
    let named = |reader: &&Reader| arguments.readers.iter().any(|name| name == reader.name);
    let all = arguments.readers.is_empty();
    let chosen: Vec<&Reader> = READERS.iter().filter(|reader| all || named(reader)).collect();
    if !all && chosen.len() < arguments.readers.len() {
        let known: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
        bail!("unknown reader; there are {}", known.join(", "));
    }
    let mut harmful = 0;
    for reader in chosen {
        let start = TICKS.load(Relaxed);
        let tally = fuzz(reader, arguments).with_context(|| reader.name)?;
        let seconds = (TICKS.load(Relaxed) - start) as f64 * TICK.as_secs_f64();
        println!(
            "{:<12} {:>9} inputs in {seconds:>5.0} s, {:>8} of them valid, at most {:>8.2} MiB, \
             {} harmful",
            reader.name,
            tally.inputs,
            tally.valid,
            tally.most as f64 / f64::from(1 << 20),
            tally.harmful
        );
        harmful += tally.harmful;
    }
    Ok(harmful)
}

fn fuzz(reader: &'static Reader, arguments: &Arguments) -> Result<Tally> {
    let folder = tempfile::tempdir()?;
    let mut inputs = Inputs::new(reader, folder.path(), arguments.seed)?;
    for valid in inputs.valid() {
        if !inputs.read(valid) {
            bail!("{} is valid and was refused", valid.display());
        }
    }
    let start = TICKS.load(Relaxed);
    let ticks = arguments.seconds * 10;
    let mut tally = Tally::default();
    while match arguments.inputs {
        Some(count) => tally.inputs < count,
        None => TICKS.load(Relaxed) - start < ticks,
    } {
        let input = inputs.spoil()?;
        let (valid, taken) = read(&inputs, &input);
        tally.inputs += 1;
        tally.most = tally.most.max(taken);
        let [base, each] = reader.bound;
        let bound = base + each * input.length;
        let harm = match valid {
            Err(panic) => Some(panic),
            Ok(_) if taken > bound => Some(format!("took {taken} bytes; expected {bound} at most")),
            Ok(valid) => {
                tally.valid += usize::from(valid);
                None
            }
        };
        if let Some(harm) = harm {
            tally.harmful += 1;
            let kept = keep(&input.file, &arguments.found)?;
            println!("{}: input {}: {harm}: {}", reader.name, tally.inputs, kept.display());
        }
    }
    Ok(tally)
}

/// Whether the input is valid, or what it panicked with; and the most memory that it took.
fn read(inputs: &Inputs, input: &Input) -> (Result<bool, String>, usize) {
    let lock = || READING.lock().expect("nobody panics with it");
    *lock() = Some((input.file.clone(), TICKS.load(Relaxed)));
    let found = watched(|| inputs.read(&input.folder));
    *lock() = None;
    found
}

/// What a piece of work gives or panics with, and the most memory that it held.
fn watched(work: impl FnOnce() -> bool) -> (Result<bool, String>, usize) {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let given = catch_unwind(AssertUnwindSafe(work));
    let taken = PEAK.load(Relaxed).saturating_sub(before);
    let given = given.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or("without words"))
    });
    (given, taken)
}

/// Counts the ticks, and ends the program where one input takes too many.
fn watch(found: &Path) {
    loop {
        thread::sleep(TICK);
        let now = TICKS.fetch_add(1, Relaxed) + 1;
        let reading = READING.lock().expect("nobody panics with it").clone();
        if let Some((file, _)) = reading.filter(|(_, since)| now - since > LONGEST) {
            let kept = keep(&file, found).unwrap_or(file);
            println!("hangs: {}", kept.display());
            std::process::exit(1);
        }
    }
}

/// Copies a harmful input to where it stays.
fn keep(file: &Path, found: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(found)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kept = (0..)
        .map(|n| found.join(format!("{n}-{name}")))
        .find(|path| !path.exists())
        .expect("there is always one more number");
    std::fs::copy(file, &kept)?;
    Ok(kept)
}

#[cfg(test)]
mod tests_of_the_watch {
    use super::*;

    #[test]
    fn memory_and_panics_are_seen() {
        const LARGE: usize = 32 << 20;
        let hold = |bytes: usize| std::hint::black_box(vec![1u8; bytes]).len() == bytes;
        let (given, taken) = watched(|| hold(LARGE) && hold(16));
        assert!(given == Ok(true) && (LARGE..LARGE + LARGE / 2).contains(&taken), "{taken}");
        let (given, _) = watched(|| panic!("number {}", 7));
        assert_eq!(given, Err("panicked: number 7".into()));
    }
}

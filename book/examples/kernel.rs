//! The chapter on one kernel as a program: the product of two matrices in three steps on the
//! processor and in three on the GPU, timed in one run and checked against `f64`.
//!
//! `cargo run --release --example kernel -- [--size N] [--write]`

use std::array::from_fn;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tensor::{Device, Kernel, KernelError, Tensor};

/// The least runs of each version, and the least seconds that they go on for. The fastest run
/// counts, since whatever else the machine does only delays.
const RUNS: usize = 5;
const SECONDS: f64 = 0.5;

// ANCHOR: loops
/// `c[i, j] = Σ a[i, p] · b[p, j]`, as it is written.
fn three_loops(n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    for i in 0..n {
        for j in 0..n {
            let mut sum = 0.0;
            for p in 0..n {
                sum += a[i * n + p] * b[p * n + j];
            }
            c[i * n + j] = sum;
        }
    }
}
// ANCHOR_END: loops

// ANCHOR: rows
/// The same sums with the two inner loops exchanged.
fn rows(n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    for i in 0..n {
        let c_row = &mut c[i * n..][..n];
        c_row.fill(0.0);
        for p in 0..n {
            let a = a[i * n + p];
            let b_row = &b[p * n..][..n];
            for (c, b) in c_row.iter_mut().zip(b_row) {
                *c += a * b;
            }
        }
    }
}
// ANCHOR_END: rows

// ANCHOR: patches
/// A row and a column of a patch of `c`, which stays in registers.
type Row = [f32; 16];
type Column = [f32; 4];

fn patches(n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    let starts = || (0..n).step_by(16);
    // Fetch: b in strips, the rows of a strip next to each other.
    let b_row = |j, p| -> Row { from_fn(|s| at(b, n, p, j + s)) };
    let strip = |j| (0..n).map(move |p| b_row(j, p));
    let b_strips: Vec<Row> = starts().flat_map(strip).collect();
    for i in (0..n).step_by(4) {
        // Fetch: a strip of a, its columns next to each other.
        let a_column = |p| -> Column { from_fn(|r| at(a, n, i + r, p)) };
        let a_strip: Vec<Column> = (0..n).map(a_column).collect();
        for (j, b_strip) in starts().zip(b_strips.chunks(n)) {
            // Multiply: 4 + 16 elements make 64 products.
            let mut patch = [Row::default(); 4];
            for (a, b) in a_strip.iter().zip(b_strip) {
                for (c, &a) in patch.iter_mut().zip(a) {
                    *c = add_products(*c, a, b);
                }
            }
            let width = (n - j).min(16);
            for (r, row) in patch.iter().enumerate().take(n - i) {
                let c = &mut c[(i + r) * n + j..];
                c[..width].copy_from_slice(&row[..width]);
            }
        }
    }
}

/// `c + a b`, in such words that the compiler makes vectors of it.
fn add_products(c: Row, a: f32, b: &Row) -> Row {
    from_fn(|s| c[s] + a * b[s])
}
// ANCHOR_END: patches

/// `x[i, j]`, and zero beyond the edges.
fn at(x: &[f32], n: usize, i: usize, j: usize) -> f32 {
    if i < n && j < n { x[i * n + j] } else { 0.0 }
}

/// A version by its name, and what one run of it gives.
type Version<'a> = (&'static str, Box<dyn Fn() -> Tensor + 'a>);

/// What was measured of one version.
struct Measured {
    name: &'static str,
    gflops: f64,
    /// The largest error, as a share of the largest element.
    error: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (n, write) = options(env::args().skip(1))?;
    let (a, b) = (values(n, 1), values(n, 2));
    let reference = |x| Tensor::from_slice(&Device::reference(), [n, n], x);
    let exact = reference(&a).matmul(&reference(&b)).to_vec::<f64>();
    let gflop = 2.0 * (n as f64).powi(3) / 1e9;
    println!("c = a b with {n} rows and columns: {gflop:.3} billion operations");

    let mut devices = vec![(Device::cpu(), on_the_processor(n, &a, &b))];
    match Device::gpu() {
        Ok(gpu) => devices.push((gpu.clone(), on_the_gpu(&gpu, n, &a, &b)?)),
        Err(error) => println!("not on a GPU: {error}"),
    }
    let mut record = Map::from_iter([("size".to_string(), json!(n))]);
    for (device, versions) in devices {
        println!("\n{device}\n{:24} {:>9} {:>9} {:>9}", "", "GFLOP/s", "speed-up", "error");
        let measured: Vec<Measured> =
            versions.into_iter().map(|version| measure(version, &exact, gflop)).collect();
        for Measured { name, gflops, error } in &measured {
            let ratio = gflops / measured[0].gflops;
            println!("{name:24} {gflops:9.2} {ratio:8.1}× {error:9.0e}");
        }
        record.insert(device.name().to_string(), entry(&device, &measured));
    }
    if write {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/matmul.json");
        fs::write(file, format!("{:#}\n", Value::Object(record)))?;
    }
    Ok(())
}

fn on_the_processor<'a>(n: usize, a: &'a [f32], b: &'a [f32]) -> Vec<Version<'a>> {
    let plain = |name, f: fn(usize, &[f32], &[f32], &mut [f32])| -> Version<'a> {
        let run = move || {
            let mut c = vec![0.0; n * n];
            f(n, a, b, &mut c);
            Tensor::from_slice(&Device::cpu(), [n, n], &c)
        };
        (name, Box::new(run))
    };
    let [x, y] = [a, b].map(|values| Tensor::from_slice(&Device::cpu(), [n, n], values));
    vec![
        plain("three loops", three_loops),
        plain("rows", rows),
        plain("patches", patches),
        ("Tensor::matmul", Box::new(move || x.matmul(&y))),
    ]
}

// ANCHOR: gpu
/// The chapter's two kernels and the crate's own.
fn on_the_gpu(
    gpu: &Device,
    n: usize,
    a: &[f32],
    b: &[f32],
) -> Result<Vec<Version<'static>>, KernelError> {
    let [a, b] = [a, b].map(|values| Tensor::from_slice(gpu, [n, n], values));
    let groups = n.div_ceil(16) as u32;
    let custom = |name, wgsl: &str| -> Result<Version<'static>, KernelError> {
        let (gpu, kernel, a, b) = (gpu.clone(), Kernel::new(name, wgsl), a.clone(), b.clone());
        let run = move || kernel.run(&gpu, &[&a, &b], [n, n], &[n as u32], [groups, groups]);
        run()?; // Compiles it, and finds what is wrong with it.
        Ok((name, Box::new(move || run().expect("it has run before"))))
    };
    Ok(vec![
        custom("one element each", include_str!("../kernels/matmul_naive.wgsl"))?,
        custom("tiles", include_str!("../kernels/matmul_tiled.wgsl"))?,
        ("Tensor::matmul", Box::new(move || a.matmul(&b))),
    ])
}
// ANCHOR_END: gpu

fn measure((name, run): Version<'_>, exact: &[f64], gflop: f64) -> Measured {
    let c = run().to_vec::<f64>();
    let largest = exact.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let errors = c.iter().zip(exact).map(|(c, exact)| (c - exact).abs());
    let error = errors.fold(0.0, f64::max) / largest;
    let seconds = || {
        let start = Instant::now();
        // One element is enough to wait for.
        run().slice(0, 0, 1).slice(1, 0, 1).item();
        start.elapsed().as_secs_f64()
    };
    let (mut runs, mut total, mut fastest) = (0, 0.0, f64::INFINITY);
    while runs < RUNS || total < SECONDS {
        let seconds = seconds();
        (runs, total, fastest) = (runs + 1, total + seconds, fastest.min(seconds));
    }
    Measured { name, gflops: gflop / fastest, error }
}

/// A machine's measurements for the chapter, which quotes them by the versions' names.
fn entry(device: &Device, measured: &[Measured]) -> Value {
    let mut entry = Map::from_iter([("device".to_string(), json!(device.to_string()))]);
    for Measured { name, gflops, error } in measured {
        let speed_up = gflops / measured[0].gflops;
        let value = json!({"gflops": gflops, "speed_up": speed_up, "error": error});
        let key = name.trim_start_matches("Tensor::").replace(' ', "_");
        entry.insert(key, value);
    }
    Value::Object(entry)
}

/// Numbers in −½ … ½ without a pattern that sums could profit from.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n * n).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// The size, and whether the numbers go into the chapter.
fn options(mut arguments: impl Iterator<Item = String>) -> Result<(usize, bool), String> {
    let (mut size, mut write) = (512, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => write = true,
            "--size" => {
                let value = arguments.next().unwrap_or_default();
                let number = value.parse().ok().filter(|&n| n > 0);
                size = number.ok_or(format!("--size `{value}`: expected a number such as 512"))?;
            }
            other => {
                return Err(format!("unknown argument `{other}`: expected --size N or --write"));
            }
        }
    }
    Ok((size, write))
}

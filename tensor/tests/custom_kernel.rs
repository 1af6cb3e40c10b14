//! Kernels of a user's own: they run, they are checked, and their faults are errors that leave
//! the runtime whole.
//!
//! Without an adapter the tests say so and pass; with `REQUIRE_GPU=1` they fail.

use tensor::{Device, Kernel, KernelError, Tensor};

fn gpu() -> Option<Device> {
    match Device::gpu() {
        Ok(device) => Some(device),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") => {
            panic!("REQUIRE_GPU=1: {error}")
        }
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

const BINDINGS: &str = "\
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
";

/// A kernel of one input whose invocations each run `body`, which knows `i`.
fn kernel(declarations: &str, body: &str) -> Kernel {
    let main =
        "@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3<u32>)";
    let wgsl = format!("{BINDINGS}{declarations}\n{main} {{\nlet i = id.x;\n{body}\n}}\n");
    Kernel::new("mine", wgsl)
}

/// The message of a kernel that is refused; afterwards the GPU still works.
#[track_caller]
fn refusal(gpu: &Device, kernel: &Kernel, params: &[u32], workgroups: [u32; 2]) -> String {
    let x = Tensor::ones(gpu, [5]);
    let pending = x.affine(2.0, 1.0);
    let error = kernel.run(gpu, &[&x], [5], params, workgroups).unwrap_err();
    assert!(matches!(error, KernelError::Refused { .. }), "{error}");
    assert_eq!(pending.to_vec::<f32>(), [3.0; 5]);
    error.to_string()
}

#[test]
fn a_kernel_runs_with_parameters_and_among_other_operations() {
    let Some(gpu) = gpu() else { return };
    let scale = kernel(
        "struct Params { count: u32, factor: f32 }",
        "if i < params.count { y[i] = params.factor * x[i]; }",
    );
    for n in [0usize, 1, 63, 64, 65, 300] {
        let host: Vec<f32> = (0..n).map(|i| i as f32).collect();
        let x = Tensor::from_slice(&gpu, [n], &host).affine(1.0, 1.0);
        let (params, groups) = ([n as u32, 0.5f32.to_bits()], [n.div_ceil(64) as u32, 1]);
        let y = scale.run(&gpu, &[&x], [n], &params, groups).unwrap().affine(1.0, -1.0);
        let expected: Vec<f32> = host.iter().map(|x| 0.5 * (x + 1.0) - 1.0).collect();
        assert_eq!(y.to_vec::<f32>(), expected);
    }
}

#[test]
fn what_is_not_written_is_zero_and_an_index_outside_stays_inside() {
    let Some(gpu) = gpu() else { return };
    let first = kernel("", "if i == 0u { y[i] = x[1000000u + i] * 0.0 + 7.0; }");
    // Buffers that held something before come back.
    drop((0..8).map(|_| Tensor::full(&gpu, [100], 5.0)).collect::<Vec<_>>());
    let x = Tensor::ones(&gpu, [5]);
    let y = first.run(&gpu, &[&x], [100], &[], [1, 1]).unwrap().to_vec::<f32>();
    assert_eq!(y[0], 7.0);
    assert!(y[1..].iter().all(|&y| y == 0.0), "{y:?}");

    let outside = kernel("", "y[1u << 28u] = 9.0;");
    let (before, after) = (Tensor::ones(&gpu, [100]), Tensor::ones(&gpu, [100]));
    outside.run(&gpu, &[&x], [100], &[], [1, 1]).unwrap();
    assert_eq!([before, after].map(|t| t.sum_all().item()), [100.0; 2]);
}

#[test]
fn a_source_that_does_not_compile_is_named_with_its_line() {
    let Some(gpu) = gpu() else { return };
    let message = refusal(&gpu, &kernel("", "y[i] = z;"), &[], [1, 1]);
    assert!(message.starts_with("kernel `mine`: "), "{message}");
    assert!(message.contains("no definition in scope for identifier: `z`"), "{message}");
    // Two lines of bindings, an empty one, the attribute, the head, `let i`, and then this.
    assert!(message.contains("wgsl:7:8"), "{message}");
    let message = refusal(&gpu, &kernel("", "y[i] = params.a;"), &[], [1, 1]);
    assert!(message.contains("`params`"), "{message}");
    let message = refusal(&gpu, &Kernel::new("mine", BINDINGS), &[], [1, 1]);
    assert!(message.contains("main"), "{message}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(gpu) = gpu() else { return };
    let fine = kernel("", "y[i] = x[0];");
    let message = refusal(&gpu, &fine, &[], [65_536, 1]);
    assert!(message.contains("65536"), "{message}");
    // A third buffer that nobody binds.
    let more = "@group(0) @binding(2) var<storage, read> z: array<f32>;";
    let message = refusal(&gpu, &kernel(more, "y[i] = z[0];"), &[], [1, 1]);
    assert!(message.contains("binding"), "{message}");
    // Larger than the tensor: found when the commands are put together.
    let large = BINDINGS.replacen("array<f32>", "array<f32, 1000>", 1)
        + "@compute @workgroup_size(1) fn main() { y[0] = x[999]; }";
    let message = refusal(&gpu, &Kernel::new("mine", large), &[], [1, 1]);
    assert!(message.contains("4000"), "{message}");
    // More parameters than are given.
    let many = kernel("struct Params { a: array<vec4<u32>, 20> }", "y[i] = f32(params.a[19].x);");
    refusal(&gpu, &many, &[1], [1, 1]);
    let message = refusal(&gpu, &fine, &[0; 65], [1, 1]);
    assert_eq!(message, "kernel `mine`: 65 parameters, of which at most 64 fit");
}

#[test]
fn on_a_processor_the_error_says_so() {
    let cpu = Device::cpu();
    let x = Tensor::ones(&cpu, [5]);
    let error = kernel("", "y[i] = x[i];").run(&cpu, &[&x], [5], &[], [1, 1]).unwrap_err();
    assert!(matches!(error, KernelError::NotOnGpu { .. }));
    let expected = format!("kernel `mine`: runs on a GPU, found {cpu}");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_input_from_elsewhere_panics_as_it_does_for_an_operation() {
    let Some(gpu) = gpu() else { return };
    let x = Tensor::ones(&Device::cpu(), [5]);
    let copy = kernel("", "y[i] = x[i];");
    let stray = std::panic::catch_unwind(|| copy.run(&gpu, &[&x], [5], &[], [1, 1]));
    let message = *stray.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "mine: [5]: an input is on the cpu");
}

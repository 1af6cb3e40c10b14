//! `stopgrad devices`.

use clap::Args;
use serde_json::json;
use tensor::{AdapterReport, Device, adapters};

/// List the devices, and which one `auto` takes.
#[derive(Args)]
#[command(after_help = "Example:
  stopgrad devices")]
pub(crate) struct Devices {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

impl Devices {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let (best, found) = (Device::best(), adapters());
        let why = match best.name() {
            "gpu" => "a hardware adapter is there",
            _ if found.is_empty() => "there is no GPU adapter",
            _ => "no adapter that opens is hardware, and a processor does its own work faster",
        };
        if self.json {
            let list = json!({
                "auto": best.name(),
                "why": why,
                "cpu": Device::cpu().to_string(),
                "reference": Device::reference().to_string(),
                "gpu": Device::gpu().ok().map(|gpu| gpu.to_string()),
                "adapters": found.iter().map(as_json).collect::<Vec<_>>(),
            });
            println!("{list}");
            return Ok(());
        }
        println!("{}\n{}", Device::cpu(), Device::reference());
        match Device::gpu() {
            Ok(gpu) => println!("{gpu}"),
            Err(error) => println!("gpu: {error}"),
        }
        found.iter().for_each(print);
        println!("\nauto takes {}: {why}", best.name());
        Ok(())
    }
}

fn print(adapter: &AdapterReport) {
    const MIB: u64 = 1 << 20;
    let AdapterReport { name, backend, driver, kind, .. } = adapter;
    println!("\nadapter {name} ({backend}, {kind}; {driver})");
    println!("  largest tensor       {} MiB", adapter.max_tensor_bytes / MIB);
    println!(
        "  workgroup            {} invocations, {} KiB shared",
        adapter.workgroup_invocations,
        adapter.workgroup_bytes / 1024
    );
    println!("  storage buffers      {} a kernel", adapter.storage_buffers);
    println!("  features             {}", adapter.features.join(", "));
}

fn as_json(adapter: &AdapterReport) -> serde_json::Value {
    json!({
        "name": adapter.name,
        "backend": adapter.backend,
        "driver": adapter.driver,
        "kind": adapter.kind.to_string(),
        "hardware": adapter.is_hardware(),
        "max_tensor_bytes": adapter.max_tensor_bytes,
        "workgroup_bytes": adapter.workgroup_bytes,
        "workgroup_invocations": adapter.workgroup_invocations,
        "storage_buffers": adapter.storage_buffers,
        "immediate_bytes": adapter.immediate_bytes,
        "subgroup_size": [adapter.subgroup_size.0, adapter.subgroup_size.1],
        "features": adapter.features,
    })
}

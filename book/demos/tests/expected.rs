//! What the demonstrations compute outside a browser, for `tests/browser/demos.mjs` to hold
//! against what they compute inside one.
//!
//! `UPDATE_DEMOS=1` writes the results into the file; requests are added there by hand.

use std::env;
use std::fs;

use demos::Demonstration;
use pollster::block_on;
use serde_json::Value;
use tensor::Device;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/browser/expected.json");

/// Processors differ in how they round a fused product.
const TOLERANCE: f64 = 2e-5;

/// Pictures are long, and of two neighbours equally near either may stand first.
const UNCOMPARED: [&str; 3] = ["images", "views", "neighbours"];

#[test]
fn the_file_holds_what_the_demonstrations_compute() {
    let text = fs::read_to_string(FILE).expect("the file is there");
    let mut requests: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
    let update = env::var_os("UPDATE_DEMOS").is_some();
    for request in &mut requests {
        let title = request["title"].as_str().expect("a title").to_string();
        let name = request["name"].as_str().expect("a name");
        let steps = request["steps"].as_u64().expect("a number of steps") as usize;
        let device = Device::cpu();
        let demo = Demonstration::open(name, &device, &request["switches"].to_string());
        let look = block_on(demo.expect("it opens").advance(steps)).expect("it goes on");
        let mut look: Value = serde_json::from_str(&look).expect("a look is JSON");
        let names = look.as_object_mut().expect("a look has names");
        names.retain(|name, _| !UNCOMPARED.contains(&name.as_str()));
        if update {
            request["look"] = look;
        } else {
            close(&look, &request["look"], &title);
        }
    }
    if update {
        let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        fs::write(FILE, text).expect("the file can be written");
    }
}

fn close(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("finite"), b.as_f64().expect("finite"));
            assert!((a - b).abs() <= TOLERANCE * b.abs().max(1.0), "{path}: {a}, not {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}");
            (a.iter().zip(b).enumerate())
                .for_each(|(i, (a, b))| close(a, b, &format!("{path}/{i}")));
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{path}");
            a.iter().for_each(|(key, a)| close(a, &b[key], &format!("{path}/{key}")));
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

//! The exercises of the book: what each file in `exercises` holds is broken, and can be mended.
//!
//! A reader mends `exercises/NAME.rs` and runs
//! `cargo test --package stopgrad-book --test exercises -- --ignored NAME`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::{fs, io};

use autodiff::Var;
use tensor::{Device, Shape, Tensor};

/// What a reader is given.
#[expect(unreachable_pub, reason = "an exercise reads like a part of a library")]
#[path = "../exercises"]
mod given {
    pub mod aspect;
    pub mod centre;
    pub mod cross_correlation;
    pub mod differences;
    pub mod gaussian;
    pub mod hidden_patches;
    pub mod hinge;
    pub mod other_view;
    pub mod own_negative;
    pub mod queue;
    pub mod running_statistics;
    pub mod scale;
    pub mod shortcut;
    pub mod sinkhorn;
    pub mod slow_teacher;
    pub mod stop_gradient;
    pub mod straight_through;
    pub mod sums;
    pub mod tiles;
    pub mod two_limits;
    pub mod used_twice;
}

/// One way to mend each.
#[expect(unreachable_pub, reason = "an exercise reads like a part of a library")]
#[path = "../exercises/solutions"]
mod solved {
    pub mod aspect;
    pub mod centre;
    pub mod cross_correlation;
    pub mod differences;
    pub mod gaussian;
    pub mod hidden_patches;
    pub mod hinge;
    pub mod other_view;
    pub mod own_negative;
    pub mod queue;
    pub mod running_statistics;
    pub mod scale;
    pub mod shortcut;
    pub mod sinkhorn;
    pub mod slow_teacher;
    pub mod stop_gradient;
    pub mod straight_through;
    pub mod sums;
    pub mod tiles;
    pub mod two_limits;
    pub mod used_twice;
}

/// A tensor in double precision.
fn tensor(shape: impl Into<Shape>, values: &[f64]) -> Tensor {
    Tensor::from_slice(&Device::reference(), shape, values)
}

/// The same, with a gradient.
fn leaf(shape: impl Into<Shape>, values: &[f64]) -> Var {
    Var::leaf(tensor(shape, values))
}

/// The values are these, up to rounding.
#[track_caller]
fn close(found: &Tensor, expected: &[f64]) {
    let found = found.to_vec::<f64>();
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
    let all = found.len() == expected.len() && found.iter().zip(expected).all(near);
    assert!(all, "found    {found:.4?}\nexpected {expected:.4?}");
}

/// For each exercise the reader's test, and a test that it can be solved and has not been.
macro_rules! exercises {
    ($($name:ident: $function:ident,)*) => {
        $(
            #[test]
            #[ignore = "an exercise, for the reader to solve"]
            fn $name() {
                given::$name::check(given::$name::$function);
            }
        )*

        mod solvable {
            use super::*;

            $(
                #[test]
                fn $name() {
                    given::$name::check(solved::$name::$function);
                    let unsolved = || given::$name::check(given::$name::$function);
                    let outcome = catch_unwind(AssertUnwindSafe(unsolved));
                    assert!(
                        outcome.is_err(),
                        "exercises/{}.rs holds nothing to mend: has it been solved?",
                        stringify!($name)
                    );
                }
            )*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

// In the order of the chapters.
exercises! {
    sums: sum,
    tiles: matmul,
    used_twice: backward,
    differences: derivative,
    two_limits: seconds,
    straight_through: step,
    running_statistics: evaluate,
    shortcut: block,
    scale: attention,
    aspect: aspect,
    own_negative: loss,
    queue: step,
    sinkhorn: shares,
    slow_teacher: follow,
    stop_gradient: distance,
    cross_correlation: cross_correlation,
    hinge: spread,
    other_view: loss,
    centre: target,
    hidden_patches: loss,
    gaussian: distance,
}

/// Every file of an exercise is tested, has a solution, and is listed in the appendix.
#[test]
fn none_is_forgotten() -> io::Result<()> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: BTreeSet<String> = NAMES.iter().map(|name| name.to_string()).collect();
    for folder in ["exercises", "exercises/solutions"] {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(book.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
            }
        }
        assert_eq!(found, named, "{folder}");
    }
    let appendix = fs::read_to_string(book.join("src/exercises.md"))?;
    let missing = named.iter().filter(|name| !appendix.contains(&format!("`{name}`")));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "src/exercises.md");
    Ok(())
}

//! What the tests of the whole share: the table of operations, the golden cases, and the devices
//! that a test runs on.

pub mod array;
pub mod checks;
pub mod devices;
pub mod fuzz;
pub mod golden;
pub mod operations;
pub mod panics;
pub mod small;

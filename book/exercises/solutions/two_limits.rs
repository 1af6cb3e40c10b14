//! The slower of the two limits; the other is over by then.

pub fn seconds(operations: f64, bytes: f64, per_second: [f64; 2]) -> f64 {
    f64::max(operations / per_second[0], bytes / per_second[1])
}

//! The memory of this process, as Linux tells it; elsewhere it is not known.

/// The most bytes that the process has held in RAM since [`forget_peak`].
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Begins to watch anew (`man 5 proc`, `clear_refs`). Where that is not allowed, the peak stays
/// that of the whole process.
pub(crate) fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

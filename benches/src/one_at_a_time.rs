//! Keeps consecutive calls from overlapping inside the processor.

/// Waits until all that came before has been carried out.
///
/// A program looks one key up and goes on to something else, whereas a loop of lookups runs
/// several at once, out of order, and shows their throughput. Costs each call 5 ns.
#[inline]
pub(crate) fn one_at_a_time() {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "the intrinsic has no safe form")]
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe {
        std::arch::x86_64::_mm_lfence();
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

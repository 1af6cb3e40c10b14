//! Sixteen `f32` side by side.
//!
//! Where the program is built for AVX-512 they are one register, by the processor's own
//! instructions: left to itself the compiler takes half registers there, for half the speed.
//! Elsewhere they are an array, of which it makes what the processor has.

#![allow(unsafe_code)] // Loads and stores take raw pointers, made from arrays of the right length.

/// How many.
pub(crate) const LANES: usize = 16;

#[cfg(target_feature = "avx512f")]
mod register {
    use std::arch::x86_64::{
        __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::LANES;

    /// See the module.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes(__m512);

    impl Lanes {
        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Self {
            // SAFETY: the module exists only where the whole program may use AVX-512.
            unsafe { Lanes(_mm512_set1_ps(x)) }
        }

        #[inline(always)]
        pub(crate) fn load(values: &[f32; LANES]) -> Self {
            // SAFETY: as above, and the array is as long as the register.
            unsafe { Lanes(_mm512_loadu_ps(values.as_ptr())) }
        }

        #[inline(always)]
        pub(crate) fn store(self, values: &mut [f32; LANES]) {
            // SAFETY: as for `load`.
            unsafe { _mm512_storeu_ps(values.as_mut_ptr(), self.0) }
        }

        /// `self · x + y`, rounded once.
        #[inline(always)]
        pub(crate) fn mul_add(self, x: Self, y: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Lanes(_mm512_fmadd_ps(self.0, x.0, y.0)) }
        }
    }
}

#[cfg(not(target_feature = "avx512f"))]
mod register {
    use super::LANES;
    use crate::cpu::functions;

    /// See the module.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes([f32; LANES]);

    impl Lanes {
        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Self {
            Lanes([x; LANES])
        }

        #[inline(always)]
        pub(crate) fn load(values: &[f32; LANES]) -> Self {
            Lanes(*values)
        }

        #[inline(always)]
        pub(crate) fn store(self, values: &mut [f32; LANES]) {
            *values = self.0;
        }

        /// `self · x + y`, rounded once where the processor can.
        #[inline(always)]
        pub(crate) fn mul_add(self, x: Self, mut y: Self) -> Self {
            for i in 0..LANES {
                y.0[i] = functions::mul_add(self.0[i], x.0[i], y.0[i]);
            }
            y
        }
    }
}

pub(crate) use register::Lanes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_computes_for_itself() {
        let counted: [f32; LANES] = std::array::from_fn(|i| i as f32);
        let mut found = [0.0; LANES];
        Lanes::load(&counted).mul_add(Lanes::splat(2.0), Lanes::splat(1.0)).store(&mut found);
        assert_eq!(found, counted.map(|x| 2.0 * x + 1.0));
    }
}

//! The tile of processors that multiply matrices of bfloat16 (Intel's AMX), for numbers that are the sum of two.
//!
//! A number x is h + l, h the bfloat16 nearest to x and l the one nearest to x - h: seventeen bits of it. A product is
//! h h' + h l' + l h', summed in single precision, as in PyTorch's matmul precision "high" and in JAX's `Precision.HIGH`; what is left out is
//! below 2^-17 of each term. All that is unsafe about it is in this file.
#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Rows, and columns, of a tile, and pairs of terms.
pub(super) const SIDE: usize = 16;
/// Terms of a tile: channels of a block.
pub(super) const CHANNELS: usize = 2 * SIDE;

/// The channels of a block in one pixel: a line of h, then one of l. In each word are channel c in the lower half and channel c + 16.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(super) struct Pixel(pub(super) [[u32; SIDE]; 2]);

impl Pixel {
    pub(super) const ZERO: Pixel = Pixel([[0; SIDE]; 2]);
}

/// Weights of the channels of a block for sixteen columns, h or l of them: lines of channel c and channel c + 16.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(super) struct Tile(pub(super) [[u32; SIDE]; SIDE]);

/// The tiles of a step: h of columns 0 to 15 and of 16 to 31, and the same of l unless all l are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// Of weights that are bfloat16 themselves.
    High = 2,
    /// Of others.
    Both = 4,
}

/// Two tiles of sixteen pixels times thirty-two columns.
#[repr(C, align(64))]
pub(super) struct Sums(pub(super) [[[f32; CHANNELS]; SIDE]; 2]);

/// The pixels that a sum runs over, from where a tile begins: one of each block of channels and tap of the kernel.
pub(super) struct Steps {
    /// In bytes.
    offsets: Vec<usize>,
    /// The largest, in pixels.
    furthest: usize,
}

impl Steps {
    pub(super) fn new(offsets: impl Iterator<Item = usize>) -> Self {
        let offsets: Vec<usize> = offsets.collect();
        let furthest = offsets.iter().copied().max().unwrap_or(0);
        Steps { offsets: offsets.iter().map(|at| at * size_of::<Pixel>()).collect(), furthest }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }
}

/// That this processor has such tiles, and that this system lets the process use them.
#[derive(Clone, Copy)]
pub(in super::super) struct Allowed(());

impl Allowed {
    /// Asked for once.
    pub(in super::super) fn ask() -> Option<Self> {
        static ALLOWED: OnceLock<bool> = OnceLock::new();
        ALLOWED.get_or_init(|| has_tiles() && may_use_tiles()).then_some(Allowed(()))
    }
}

/// What CPUID says of AMX-TILE and AMX-BF16.
fn has_tiles() -> bool {
    let leaf = 7;
    let features = if __cpuid_count(0, 0).eax < leaf { 0 } else { __cpuid_count(leaf, 0).edx };
    features & (1 << 24) != 0 && features & (1 << 22) != 0
}

/// Linux hands out the registers, 8 KiB a thread, to processes that ask: `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`.
fn may_use_tiles() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: the call reads its two numbers alone.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// The shapes of eight tiles of sixteen lines of 64 bytes, as `ldtilecfg` reads them.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes_of_lines: [u16; 16],
    lines: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start: 0,
    reserved: [0; 14],
    bytes_of_lines: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    lines: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Sums over steps; what is given for each step leaves h of the pixels in tiles 4 and 5, h' of the weights in 6 and 7.
macro_rules! sum_steps {
    ([$a0:ident, $a1:ident, $stride:ident, $steps:ident, $right:ident, $sums:ident], $($each:literal),*) => {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "mov {p}, [{offsets}]",
            "lea {q}, [{a1} + {p}]",
            "add {p}, {a0}",
            $($each,)*
            // h h'
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            // l h'
            "tileloadd tmm4, [{p} + {stride} + 64]",
            "tileloadd tmm5, [{q} + {stride} + 64]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {offsets}, 8",
            "dec {count}",
            "jnz 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 64], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 2112], tmm3",
            p = out(reg) _,
            q = out(reg) _,
            a0 = in(reg) $a0,
            a1 = in(reg) $a1,
            stride = in(reg) $stride * size_of::<Pixel>(),
            b = inout(reg) $right.as_ptr() => _,
            line = in(reg) 64_usize,
            offsets = inout(reg) $steps.offsets.as_ptr() => _,
            count = inout(reg) $steps.len() => _,
            sums = in(reg) $sums,
            row = in(reg) 128_usize,
            options(nostack),
        )
    };
}

/// The tile registers of this thread, in our shapes for as long as this lives. Nothing that may run another task belongs into that time.
pub(super) struct Tiles(PhantomData<*const ()>);

impl Tiles {
    pub(super) fn take(_: Allowed) -> Self {
        // SAFETY: the processor has tiles and the process may use them; the shapes are those of palette 1.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &SHAPES, options(nostack, preserves_flags)) };
        Tiles(PhantomData)
    }

    /// The sums of two tiles of pixels, which begin at `starts` and have their rows `stride` pixels apart, over some steps; `right` has
    /// the weights of each.
    ///
    /// # Panics
    /// Where a step leads out of `left`, or `right` is of another length.
    pub(super) fn multiply(
        &self,
        left: &[Pixel],
        starts: [usize; 2],
        stride: usize,
        steps: &Steps,
        (weights, right): (Weights, &[Tile]),
        sums: &mut Sums,
    ) {
        let last = starts[0].max(starts[1]) + steps.furthest + (SIDE - 1) * stride;
        assert!(last < left.len() && right.len() == weights as usize * steps.len() && !right.is_empty());
        let [a0, a1] = starts.map(|start| left[start..].as_ptr());
        // SAFETY: a step reads sixteen pixels, 128 bytes each, of two tiles that end inside of `left`, and two or four tiles of 1 KiB of
        // `right`, of which there are as many for each step; `sums` are two tiles of sixteen lines of 128 bytes. The registers are this
        // thread's, in the shapes above.
        unsafe {
            match weights {
                Weights::High => sum_steps!(
                    [a0, a1, stride, steps, right, sums],
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm4, [{p} + {stride}]",
                    "tileloadd tmm7, [{b} + {line} + 1024]",
                    "tileloadd tmm5, [{q} + {stride}]",
                    "add {b}, 2048"
                ),
                Weights::Both => sum_steps!(
                    [a0, a1, stride, steps, right, sums],
                    // h l'
                    "tileloadd tmm6, [{b} + {line} + 2048]",
                    "tileloadd tmm4, [{p} + {stride}]",
                    "tileloadd tmm7, [{b} + {line} + 3072]",
                    "tileloadd tmm5, [{q} + {stride}]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm7, [{b} + {line} + 1024]",
                    "add {b}, 4096"
                ),
            }
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the registers are this thread's; from here on they need not be kept when the thread is put aside.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) };
    }
}

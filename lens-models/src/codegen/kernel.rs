//! Kernel: the CUDA C source of a field and of its gradient, and what is passed to it.

use std::fmt::Write;

use super::constants::{Slot, listed};
use super::graph::{Function, function};
use super::symbol::Symbol;
use super::text::body;
use crate::number::{Complex, complex};
use crate::pointwise::{Partials, Pointwise, numbers};

/// The CUDA C of a profile: two kernels, `NAME_value` and `NAME_vjp`.
///
/// Arrays have lanes first, as on the tape: positions and their gradients `[lanes, 2, n]`, the field and what comes down to
/// it `[lanes, outputs, n]`, constants `[lanes, c_stride]`. `blockIdx.y` is the lane; `xy_stride` is 0 where all lanes share
/// the positions. `NAME_vjp` leaves the parameters' gradient of each block in `partial`, `[lanes, gridDim.x, params]`, to be
/// summed in order: equal input gives equal bits. `dxy` may be null.
#[derive(Clone)]
pub struct Kernel {
    /// The name of the profile, and the beginning of those of its kernels.
    pub name: &'static str,
    /// The source, which needs no header.
    pub source: String,
    /// Of it, the device functions `NAME_at` and `NAME_gradient_at`, without the kernels.
    pub functions: String,
    /// How many numbers its parameters are.
    pub params: usize,
    /// How many numbers the field has at each point.
    pub outputs: usize,
    constants: fn(&[f64]) -> Vec<f64>,
}

impl Kernel {
    /// That of a profile which is no formula, from its device functions `NAME_at` and `NAME_gradient_at`; numbers of parameters and outputs.
    pub(crate) fn by_hand(
        name: &'static str,
        functions: String,
        [params, outputs]: [usize; 2],
        constants: fn(&[f64]) -> Vec<f64>,
    ) -> Self {
        let source = format!("{functions}{}", launched(name, params, outputs));
        Kernel { name, source, functions, params, outputs, constants }
    }

    /// What the kernels take as `c` for these parameters. Its length may depend on them: lanes are padded to the longest.
    pub fn constants(&self, params: &[f64]) -> Vec<f64> {
        (self.constants)(params)
    }
}

/// The kernels of a field, as recorded from its formula.
pub fn kernel<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(name: &'static str) -> Kernel {
    // No operation depends on the parameters, so that any will do.
    let (prepared, _) = listed(|| P::prepare::<Slot>(&[0.5; N]));
    let p = || complex(Symbol::input(0), Symbol::input(1));
    let value = function(|| P::value::<Symbol>(&prepared, p()).map(|s| s.0).to_vec());
    let gradient = function(|| {
        let g = std::array::from_fn(|i| Symbol::input(2 + i));
        let Partials { params, position: Complex { re, im } } = P::gradient::<Symbol>(&prepared, p(), g);
        params.into_iter().chain([re, im]).map(|s| s.0).collect()
    });
    let constants = |params: &[f64]| listed(|| P::prepare::<Slot>(&numbers(params))).1;
    let functions = functions(name, N, OUT, &value, &gradient);
    let source = format!("{functions}{}", launched(name, N, OUT));
    Kernel { name, source, functions, params: N, outputs: OUT, constants }
}

fn functions(name: &str, params: usize, outputs: usize, value: &Function, gradient: &Function) -> String {
    let mut out = format!("// {name}: written by lens_models::codegen from the formula of the profile.\n\n");
    let mut inputs = vec!["x".to_owned(), "y".to_owned()];
    let at_point = body(value, &inputs);
    let _ = writeln!(
        out,
        "__device__ static inline void {name}_at(const float* __restrict__ c, float x, float y, float* out) {{"
    );
    out += &at_point.lines;
    for (i, result) in at_point.results.iter().enumerate() {
        let _ = writeln!(out, "    out[{i}] = {result};");
    }
    out += "}\n\n";

    inputs.extend((0..outputs).map(|i| format!("g{i}")));
    let at_point = body(gradient, &inputs);
    let arguments: String = inputs[2..].iter().map(|g| format!("float {g}, ")).collect();
    let _ = writeln!(
        out,
        "__device__ static inline void {name}_gradient_at(const float* __restrict__ c, float x, float y, {arguments}float* sums, float* d) {{"
    );
    out += &at_point.lines;
    let (of_params, of_position) = at_point.results.split_at(params);
    for (i, result) in of_params.iter().enumerate() {
        let _ = writeln!(out, "    sums[{i}] += {result};");
    }
    for (i, result) in of_position.iter().enumerate() {
        let _ = writeln!(out, "    d[{i}] = {result};");
    }
    out += "}\n\n";

    out
}

fn launched(name: &str, params: usize, outputs: usize) -> String {
    let pass: String = (0..outputs).map(|i| format!("g[{i} * n + i], ")).collect();
    LAUNCHED
        .replace("NAME", name)
        .replace("OUTPUTS", &outputs.to_string())
        .replace("PARAMS", &params.to_string())
        .replace("PASS_G, ", &pass)
}

/// The kernels that are launched, the same for all profiles: a thread takes every `gridDim.x * blockDim.x`-th point.
const LAUNCHED: &str = r#"extern "C" __global__ void NAME_value(
    int n, const float* __restrict__ c, int c_stride, const float* __restrict__ xy, int xy_stride, float* __restrict__ out) {
    c += blockIdx.y * c_stride;
    xy += blockIdx.y * xy_stride;
    out += blockIdx.y * (OUTPUTS * n);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        float field[OUTPUTS];
        NAME_at(c, xy[i], xy[n + i], field);
        #pragma unroll
        for (int k = 0; k < OUTPUTS; ++k) out[k * n + i] = field[k];
    }
}

extern "C" __global__ void NAME_vjp(
    int n, const float* __restrict__ c, int c_stride, const float* __restrict__ xy, int xy_stride,
    const float* __restrict__ g, float* __restrict__ dxy, double* __restrict__ partial) {
    __shared__ double warps[32];
    c += blockIdx.y * c_stride;
    xy += blockIdx.y * xy_stride;
    g += blockIdx.y * (OUTPUTS * n);
    float sums[PARAMS] = {0.0f};
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        float d[2];
        NAME_gradient_at(c, xy[i], xy[n + i], PASS_G, sums, d);
        if (dxy) {
            dxy[blockIdx.y * 2 * n + i] = d[0];
            dxy[blockIdx.y * 2 * n + n + i] = d[1];
        }
    }
    #pragma unroll
    for (int k = 0; k < PARAMS; ++k) {
        double sum = sums[k];
        #pragma unroll
        for (int o = 16; o > 0; o /= 2) sum += __shfl_down_sync(0xffffffffu, sum, o);
        if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int w = 1; w < (blockDim.x + 31) / 32; ++w) sum += warps[w];
            partial[(blockIdx.y * gridDim.x + blockIdx.x) * PARAMS + k] = sum;
        }
        __syncthreads();
    }
}
"#;

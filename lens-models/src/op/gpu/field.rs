//! Fields on a GPU: deflections and brightness at points, from the CUDA C that their formulas write.

use std::fmt::Write;

use ppl_core::autodiff::{Body, Inputs, Lanes, Places};
use ppl_core::cuda::{Argument, At, Gpu, Kernel as Launched};
use ppl_core::{Error, Result};
use rayon::prelude::*;

use super::{SUMS, THREADS};
use crate::codegen::Kernel;

/// Beyond what a lens of middling flatness prepares, so many numbers more: rows of the series of a flatter one.
const SPARE: usize = 128;

/// A sum of fields at the same points.
pub(in crate::op) struct Field<'p> {
    /// The profiles, whose parameters are the inputs from `first` on.
    pub(in crate::op) kernels: Vec<Kernel>,
    pub(in crate::op) first: usize,
    /// Where the points are; `None`: the input before the parameters.
    pub(in crate::op) points: Option<[&'p [f32]; 2]>,
    /// Whether the result is the point less the field: a ray.
    pub(in crate::op) rays: bool,
}

struct FieldBody {
    gpu: Gpu,
    kernels: Vec<Kernel>,
    /// Where the constants of each profile begin, and their end.
    starts: Vec<usize>,
    first: usize,
    params: Vec<f64>,
    value: (Launched, Vec<Argument>),
    vjp: (Launched, Vec<Argument>),
    grid: [usize; 3],
}

/// The body of a field.
pub(in crate::op) fn field(
    field: Field<'_>,
    operation: &'static str,
    places: &mut Places<'_>,
) -> Result<Box<dyn Body>> {
    let Field { kernels, first, points, rays } = field;
    let no_body = || Error::NoDeviceBody { operation, device: ppl_core::Device::Cuda(0) };
    let outputs = kernels.first().map(|kernel| kernel.outputs).ok_or_else(no_body)?;
    let mut starts = vec![0];
    for kernel in &kernels {
        let middling = kernel.constants(&vec![0.5; kernel.params]).len();
        starts.push(starts.last().copied().unwrap_or(0) + middling + SPARE);
    }
    let (lanes, end) = (places.lanes(), starts.last().copied().unwrap_or(0));
    let (constants, room) = places.prepared(lanes * end)?;
    // With more room than was asked for, each profile has its share.
    let growth = room / (lanes * end).max(1);
    starts.iter_mut().for_each(|start| *start *= growth);
    let stride = end * growth;

    let (xy, n) = match points {
        Some([x, y]) => (Lanes { at: places.shared("grid", || [x, y].concat())?, step: 0 }, x.len()),
        None => (places.pixels(0)?, places.shape(0).dims.len() / 2),
    };
    let width: usize = kernels.iter().map(|kernel| kernel.params).sum();
    let out = places.out_pixels()?;
    let cotangent = places.cotangent_pixels()?;
    let by_points = if first > 0 { places.by_pixels(0).map(|lanes| lanes.at) } else { None };
    let add = usize::from(by_points.is_some() && !places.sets(0));
    let wanted: Vec<u64> = (first..places.len()).map(|i| places.by_numbers(i).map_or(0, |at| at.address())).collect();
    let blocks = places.gpu().blocks(n, lanes, THREADS);
    let sums: At<f64> = places.scratch(lanes * blocks * width)?;
    let arrived: At<u32> = places.scratch(lanes)?;
    let sinks = places.constant(&wanted)?;

    let source = source(&kernels, outputs, &starts, rays);
    let name = kernels.iter().map(|kernel| kernel.name).collect::<Vec<_>>().join("-");
    let kernel = |what| places.kernel((&name, &source), what);
    let [xy, xy_step] = xy.arguments();
    let common = [n.into(), constants.into(), stride.into(), xy, xy_step];
    let value = (kernel("field_value")?, common.into_iter().chain([out.into()]).collect());
    let back = [cotangent.into(), by_points.into(), add.into(), sums.into(), arrived.into(), sinks.into()];
    let vjp = (kernel("field_vjp")?, common.into_iter().chain(back).collect());
    let (gpu, grid) = (places.gpu().clone(), [blocks, lanes, 1]);
    Ok(Box::new(FieldBody { gpu, kernels, starts, first, params: vec![], value, vjp, grid }))
}

impl Body for FieldBody {
    fn prepare(&mut self, inputs: Inputs<'_>, room: &mut [f32]) -> Result<()> {
        let (stride, params) = (self.starts.last().copied().unwrap_or(0), &mut self.params);
        let (first, width) = (self.first, inputs.len() - self.first);
        let lanes = room.len() / stride;
        params.clear();
        params.extend((0..lanes).flat_map(|lane| (first..first + width).map(move |i| inputs.at(i).lane(lane)[0])));
        let (kernels, starts) = (&self.kernels, &self.starts);
        let one = |(params, room): (&[f64], &mut [f32])| {
            let mut params = params;
            for (kernel, place) in kernels.iter().zip(starts.windows(2)) {
                let (own, rest) = params.split_at(kernel.params);
                params = rest;
                let (constants, to) = (kernel.constants(own), &mut room[place[0]..place[1]]);
                if constants.len() > to.len() {
                    return Err(Error::DeviceRoom { room: to.len(), needed: constants.len() });
                }
                to.iter_mut().zip(&constants).for_each(|(to, from)| *to = *from as f32);
            }
            Ok(())
        };
        let lanes = params.par_chunks_exact(width).zip(room.par_chunks_exact_mut(stride));
        // A lens takes a few microseconds, as long as it takes to wake a thread.
        lanes.with_min_len(8).try_for_each(one)
    }

    fn value(&self) -> Result<()> {
        self.gpu.launch(&self.value.0, self.grid, [THREADS, 1, 1], 0, &self.value.1)
    }

    fn vjp(&self) -> Result<()> {
        self.gpu.launch(&self.vjp.0, self.grid, [THREADS, 1, 1], 0, &self.vjp.1)
    }
}

/// The kernels of a sum of fields, whose constants begin at `starts`.
pub(super) fn source(kernels: &[Kernel], outputs: usize, starts: &[usize], rays: bool) -> String {
    let mut text = SUMS.to_owned();
    let (mut known, mut values, mut gradients, mut width) = (vec![], String::new(), String::new(), 0);
    let passed: String = (0..outputs).map(|k| format!("g{k}, ")).collect();
    for (kernel, start) in kernels.iter().zip(starts) {
        if !known.contains(&kernel.name) {
            known.push(kernel.name);
            text += &kernel.functions;
        }
        let name = kernel.name;
        let _ = writeln!(values, "        {name}_at(c + {start}, x, y, one);\n        add(field, one);");
        let _ = writeln!(
            gradients,
            "        {name}_gradient_at(c + {start}, x, y, {passed}sums + {width}, d);\n        dx += d[0]; dy += d[1];"
        );
        width += kernel.params;
    }
    let read: String = (0..outputs).map(|k| format!("const float g{k} = g[{k} * n + i]; ")).collect();
    let ray = |what: &str| if rays { what.to_owned() } else { String::new() };
    text + &LAUNCHED
        .replace("OUTPUTS", &outputs.to_string())
        .replace("WIDTH", &width.to_string())
        .replace("RAYS", &ray("field[0] = x - field[0]; field[1] = y - field[1];"))
        .replace("SIGN", if rays { "-" } else { "" })
        .replace("READ_G", &read)
        .replace("VALUES", &values)
        .replace("GRADIENTS", &gradients)
}

/// What is launched, the same for all fields: a thread takes every `gridDim.x * blockDim.x`-th point. Arrays have lanes first:
/// points `[lanes, 2, n]` (`xy_step` 0: shared), constants `[lanes, c_step]`. `dxy` may be null, and so may each of `sinks`.
const LAUNCHED: &str = r#"
__device__ static inline void add(float* field, const float* one) {
    #pragma unroll
    for (int k = 0; k < OUTPUTS; ++k) field[k] += one[k];
}

extern "C" __global__ void __launch_bounds__(256) field_value(
    int n, const float* __restrict__ c, int c_step, const float* __restrict__ xy, int xy_step, float* __restrict__ out) {
    c += (size_t)blockIdx.y * c_step;
    xy += (size_t)blockIdx.y * xy_step;
    out += (size_t)blockIdx.y * (OUTPUTS * n);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        const float x = xy[i], y = xy[n + i];
        float field[OUTPUTS] = {0.0f}, one[OUTPUTS];
VALUES
        RAYS
        #pragma unroll
        for (int k = 0; k < OUTPUTS; ++k) out[k * n + i] = field[k];
    }
}

extern "C" __global__ void __launch_bounds__(256) field_vjp(
    int n, const float* __restrict__ c, int c_step, const float* __restrict__ xy, int xy_step, const float* __restrict__ g,
    float* __restrict__ dxy, int add_dxy, double* __restrict__ partial, unsigned int* __restrict__ arrived, double* const* __restrict__ sinks) {
    c += (size_t)blockIdx.y * c_step;
    xy += (size_t)blockIdx.y * xy_step;
    g += (size_t)blockIdx.y * (OUTPUTS * n);
    float sums[WIDTH] = {0.0f};
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        const float x = xy[i], y = xy[n + i];
        READ_G
        float dx = 0.0f, dy = 0.0f, d[2];
GRADIENTS
        if (dxy) {
            float* to = dxy + (size_t)blockIdx.y * 2 * n + i;
            to[0] = add_dxy ? to[0] + dx : dx;
            to[n] = add_dxy ? to[n] + dy : dy;
        }
    }
    block_sums(sums, partial + ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * WIDTH);
    if (!is_last_block(arrived)) return;
    for (int k = threadIdx.x / 32; k < WIDTH; k += blockDim.x / 32) {
        const double sum = total_of(partial, WIDTH, k);
        if (threadIdx.x % 32 == 0 && sinks[k]) sinks[k][blockIdx.y] = SIGN sum;
    }
}
"#;

//! Products of matrices by cuBLAS, which is looked for when a training first asks for it.
#![allow(unsafe_code)]

use std::ffi::c_void;

use cudarc::cublas::{result, sys};
use ppl_core::cuda::{Buffer, Gpu, Kernel, preload};
use ppl_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::launch::{Matrix, Place, Product};

/// How products of matrices round. Sums are of single precision in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Products {
    /// As they are, 24 bits.
    Single,
    /// To 11 bits before they are multiplied, by tensor cores: as PyTorch does it in convolutions by default. Volta and Turing have no
    /// such cores and multiply as they are.
    #[default]
    Tf32,
}

/// What multiplies.
pub(super) enum Blas {
    Device {
        handle: sys::cublasHandle_t,
        /// Given to cuBLAS so that it takes no memory while a graph is captured, and sums in one order.
        _workspace: Buffer<u8>,
    },
    /// On an emulated device.
    Emulated(Kernel),
}

/// Bytes of the workspace, as NVIDIA advises for Hopper.
const WORKSPACE: usize = 32 << 20;

/// The product where there is no cuBLAS: each thread makes rows.
const EMULATED: &str = r#"
#pragma GCC optimize("O3", "fast-math")
extern "C" __global__ void product(const float* a, const float* b, float* out, int rows, int columns, int depth, int a_width,
                                   int b_width, int a_transposed, int b_transposed, int times, int a_step, int b_step) {
    for (int t = 0; t < times; ++t, a += a_step, b += b_step, out += (size_t)rows * columns)
        for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < rows; i += gridDim.x * blockDim.x) {
            float* row = out + (size_t)i * columns;
            if (b_transposed) {
                for (int j = 0; j < columns; ++j) {
                    const float* other = b + (size_t)j * b_width;
                    float sum = 0.0f;
                    if (a_transposed) for (int k = 0; k < depth; ++k) sum += a[(size_t)k * a_width + i] * other[k];
                    else for (int k = 0; k < depth; ++k) sum += a[(size_t)i * a_width + k] * other[k];
                    row[j] = sum;
                }
                continue;
            }
            for (int j = 0; j < columns; ++j) row[j] = 0.0f;
            for (int k = 0; k < depth; ++k) {
                const float x = a_transposed ? a[(size_t)k * a_width + i] : a[(size_t)i * a_width + k];
                const float* other = b + (size_t)k * b_width;
                for (int j = 0; j < columns; ++j) row[j] += x * other[j];
            }
        }
}
"#;

fn checked<T>(what: &'static str, result: std::result::Result<T, result::CublasError>) -> Result<T> {
    result.map_err(|error| Error::Cuda { what, text: error.to_string() })
}

fn is_present() -> bool {
    // SAFETY: only looks for the library. What comes after would panic without it.
    unsafe { sys::is_culib_present() }
}

/// Looks for cuBLAS, if the device needs it.
///
/// # Errors
/// [`Error::NoCuda`] where there is none.
pub(super) fn find(gpu: &Gpu) -> Result<()> {
    if gpu.stream().is_null() || is_present() {
        return Ok(());
    }
    preload(&["libcublasLt.so.", "libcublas.so."]);
    if is_present() {
        return Ok(());
    }
    let what = "no cuBLAS (libcublas, products of matrices)";
    let advice = "install the CUDA toolkit (or `pip install nvidia-cublas`) and put its libraries on LD_LIBRARY_PATH";
    Err(Error::NoCuda { what, advice })
}

impl Blas {
    /// Products on the stream of a device.
    ///
    /// # Errors
    /// [`Error::NoCuda`] without the library; what it says.
    pub(super) fn new(gpu: &Gpu) -> Result<Self> {
        // Makes the device that of this thread, too.
        gpu.free_bytes()?;
        let stream = gpu.stream();
        if stream.is_null() {
            return gpu.load("product", EMULATED)?.kernel("product").map(Blas::Emulated);
        }
        find(gpu)?;
        let handle = checked("begin cuBLAS", result::create_handle())?;
        let workspace = gpu.buffer::<u8>(WORKSPACE);
        let blas = Blas::Device { handle, _workspace: workspace? };
        if let Blas::Device { _workspace: workspace, .. } = &blas {
            let at = workspace.at().address() as *mut c_void;
            // SAFETY: the handle was just made, the stream is the device's, and the workspace lives as long as the handle. Setting a
            // stream takes the workspace away, so that it comes second.
            unsafe {
                checked("use a stream", result::set_stream(handle, stream.cast()))?;
                checked("use a workspace", sys::cublasSetWorkspace_v2(handle, at, WORKSPACE).result())?;
            }
        }
        Ok(blas)
    }

    /// Whether it is the library.
    pub(super) fn is_cublas(&self) -> bool {
        matches!(self, Blas::Device { .. })
    }

    /// Launches a product, or captures it.
    ///
    /// # Errors
    /// What cuBLAS says.
    pub(super) fn launch(
        &self,
        gpu: &Gpu,
        product: &Product,
        products: Products,
        address: impl Fn(Place) -> u64,
    ) -> Result<()> {
        let Product { rows, columns, depth, left, right, out, times } = *product;
        let [a, b, c] = [left.at, right.at, out].map(address);
        let handle = match self {
            Blas::Device { handle, .. } => *handle,
            Blas::Emulated(kernel) => {
                let addresses = [a, b, c].map(ppl_core::cuda::Argument::Address);
                let flags = [left, right].map(|matrix| usize::from(matrix.transposed));
                let numbers =
                    [rows, columns, depth, left.width, right.width, flags[0], flags[1], times, left.step, right.step];
                let arguments = [&addresses[..], &numbers.map(Into::into)].concat();
                return gpu.launch(kernel, [rows.div_ceil(64), 1, 1], [64, 1, 1], 0, &arguments);
            }
        };
        let compute = match products {
            Products::Single => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
            Products::Tf32 => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
        };
        let int =
            |n: usize| i32::try_from(n).map_err(|_| Error::Cuda { what: "multiply", text: format!("{n} numbers") });
        let long = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let operation = |matrix: Matrix| match matrix.transposed {
            true => sys::cublasOperation_t::CUBLAS_OP_T,
            false => sys::cublasOperation_t::CUBLAS_OP_N,
        };
        let (kind, algorithm) = (sys::cudaDataType::CUDA_R_32F, sys::cublasGemmAlgo_t::CUBLAS_GEMM_DFALT);
        let (one, zero) = (1.0_f32, 0.0_f32);
        let [alpha, beta] = [&one, &zero].map(|x| std::ptr::from_ref(x).cast::<c_void>());
        let ([a, b], c) = ([a, b].map(|address| address as *const c_void), c as *mut c_void);
        // cuBLAS counts along columns: what it sees are the transposes, out^T = right^T left^T.
        let (first, second, [m, n, k]) = (operation(right), operation(left), [int(columns)?, int(rows)?, int(depth)?]);
        let [b_width, a_width] = [int(right.width)?, int(left.width)?];
        // SAFETY: all matrices lie within blocks of the device's memory, as tests with an emulated device see; alpha and beta are
        // read before the call comes back.
        let done = unsafe {
            if times == 1 {
                result::gemm_ex(
                    handle, first, second, m, n, k, alpha, b, kind, b_width, a, kind, a_width, beta, c, kind, m,
                    compute, algorithm,
                )
            } else {
                let [b_step, a_step, c_step] = [right.step, left.step, rows * columns].map(long);
                let times = int(times)?;
                result::gemm_strided_batched_ex(
                    handle, first, second, m, n, k, alpha, b, kind, b_width, b_step, a, kind, a_width, a_step, beta, c,
                    kind, m, c_step, times, compute, algorithm,
                )
            }
        };
        checked("multiply", done)
    }
}

impl Drop for Blas {
    fn drop(&mut self) {
        if let Blas::Device { handle, .. } = self {
            // SAFETY: it was made by `new`, and is not used any more.
            let _ = unsafe { result::destroy_handle(*handle) };
        }
    }
}

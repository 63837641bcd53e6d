// The same numbers in another shape: pixels to pixels, pixels to host numbers, host numbers to pixels. All are [lanes][n], taken as one
// row of `n`; the way back adds to the gradient of pixels and writes that of host numbers.

template <typename From, typename To>
__device__ __forceinline__ void put(int n, const From* __restrict__ from, To* __restrict__ to) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) to[i] = (To)from[i];
}

template <typename From>
__device__ __forceinline__ void add(int n, const From* __restrict__ from, float* __restrict__ to) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) to[i] += (float)from[i];
}

extern "C" __global__ void pixels_to_pixels(int n, const float* __restrict__ x, float* __restrict__ y) { put(n, x, y); }
extern "C" __global__ void pixels_to_numbers(int n, const float* __restrict__ x, double* __restrict__ y) { put(n, x, y); }
extern "C" __global__ void numbers_to_pixels(int n, const double* __restrict__ x, float* __restrict__ y) { put(n, x, y); }

extern "C" __global__ void pixels_to_pixels_vjp(int n, const float* __restrict__ c, float* __restrict__ by) { add(n, c, by); }
extern "C" __global__ void pixels_to_numbers_vjp(int n, const double* __restrict__ c, float* __restrict__ by) { add(n, c, by); }
extern "C" __global__ void numbers_to_pixels_vjp(int n, const float* __restrict__ c, double* __restrict__ by) { put(n, c, by); }

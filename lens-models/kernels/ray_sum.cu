// A ray through several planes: theta less each deflection times its scale, which the host gives. Arrays are [lanes][n] or shared by
// all lanes (a step of 0 from lane to lane); blockIdx.y is the lane. in[0] is theta, in[1..] the `count` deflections.

__device__ static inline float scale_of(const double* const* scale, const int* scale_step, int k, int lane) {
    return (float)scale[k][(size_t)lane * scale_step[k]];
}

extern "C" __global__ void ray_sum(
    int n, int count, const float* const* __restrict__ in, const int* __restrict__ step, const double* const* __restrict__ scale,
    const int* __restrict__ scale_step, float* __restrict__ out) {
    const int lane = blockIdx.y;
    out += (size_t)lane * n;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        float sum = in[0][(size_t)lane * step[0] + i];
        for (int k = 0; k < count; ++k)
            sum = fmaf(-scale_of(scale, scale_step, k, lane), in[k + 1][(size_t)lane * step[k + 1] + i], sum);
        out[i] = sum;
    }
}

// Adds to the gradient of each array that wants one (not null), and writes that of each scale that does, lane by lane.
extern "C" __global__ void __launch_bounds__(256) ray_sum_vjp(
    int n, int count, const float* const* __restrict__ in, const int* __restrict__ step, const double* const* __restrict__ scale,
    const int* __restrict__ scale_step, const float* __restrict__ cotangent, float* const* __restrict__ by_in,
    double* const* __restrict__ by_scale, double* __restrict__ partial, unsigned int* __restrict__ arrived) {
    const int lane = blockIdx.y;
    for (int k = 0; k <= count; ++k) {
        // Lanes that share an array share its gradient: the blocks of the first lane add up those of all, in order.
        const bool shared = step[k] == 0;
        if (!by_in[k] || (shared && lane > 0)) continue;
        const int end = shared ? gridDim.y : lane + 1;
        float* by = by_in[k] + (size_t)lane * step[k];
        for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
            float sum = 0.0f;
            for (int l = lane; l < end; ++l) {
                const float weight = k == 0 ? 1.0f : -scale_of(scale, scale_step, k - 1, l);
                sum = fmaf(weight, cotangent[(size_t)l * n + i], sum);
            }
            by[i] += sum;
        }
    }
    const float* g = cotangent + (size_t)lane * n;
    for (int k = 0; k < count; ++k) {
        const float* alpha = in[k + 1] + (size_t)lane * step[k + 1];
        double sum = 0.0;
        if (by_scale[k])
            for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
                sum += (double)g[i] * alpha[i];
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[((size_t)lane * gridDim.x + blockIdx.x) * count + k] = sum;
    }
    if (!is_last_block(arrived)) return;
    for (int k = threadIdx.x / 32; k < count; k += blockDim.x / 32) {
        const double sum = total_of(partial, count, k);
        if (threadIdx.x % 32 == 0 && by_scale[k]) by_scale[k][lane] = -sum;
    }
}

// out = sum_k weight[k] in[k] of `count` arrays [lanes][n], each with its own step from lane to lane; blockIdx.y is the lane.
extern "C" __global__ void weighted_sum(
    int n, int count, const float* const* __restrict__ in, const int* __restrict__ step, const float* __restrict__ weight,
    float* __restrict__ out) {
    out += (size_t)blockIdx.y * n;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        float sum = 0.0f;
        for (int k = 0; k < count; ++k) sum = fmaf(weight[k], in[k][(size_t)blockIdx.y * step[k] + i], sum);
        out[i] = sum;
    }
}

// Adds weight[k] times the cotangent to the gradient of each array that wants one (not null). Lanes that share an array share its gradient: the
// blocks of the first lane add up those of all, in order.
extern "C" __global__ void weighted_sum_vjp(
    int n, int count, const int* __restrict__ step, const float* __restrict__ weight, const float* __restrict__ cotangent,
    float* const* __restrict__ gradient) {
    const int lane = blockIdx.y;
    for (int k = 0; k < count; ++k) {
        const bool shared = step[k] == 0;
        if (!gradient[k] || (shared && lane > 0)) continue;
        const int end = shared ? gridDim.y : lane + 1;
        float* by = gradient[k] + (size_t)lane * step[k];
        for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
            float sum = 0.0f;
            for (int l = lane; l < end; ++l) sum += cotangent[(size_t)l * n + i];
            by[i] = fmaf(weight[k], sum, by[i]);
        }
    }
}

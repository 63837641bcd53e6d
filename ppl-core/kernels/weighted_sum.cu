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

// Adds weight[k] times the cotangent to the gradient of each array that wants one (not null).
extern "C" __global__ void weighted_sum_vjp(
    int n, int count, const float* __restrict__ weight, const float* __restrict__ cotangent, float* const* __restrict__ gradient) {
    cotangent += (size_t)blockIdx.y * n;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        for (int k = 0; k < count; ++k)
            if (gradient[k]) gradient[k][(size_t)blockIdx.y * n + i] += weight[k] * cotangent[i];
}

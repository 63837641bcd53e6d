// Sums over all threads of the blocks of a lane (blockIdx.y), in a fixed order: equal numbers give equal bits.
//
// Each block leaves its sum in `partial`, [lanes][gridDim.x][width]; the block that is last adds them up. `arrived`, one a lane,
// is zero before and after. Blocks have at most 1024 threads, a multiple of 32.

__device__ static inline double warp_sum(double value) {
    #pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
    return value;
}

// The sum over the block, in its first thread.
__device__ static inline double block_sum(double value) {
    __shared__ double warps[32];
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x < 32) value = warp_sum(threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : 0.0);
    __syncthreads();
    return value;
}

// The sums over the block of each of N numbers, into `to`; they are there for all threads.
template <int N>
__device__ static inline void block_sums(const float (&sums)[N], double* to) {
    __shared__ double warps[N][32];
    const int warp = threadIdx.x / 32, place = threadIdx.x % 32, count = blockDim.x / 32;
    #pragma unroll
    for (int k = 0; k < N; ++k) {
        const double sum = warp_sum(sums[k]);
        if (place == 0) warps[k][warp] = sum;
    }
    __syncthreads();
    for (int k = warp; k < N; k += count) {
        const double sum = warp_sum(place < count ? warps[k][place] : 0.0);
        if (place == 0) to[k] = sum;
    }
    __syncthreads();
}

// Whether all other blocks of the lane have left their sums; asked by all threads after the first thread, or any before a barrier,
// has written its own.
__device__ static inline bool is_last_block(unsigned int* arrived) {
    __shared__ bool last;
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(&arrived[blockIdx.y], 1u) == gridDim.x - 1;
        if (last) arrived[blockIdx.y] = 0u;
        __threadfence();
    }
    __syncthreads();
    return last;
}

// Sum k of `width` over the blocks of the lane, in the first thread of the calling warp.
__device__ static inline double total_of(const double* partial, int width, int k) {
    double sum = 0.0;
    const volatile double* own = partial + (size_t)blockIdx.y * gridDim.x * width;
    for (int block = threadIdx.x % 32; block < gridDim.x; block += 32) sum += own[block * width + k];
    return warp_sum(sum);
}

// What a camera makes of light: means over sub-pixels, the PSF, and the likelihood of the image. Lanes are blockIdx.y (of the
// convolution: blockIdx.z); every array has lanes first.

// The mean over k x k sub-pixels of each of width x height cells, which lie row by row over the whole window.
extern "C" __global__ void bin_uniform(int width, int height, int k, const float* __restrict__ fine, float* __restrict__ cells) {
    const int n = width * height;
    fine += (size_t)blockIdx.y * n * k * k;
    cells += (size_t)blockIdx.y * n;
    const float share = 1.0f / (k * k);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        const float* first = fine + (size_t)(i / width) * k * k * width + (i % width) * k;
        float sum = 0.0f;
        for (int row = 0; row < k; ++row)
            for (int column = 0; column < k; ++column) sum += first[row * k * width + column];
        cells[i] = sum * share;
    }
}

// Its adjoint; `add`: added to what is there.
extern "C" __global__ void spread_uniform(
    int width, int height, int k, const float* __restrict__ cells, float* __restrict__ fine, int add) {
    const int n = width * height * k * k, row = width * k;
    fine += (size_t)blockIdx.y * n;
    cells += (size_t)blockIdx.y * width * height;
    const float share = 1.0f / (k * k);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        fine[i] = fmaf(cells[i / row / k * width + i % row / k], share, add ? fine[i] : 0.0f);
}

// The product of a matrix with few numbers in a row, `to` rows of those from first[i] to first[i + 1], and `from` numbers; `add`: added to
// what is there. Sub-pixels to cells that have their own numbers of them, and its adjoint.
extern "C" __global__ void gather(
    int from, int to, const int* __restrict__ first, const int* __restrict__ column, const float* __restrict__ weight,
    const float* __restrict__ in, float* __restrict__ out, int add) {
    in += (size_t)blockIdx.y * from;
    out += (size_t)blockIdx.y * to;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < to; i += gridDim.x * blockDim.x) {
        float sum = add ? out[i] : 0.0f;
        for (int at = first[i]; at < first[i + 1]; ++at) sum = fmaf(in[column[at]], weight[at], sum);
        out[i] = sum;
    }
}

// out[y][x] = sum_{j,i} taps[j][i] image[y + j - h][x + i - w], zero outside; `add`: added to out instead. A block of 32 x 8
// threads makes 32 x 8 RUN pixels from a tile of the image in shared memory, (32 + 2 w)(8 RUN + 2 h) floats of it; each thread makes
// RUN pixels of one column, which share what they read of it: many for many images, few where one image has to fill the device.
#define TILE 32

template <int RUN>
__device__ __forceinline__ void load_tile(
    int width, int height, int w, int h, const float* __restrict__ image, float* tile, int x0, int y0) {
    const int columns = TILE + 2 * w, rows = 8 * RUN + 2 * h;
    // Unrolled, so that what a thread reads of memory is on its way at once.
    for (int x = threadIdx.x; x < columns; x += 32) {
        const int at = x0 + x - w;
        #pragma unroll 4
        for (int y = threadIdx.y; y < rows; y += 8) {
            const int from = y0 + y - h;
            const bool inside = at >= 0 && at < width && from >= 0 && from < height;
            tile[y * columns + x] = inside ? image[from * width + at] : 0.0f;
        }
    }
    __syncthreads();
}

// Adds to `sum` the products of a column of taps, `apart` from each other, with RUN + 2 h numbers of a column, `columns` apart.
template <int RUN>
__device__ __forceinline__ void along_column(
    int h, const float* __restrict__ taps, int apart, const float* column, int columns, float (&sum)[RUN]) {
    // What the RUN pixels look at for one tap, in a ring: with the next tap one number leaves and one comes.
    float ring[RUN];
    #pragma unroll
    for (int k = 0; k < RUN; ++k) ring[k] = column[k * columns];
    #pragma unroll (RUN < 4 ? 4 : 1)
    for (int first = 0; first <= 2 * h; first += RUN) {
        #pragma unroll
        for (int step = 0; step < RUN; ++step) {
            const int j = first + step;
            if (j > 2 * h) break;
            const float weight = __ldg(taps + j * apart);
            #pragma unroll
            for (int k = 0; k < RUN; ++k) sum[k] = fmaf(weight, ring[(k + step) % RUN], sum[k]);
            if (j < 2 * h) ring[step] = column[(j + RUN) * columns];
        }
    }
}

template <int RUN>
__device__ __forceinline__ void put_column(int width, int height, int x, int y, const float (&sum)[RUN], int add, float* out) {
    #pragma unroll
    for (int k = 0; k < RUN; ++k)
        if (x < width && y + k < height) {
            float* to = out + (y + k) * width + x;
            *to = add ? *to + sum[k] : sum[k];
        }
}

template <int RUN>
__device__ __forceinline__ void convolve(
    int width, int height, int w, int h, const float* __restrict__ taps, const float* __restrict__ image, float* __restrict__ out,
    int add, float* tile) {
    image += (size_t)blockIdx.z * width * height;
    out += (size_t)blockIdx.z * width * height;
    const int x0 = blockIdx.x * TILE, y0 = blockIdx.y * 8 * RUN, columns = TILE + 2 * w, y = threadIdx.y * RUN;
    load_tile<RUN>(width, height, w, h, image, tile, x0, y0);
    float sum[RUN] = {0.0f};
    for (int i = 0; i <= 2 * w; ++i)
        along_column<RUN>(h, taps + i, 2 * w + 1, tile + y * columns + threadIdx.x + i, columns, sum);
    put_column<RUN>(width, height, x0 + threadIdx.x, y0 + y, sum, add, out);
}

// The same for taps that are the product of a column and a row; 32 (8 RUN + 2 h) floats more of shared memory.
template <int RUN>
__device__ __forceinline__ void convolve_separable(
    int width, int height, int w, int h, const float* __restrict__ row, const float* __restrict__ column,
    const float* __restrict__ image, float* __restrict__ out, int add, float* tile) {
    image += (size_t)blockIdx.z * width * height;
    out += (size_t)blockIdx.z * width * height;
    const int x0 = blockIdx.x * TILE, y0 = blockIdx.y * 8 * RUN, columns = TILE + 2 * w, rows = 8 * RUN + 2 * h;
    float* between = tile + columns * rows;
    load_tile<RUN>(width, height, w, h, image, tile, x0, y0);
    // Two rows at a time, so that a weight is read once for both.
    for (int y = 2 * threadIdx.y; y < rows; y += 16) {
        const float* from = tile + y * columns + threadIdx.x;
        float one = 0.0f, two = 0.0f;
        #pragma unroll 4
        for (int i = 0; i <= 2 * w; ++i) {
            const float weight = __ldg(row + i);
            one = fmaf(weight, from[i], one);
            two = fmaf(weight, from[columns + i], two);
        }
        between[y * TILE + threadIdx.x] = one;
        between[(y + 1) * TILE + threadIdx.x] = two;
    }
    __syncthreads();
    float sum[RUN] = {0.0f};
    const int y = threadIdx.y * RUN;
    along_column<RUN>(h, column, 1, between + y * TILE + threadIdx.x, TILE, sum);
    put_column<RUN>(width, height, x0 + threadIdx.x, y0 + y, sum, add, out);
}

#define CONVOLVE(RUN)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256) convolve_##RUN(                                                      \
        int width, int height, int w, int h, const float* taps, const float* image, float* out, int add) {                 \
        extern __shared__ float tile[];                                                                                    \
        convolve<RUN>(width, height, w, h, taps, image, out, add, tile);                                                   \
    }                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256) convolve_separable_##RUN(                                            \
        int width, int height, int w, int h, const float* row, const float* column, const float* image, float* out,        \
        int add) {                                                                                                         \
        extern __shared__ float tile[];                                                                                    \
        convolve_separable<RUN>(width, height, w, h, row, column, image, out, add, tile);                                  \
    }
CONVOLVE(2)
CONVOLVE(8)

// Without a tile, for kernels too large for shared memory; a block of 256 threads.
extern "C" __global__ void convolve_large(
    int width, int height, int w, int h, const float* __restrict__ taps, const float* __restrict__ image, float* __restrict__ out,
    int add) {
    image += (size_t)blockIdx.z * width * height;
    out += (size_t)blockIdx.z * width * height;
    const int at = blockIdx.x * blockDim.x + threadIdx.x, x = at % width, y = at / width;
    if (y >= height) return;
    float sum = 0.0f;
    for (int j = max(0, h - y); j <= min(2 * h, height - 1 - y + h); ++j)
        for (int i = max(0, w - x); i <= min(2 * w, width - 1 - x + w); ++i)
            sum = fmaf(__ldg(taps + j * (2 * w + 1) + i), image[(y + j - h) * width + x + i - w], sum);
    float* to = out + y * width + x;
    *to = add ? *to + sum : sum;
}

// ln L = constant - 1/2 sum ((d - m) w)^2 over w > 0, or with a variance that follows the model,
// constant - 1/2 sum [(d - m)^2 iv / v + ln v], v = 1 + factor w max(m, 0), over w > 0 (factor < 0: the former).
struct Likelihood {
    const float *data, *weight;
    float iv, factor;

    // What pixel i, whose model is m, gives to -2 ln L.
    __device__ __forceinline__ double term(int i, float m) const {
        const float w = __ldg(weight + i), r = __ldg(data + i) - m;
        if (!(w > 0.0f)) return 0.0;
        if (factor < 0.0f) {
            const double z = r * w;
            return z * z;
        }
        const float v = fmaf(factor * w, m > 0.0f ? m : 0.0f, 1.0f);
        return (double)(r * r * iv / v) + (double)logf(v);
    }

    // d ln L / d m.
    __device__ __forceinline__ float slope(int i, float m) const {
        const float w = __ldg(weight + i), r = __ldg(data + i) - m;
        if (!(w > 0.0f)) return 0.0f;
        if (factor < 0.0f) return r * w * w;
        const float share = 1.0f / fmaf(factor * w, m > 0.0f ? m : 0.0f, 1.0f);
        const float of_variance = m > 0.0f ? 0.5f * factor * w * share * (r * r * iv * share - 1.0f) : 0.0f;
        return r * iv * share + of_variance;
    }
};

// Writes ln L of each lane to `out` unless that is null, and cotangent d ln L / d image to `gradient` unless that is (`add`: to what is
// there).
__device__ __forceinline__ void likelihood(
    int n, const Likelihood& of, double constant, const float* __restrict__ image, double* partial, unsigned int* arrived,
    double* out, const double* cotangent, float* gradient, int add) {
    image += (size_t)blockIdx.y * n;
    const float c = gradient ? (float)cotangent[blockIdx.y] : 0.0f;
    gradient += gradient ? (size_t)blockIdx.y * n : 0;
    double sum = 0.0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        const float m = image[i];
        if (out) sum += of.term(i, m);
        if (gradient) gradient[i] = fmaf(c, of.slope(i, m), add ? gradient[i] : 0.0f);
    }
    if (!out) return;
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = sum;
    if (is_last_block(arrived) && threadIdx.x < 32) {
        sum = total_of(partial, 1, 0);
        if (threadIdx.x == 0) out[blockIdx.y] = constant - 0.5 * sum;
    }
}

extern "C" __global__ void log_prob(
    int n, const float* __restrict__ data, const float* __restrict__ weight, float iv, float factor, double constant,
    const float* __restrict__ image, double* partial, unsigned int* arrived, double* out) {
    likelihood(n, {data, weight, iv, factor}, constant, image, partial, arrived, out, nullptr, nullptr, 0);
}

extern "C" __global__ void log_prob_vjp(
    int n, const float* __restrict__ data, const float* __restrict__ weight, float iv, float factor,
    const float* __restrict__ image, const double* cotangent, float* gradient, int add) {
    likelihood(n, {data, weight, iv, factor}, 0.0, image, nullptr, nullptr, nullptr, cotangent, gradient, add);
}

// Both at once, of an image that is read once.
extern "C" __global__ void log_prob_both(
    int n, const float* __restrict__ data, const float* __restrict__ weight, float iv, float factor, double constant,
    const float* __restrict__ image, double* partial, unsigned int* arrived, double* out, const double* cotangent, float* gradient,
    int add) {
    likelihood(n, {data, weight, iv, factor}, constant, image, partial, arrived, out, cotangent, gradient, add);
}

// The same with correlated noise: ln L = constant - z' z / 2, L z = (d - m) w over the `used` pixels, L triangular, its rows from the column first[row] to
// the diagonal, which ends at end[row] of `numbers`. A block for each lane (blockIdx.x); `z`, [lanes][count]. The value is written unless `out` is null, the
// gradient unless that is (`add`: to what is there).
extern "C" __global__ void __launch_bounds__(256) correlated_log_prob(
    int n, int count, const unsigned int* __restrict__ used, const unsigned int* __restrict__ first, const unsigned int* __restrict__ end,
    const double* __restrict__ numbers, const float* __restrict__ data, const float* __restrict__ weight, double constant,
    const float* __restrict__ image, double* z, double* out, const double* cotangent, float* gradient, int add) {
    const int lane = blockIdx.x;
    image += (size_t)lane * n;
    z += (size_t)lane * count;
    for (int r = threadIdx.x; r < count; r += blockDim.x) {
        const int i = used[r];
        z[r] = ((double)data[i] - (double)image[i]) * (double)weight[i];
    }
    __syncthreads();
    for (int r = 0; r < count; ++r) {
        const int from = first[r];
        const double* row = numbers + end[r] - (r - from + 1);
        double sum = 0.0;
        for (int j = threadIdx.x; j < r - from; j += blockDim.x) sum = fma(row[j], z[from + j], sum);
        sum = block_sum(sum);
        if (threadIdx.x == 0) z[r] = (z[r] - sum) / row[r - from];
        __syncthreads();
    }
    if (out) {
        double sum = 0.0;
        for (int r = threadIdx.x; r < count; r += blockDim.x) sum = fma(z[r], z[r], sum);
        sum = block_sum(sum);
        if (threadIdx.x == 0) out[lane] = constant - 0.5 * sum;
    }
    if (!gradient) return;
    gradient += (size_t)lane * n;
    __syncthreads();
    for (int r = count - 1; r >= 0; --r) {
        const int from = first[r];
        const double* row = numbers + end[r] - (r - from + 1);
        const double solved = z[r] / row[r - from];
        __syncthreads();
        for (int j = threadIdx.x; j < r - from; j += blockDim.x) z[from + j] = fma(-solved, row[j], z[from + j]);
        if (threadIdx.x == 0) z[r] = solved;
        __syncthreads();
    }
    if (!add)
        for (int i = threadIdx.x; i < n; i += blockDim.x) gradient[i] = 0.0f;
    __syncthreads();
    for (int r = threadIdx.x; r < count; r += blockDim.x) {
        const int i = used[r];
        gradient[i] += (float)(cotangent[lane] * z[r]) * weight[i];
    }
}

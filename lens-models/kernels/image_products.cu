// The products of images of unit amplitude with each other and with what they are to add up to, in f64. Rows are the images and, last, data -
// rest, all over sigma. Lanes are blockIdx.y; in[k] is the first lane of image k, step[k] numbers to the next (0: shared); in[images] is the
// rest, if `has_rest`. A block of 256 threads takes tiles of TILE pixels of all rows, at most MOST - 1 of them, at a time.

const int TILE = 32;
// Odd, so that rows of a tile begin at different banks.
const int MOST = 161;
// Sums that a thread holds.
const int HELD = 4;

struct Rows {
    int n, images;
    const float* const* in;
    const int* step;
    const float *data, *inverse;
    int has_rest;

    // Row k of pixel i in a lane.
    __device__ double of(int k, int lane, int i) const {
        if (k < images) return (double)in[k][(size_t)lane * step[k] + i] * (double)inverse[i];
        const double rest = has_rest ? (double)in[images][(size_t)lane * step[images] + i] : 0.0;
        return ((double)data[i] - rest) * (double)inverse[i];
    }

    // The tile that begins at pixel `start`, zeros beyond the image.
    __device__ void load(int lane, int start, double (&tile)[TILE * MOST]) const {
        __syncthreads();
        for (int e = threadIdx.x; e < (images + 1) * TILE; e += blockDim.x) {
            const int k = e / TILE, p = e % TILE;
            tile[p * MOST + k] = start + p < n ? of(k, lane, start + p) : 0.0;
        }
        __syncthreads();
    }
};

// Sums q of the pairs rows[2 q], rows[2 q + 1]: those of each block, [lanes][gridDim.x][pairs]. blockIdx.z: 256 HELD of them.
extern "C" __global__ void __launch_bounds__(256) image_products(
    int n, int images, const float* const* __restrict__ in, const int* __restrict__ step, const float* __restrict__ data,
    const float* __restrict__ inverse, int has_rest, int pairs, const int* __restrict__ rows, double* __restrict__ partial) {
    __shared__ double tile[TILE * MOST];
    const Rows of = {n, images, in, step, data, inverse, has_rest};
    const int first = blockIdx.z * 256 * HELD + threadIdx.x;
    int i[HELD], j[HELD];
    double sums[HELD];
    #pragma unroll
    for (int s = 0; s < HELD; ++s) {
        const int q = min(first + 256 * s, pairs - 1);
        i[s] = rows[2 * q];
        j[s] = rows[2 * q + 1];
        sums[s] = 0.0;
    }
    for (int start = blockIdx.x * TILE; start < n; start += gridDim.x * TILE) {
        of.load(blockIdx.y, start, tile);
        for (int p = 0; p < TILE; ++p) {
            #pragma unroll
            for (int s = 0; s < HELD; ++s) sums[s] = fma(tile[p * MOST + i[s]], tile[p * MOST + j[s]], sums[s]);
        }
    }
    partial += ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * pairs;
    #pragma unroll
    for (int s = 0; s < HELD; ++s)
        if (first + 256 * s < pairs) partial[first + 256 * s] = sums[s];
}

// Adds up the blocks, in order.
extern "C" __global__ void __launch_bounds__(256) image_products_sum(int pairs, int blocks, const double* __restrict__ partial, double* __restrict__ out) {
    const int q = blockIdx.x * blockDim.x + threadIdx.x;
    if (q >= pairs) return;
    partial += (size_t)blockIdx.y * blocks * pairs + q;
    double sum = 0.0;
    for (int b = 0; b < blocks; ++b) sum += partial[(size_t)b * pairs];
    out[(size_t)blockIdx.y * pairs + q] = sum;
}

// Where the sum of rows i and j is, of `rows` rows.
__device__ static inline int place(int rows, int i, int j) {
    const int low = min(i, j), high = max(i, j);
    return low * rows - low * (low + 1) / 2 + high;
}

// Adds the gradient by each image that wants one (by[k] is not null), and by the rest. Lanes that share an image share its gradient: with
// `together` the blocks of the first lane add up those of all, in order.
extern "C" __global__ void __launch_bounds__(256) image_products_vjp(
    int n, int images, const float* const* __restrict__ in, const int* __restrict__ step, const float* __restrict__ data,
    const float* __restrict__ inverse, int has_rest, const double* __restrict__ cotangent, float* const* __restrict__ by, int together) {
    __shared__ double tile[TILE * MOST];
    const Rows of = {n, images, in, step, data, inverse, has_rest};
    const int rows = images + 1, pairs = rows * (rows + 1) / 2, own = blockIdx.y;
    const int end = together && own == 0 ? gridDim.y : own + 1;
    for (int start = blockIdx.x * TILE; start < n; start += gridDim.x * TILE) {
        for (int lane = own; lane < end; ++lane) {
            of.load(lane, start, tile);
            const int p = threadIdx.x % TILE, pixel = start + p;
            const double* g = cotangent + (size_t)lane * pairs;
            for (int k = threadIdx.x / TILE; k < images + has_rest; k += blockDim.x / TILE) {
                const bool shared = step[k] == 0 && gridDim.y > 1;
                if (!by[k] || (shared ? own > 0 : lane != own)) continue;
                double sum = 0.0;
                for (int j = 0; j < rows; ++j) {
                    const double c = g[place(rows, k, j)];
                    sum = fma(j == k ? 2.0 * c : c, tile[p * MOST + j], sum);
                }
                if (pixel >= n) continue;
                // What is added to the images is taken off the last row.
                const double slope = (k == images ? -1.0 : 1.0) * sum * (double)inverse[pixel];
                by[k][(size_t)lane * step[k] + pixel] += (float)slope;
            }
        }
    }
}

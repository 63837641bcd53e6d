// An image on the sky: its brightness at positions, the coefficients of its spline, its moments; each with its way back.
//
// Lanes are blockIdx.y. Pixels are f32; parameters are f64, each with what is between two lanes of it (0 where all share it). Kernels
// named `.._vjp` add to the gradients of pixels, except where they say what they write. All sums are in a fixed order or of integers:
// equal input, equal bits.
//
//   brightness_TAPS            (blocks, lanes); 256     brightness at positions; 2 taps: bilinear, 4: cubic B-spline
//   brightness_TAPS_largest    (blocks, lanes); 256     before its vjp, where the gradient by the image is wanted
//   brightness_TAPS_vjp        (blocks, lanes); 256
//   brightness_finish          (1 + ceil(side^2 / 256), 1 where lanes share the image, else lanes); 256    (1, lanes) where the
//                              gradient by the image is not wanted
//   add_lanes                  (ceil(count / 256)); 256      where lanes share the positions, whose gradient is then by lanes
//   spline_coefficients        (lanes); 64                   also its own vjp
//   moments, moments_vjp       (lanes); 1024 and (ceil(side^2 / 256), lanes); 256
//
// The second and third of brightness's way back may begin early; what they read before they wait, none of the three writes.
//
// `blocks` may be any number; a thread takes every blocks * 256th point. Scratch: largest, float bits [lanes][blocks]; exponent, int
// [lanes]; fixed, [lanes][side^2] of 8 bytes, zero at first and again behind brightness_finish; partial, double [lanes][blocks][5].

const unsigned ALL = 0xffffffffu;
const int THREADS = 256;
const int PARAMS = 5;

__device__ __forceinline__ double not_a_number() { return __longlong_as_double(0x7ff8000000000000ll); }

// A parameter of every lane.
struct Param {
    const double* at;
    int step;
    __device__ double of(int lane) const { return at[(long long)lane * step]; }
};

// From the sky to the pixels of the image: relative to the centre, turned back by the angle, in pixels.
struct Map {
    float center_x, center_y;
    // Pixels an arcsec, along and across the rows.
    float c, s;
    // The centre of the image in pixels, from the centre of the first.
    float middle;
    float amp;
    double scale;

    __device__ void pixel(float x, float y, float& u, float& v) const {
        const float dx = x - center_x, dy = y - center_y;
        u = c * dx + s * dy;
        v = c * dy - s * dx;
    }
};

struct Placement {
    Param center_x, center_y, scale, amp, angle;

    __device__ Map map(int lane, int side) const {
        // An image of no width is nowhere, and its light not a number.
        const double width = scale.of(lane), across = width > 0.0 ? width : not_a_number(), density = side / across;
        // Most images are not turned, and sine and cosine in double are slow.
        double sine = 0.0, cosine = 1.0;
        if (const double turned = angle.of(lane); turned != 0.0) sincos(turned, &sine, &cosine);
        return {(float)center_x.of(lane), (float)center_y.of(lane), (float)(density * cosine), (float)(density * sine),
                0.5f * (side - 1), (float)amp.of(lane), across};
    }
};

// The map of a block's lane, made once.
__device__ __forceinline__ Map map_of_block(const Placement& placement, int side) {
    __shared__ Map map;
    if (threadIdx.x == 0) map = placement.map(blockIdx.y, side);
    __syncthreads();
    return map;
}

// The weights of TAPS pixels around a point that is t (0 to 1) behind one, and their slopes: linear, or the cubic B-spline
// (1 - t)^3 / 6, (4 - 6 t^2 + 3 t^3) / 6, and the same from the other side.
template <int TAPS>
struct Weights {
    float value[TAPS], slope[TAPS];

    __device__ explicit Weights(float t) {
        const float s = 1.0f - t;
        if constexpr (TAPS == 2) {
            value[0] = s, value[1] = t;
            slope[0] = -1.0f, slope[1] = 1.0f;
        } else {
            value[0] = s * s * s * (1.0f / 6.0f), value[3] = t * t * t * (1.0f / 6.0f);
            value[1] = 2.0f / 3.0f - t * t * (1.0f - 0.5f * t), value[2] = 2.0f / 3.0f - s * s * (1.0f - 0.5f * s);
            slope[0] = -0.5f * s * s, slope[3] = 0.5f * t * t;
            slope[1] = t * (1.5f * t - 2.0f), slope[2] = -s * (1.5f * s - 2.0f);
        }
    }
};

// Whether a point, in pixels from the centre of the first, has pixels around it; false for NaN too.
template <int TAPS>
__device__ __forceinline__ bool is_inside(float at, int side) {
    const float reach = TAPS / 2;
    return at > -reach && at < side - 1.0f + reach;
}

// The pixels around a point that is inside.
template <int TAPS>
struct Around {
    int x, y;
    Weights<TAPS> of_x, of_y;

    __device__ Around(float at_x, float at_y)
        : x((int)floorf(at_x) + 1 - TAPS / 2), y((int)floorf(at_y) + 1 - TAPS / 2), of_x(at_x - floorf(at_x)), of_y(at_y - floorf(at_y)) {}

    // Calls f(pixel, row, column) for all that are in the image.
    template <class F>
    __device__ __forceinline__ void each(int side, F f) const {
#pragma unroll
        for (int i = 0; i < TAPS; ++i) {
#pragma unroll
            for (int j = 0; j < TAPS; ++j) {
                if ((unsigned)(y + i) < (unsigned)side && (unsigned)(x + j) < (unsigned)side) f((y + i) * side + x + j, i, j);
            }
        }
    }
};

template <int TAPS>
__device__ __forceinline__ void brightness(int n, int side, const float* image, int image_step, const float* xy, int xy_step,
                                           const Placement& placement, float* out) {
    const int lane = blockIdx.y;
    const Map map = map_of_block(placement, side);
    image += (long long)lane * image_step;
    xy += (long long)lane * xy_step;
    out += (long long)lane * n;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < n; i += gridDim.x * THREADS) {
        float u, v;
        map.pixel(__ldg(xy + i), __ldg(xy + n + i), u, v);
        // Rays that a lens could not trace stay what they are.
        float value = u == u && v == v ? 0.0f : u + v;
        if (is_inside<TAPS>(u + map.middle, side) && is_inside<TAPS>(v + map.middle, side)) {
            const Around<TAPS> around(u + map.middle, v + map.middle);
            around.each(side, [&](int pixel, int row, int column) {
                value = fmaf(__ldg(image + pixel) * around.of_x.value[column], around.of_y.value[row], value);
            });
        }
        out[i] = map.amp * value;
    }
}

// The largest number over the threads of a block, as bits of floats that are not negative; NaN is above all. In thread 0.
__device__ __forceinline__ unsigned largest_of_block(unsigned bits) {
    __shared__ unsigned warps[THREADS / 32];
    for (int by = 16; by > 0; by /= 2) bits = max(bits, __shfl_xor_sync(ALL, bits, by));
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = bits;
    __syncthreads();
    for (int w = 0; w < THREADS / 32; ++w) bits = max(bits, warps[w]);
    return bits;
}

// The largest |amp c| of the points of a block that see the image.
template <int TAPS>
__device__ __forceinline__ void brightness_largest(int n, int side, const float* xy, int xy_step, const Placement& placement,
                                                   const float* cotangent, unsigned* largest) {
    let_next_begin();
    const Map map = map_of_block(placement, side);
    xy += (long long)blockIdx.y * xy_step;
    cotangent += (long long)blockIdx.y * n;
    unsigned bits = 0;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < n; i += gridDim.x * THREADS) {
        float u, v;
        map.pixel(__ldg(xy + i), __ldg(xy + n + i), u, v);
        if (!is_inside<TAPS>(u + map.middle, side) || !is_inside<TAPS>(v + map.middle, side)) continue;
        bits = max(bits, __float_as_uint(map.amp * __ldg(cotangent + i)) & 0x7fffffffu);
    }
    bits = largest_of_block(bits);
    if (threadIdx.x == 0) largest[blockIdx.y * gridDim.x + blockIdx.x] = bits;
}

// Numbers of fixed point are g 2^exponent. With |g| < 2^x and n <= 2^k of them, exponent = 61 - k - x lets no sum of them, times
// weights of at most one, reach 2^62.
const int NOT_FINITE = 1 << 20;

__device__ __forceinline__ int exponent_of(unsigned bits, int n) {
    if (bits >= 0x7f800000u) return NOT_FINITE;
    const int x = (int)(bits >> 23) - 126, k = 32 - __clz(n);
    return 61 - k - x;
}

// g 2^exponent, in two steps that stay within floats.
__device__ __forceinline__ float to_fixed(float g, int exponent) {
    const int half = exponent / 2;
    return g * __int_as_float((127 + half) << 23) * __int_as_float((127 + exponent - half) << 23);
}

// The sums of a block's threads, in a fixed order.
__device__ __forceinline__ void write_sums(double (&sums)[PARAMS], double* to) {
    __shared__ double warps[THREADS / 32][PARAMS];
#pragma unroll
    for (int p = 0; p < PARAMS; ++p) {
        for (int by = 16; by > 0; by /= 2) sums[p] += __shfl_down_sync(ALL, sums[p], by);
        if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32][p] = sums[p];
    }
    __syncthreads();
    if (threadIdx.x < PARAMS) {
        double sum = warps[0][threadIdx.x];
        for (int w = 1; w < THREADS / 32; ++w) sum += warps[w][threadIdx.x];
        to[threadIdx.x] = sum;
    }
}

// Adds to dxy (without `add`: sets it; unless it is null), writes the block's part of the gradient by the placement, and, unless `fixed` is null, adds the
// gradient by the image to it.
template <int TAPS>
__device__ __forceinline__ void brightness_vjp(int n, int side, const float* image, int image_step, const float* xy, int xy_step,
                                               const Placement& placement, const float* cotangent, float* dxy, int dxy_step, int add,
                                               const unsigned* largest, int* exponent, unsigned long long* fixed, double* partial) {
    const int lane = blockIdx.y;
    let_next_begin();
    const Map map = map_of_block(placement, side);
    image += (long long)lane * image_step;
    xy += (long long)lane * xy_step;
    cotangent += (long long)lane * n;
    dxy += dxy ? (long long)lane * dxy_step : 0;
    await_the_one_before();
    int of_lane = NOT_FINITE;
    if (fixed) {
        fixed += (long long)lane * side * side;
        unsigned bits = 0;
        for (unsigned b = threadIdx.x; b < gridDim.x; b += THREADS) bits = max(bits, largest[lane * gridDim.x + b]);
        of_lane = exponent_of(largest_of_block(bits), n);
        if (blockIdx.x == 0 && threadIdx.x == 0) exponent[lane] = of_lane;
    }
    double sums[PARAMS] = {};
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < n; i += gridDim.x * THREADS) {
        float u, v;
        map.pixel(__ldg(xy + i), __ldg(xy + n + i), u, v);
        if (!is_inside<TAPS>(u + map.middle, side) || !is_inside<TAPS>(v + map.middle, side)) {
            if (dxy && !add) dxy[i] = dxy[n + i] = 0.0f;
            continue;
        }
        const Around<TAPS> around(u + map.middle, v + map.middle);
        const float c = __ldg(cotangent + i), g = map.amp * c;
        const float in_fixed = of_lane == NOT_FINITE ? 0.0f : to_fixed(g, of_lane);
        float value = 0.0f, slope_x = 0.0f, slope_y = 0.0f;
        around.each(side, [&](int pixel, int row, int column) {
            const float of_pixel = __ldg(image + pixel), wx = around.of_x.value[column], wy = around.of_y.value[row];
            value = fmaf(of_pixel * wx, wy, value);
            slope_x = fmaf(of_pixel * around.of_x.slope[column], wy, slope_x);
            slope_y = fmaf(of_pixel * wx, around.of_y.slope[row], slope_y);
            if (of_lane != NOT_FINITE) atomicAdd(fixed + pixel, (unsigned long long)__float2ll_rn(in_fixed * wx * wy));
        });
        const float dx = g * (map.c * slope_x - map.s * slope_y), dy = g * (map.s * slope_x + map.c * slope_y);
        if (dxy) {
            dxy[i] = add ? dxy[i] + dx : dx;
            dxy[n + i] = add ? dxy[n + i] + dy : dy;
        }
        sums[0] -= dx;
        sums[1] -= dy;
        sums[2] -= g * (slope_x * u + slope_y * v);
        sums[3] += c * value;
        sums[4] += g * (slope_x * v - slope_y * u);
    }
    sums[2] /= map.scale;
    write_sums(sums, partial + ((long long)lane * gridDim.x + blockIdx.x) * PARAMS);
}

#define PLACEMENT                                                                                                          \
    const double *center_x, int center_x_step, const double *center_y, int center_y_step, const double *scale,             \
        int scale_step, const double *amp, int amp_step, const double *angle, int angle_step
#define PLACED {{center_x, center_x_step}, {center_y, center_y_step}, {scale, scale_step}, {amp, amp_step}, {angle, angle_step}}

#define BRIGHTNESS(TAPS)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                                  \
    brightness_##TAPS(int n, int side, const float* image, int image_step, const float* xy, int xy_step, PLACEMENT,        \
                      float* out) {                                                                                        \
        brightness<TAPS>(n, side, image, image_step, xy, xy_step, PLACED, out);                                            \
    }                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                                  \
    brightness_##TAPS##_largest(int n, int side, const float* xy, int xy_step, PLACEMENT, const float* cotangent,          \
                                unsigned* largest) {                                                                       \
        brightness_largest<TAPS>(n, side, xy, xy_step, PLACED, cotangent, largest);                                        \
    }                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                                  \
    brightness_##TAPS##_vjp(int n, int side, const float* image, int image_step, const float* xy, int xy_step, PLACEMENT,  \
                            const float* cotangent, float* dxy, int dxy_step, int add, const unsigned* largest,            \
                            int* exponent, unsigned long long* fixed, double* partial) {                                                  \
        brightness_vjp<TAPS>(n, side, image, image_step, xy, xy_step, PLACED, cotangent, dxy, dxy_step, add, largest,      \
                             exponent, fixed, partial);                                                                              \
    }
BRIGHTNESS(2)
BRIGHTNESS(4)

// Sums of the blocks of a lane by each parameter of the placement that is wanted (not null), in a fixed order; one warp.
__device__ __forceinline__ void sum_params(int lane, int blocks, const double* partial, double* const (&to)[PARAMS]) {
    partial += (long long)lane * blocks * PARAMS;
#pragma unroll
    for (int p = 0; p < PARAMS; ++p) {
        double sum = 0.0;
        for (int b = threadIdx.x; b < blocks; b += 32) sum += partial[b * PARAMS + p];
        for (int by = 16; by > 0; by /= 2) sum += __shfl_down_sync(ALL, sum, by);
        if (threadIdx.x == 0 && to[p]) to[p][lane] = sum;
    }
}

// Adds what was gathered in fixed point to the gradient by the image (unless `fixed` is null; without `add`: sets it), [gridDim.y][side^2],
// and leaves zeros.
// Where the lanes share the image (gridDim.y is 1), theirs are added up in order. A lane with a cotangent that is not finite has NaN
// everywhere. The first block of each row writes the gradient by the placement, [lanes], in place of pixels.
extern "C" __global__ void __launch_bounds__(THREADS)
brightness_finish(int pixels, int lanes, unsigned long long* fixed, const int* exponent, float* dimage, int add, int blocks,
                  const double* partial, double* center_x, double* center_y, double* scale, double* amp, double* angle) {
    const int together = lanes / gridDim.y, first = blockIdx.y * together;
    await_the_one_before();
    if (blockIdx.x == 0) {
        double* const to[PARAMS] = {center_x, center_y, scale, amp, angle};
        for (int lane = first; lane < first + together && threadIdx.x < 32; ++lane) sum_params(lane, blocks, partial, to);
        return;
    }
    const int i = (blockIdx.x - 1) * THREADS + threadIdx.x;
    if (i >= pixels || !fixed) return;
    double sum = 0.0;
    for (int lane = first; lane < first + together; ++lane) {
        const int e = exponent[lane];
        unsigned long long* at = fixed + (long long)lane * pixels + i;
        const double size = e == NOT_FINITE ? not_a_number() : __longlong_as_double((1023ll - e) << 52);
        sum += (double)(long long)*at * size;
        *at = 0;
    }
    float* to = dimage + (long long)blockIdx.y * pixels + i;
    *to = add ? *to + (float)sum : (float)sum;
}

// into += the sum of the lanes [lanes][count], in order; leaves zeros there.
extern "C" __global__ void __launch_bounds__(THREADS)
add_lanes(int count, int lanes, float* from, float* into) {
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= count) return;
    float sum = 0.0f;
    for (int lane = 0; lane < lanes; ++lane) {
        sum += from[(long long)lane * count + i];
        from[(long long)lane * count + i] = 0.0f;
    }
    into[i] += sum;
}

// The factors of the elimination of (1 4 1), from which on they no longer change in f32: f[0] = 1/4, f[i] = 1 / (4 - f[i-1]).
const int FACTORS = 8;
__constant__ float factors[FACTORS] = {0.25f,         0.26666667f,   0.26785714f,   0.26794258f,
                                       0.26794872f,   0.26794916f,   0.26794919f,   0.26794919f};

// Solves (c[i-1] + 4 c[i] + c[i+1]) / 6 = x[i] in place, for the sequence of `length` numbers that are `step` apart.
__device__ __forceinline__ void solve(float* x, int length, int step) {
    float before = 0.0f;
#pragma unroll 8
    for (int i = 0; i < length; ++i) {
        const float f = factors[min(i, FACTORS - 1)];
        before = fmaf(-f, before, 6.0f * f * x[i * step]);
        x[i * step] = before;
    }
#pragma unroll 8
    for (int i = length - 2; i >= 0; --i) {
        before = fmaf(-factors[min(i, FACTORS - 1)], before, x[i * step]);
        x[i * step] = before;
    }
}

// Along both axes; `line` is how far apart two rows are.
__device__ __forceinline__ void solve_both(float* x, int height, int width, int line) {
    for (int row = threadIdx.x; row < height; row += blockDim.x) solve(x + row * line, width, 1);
    __syncthreads();
    for (int column = threadIdx.x; column < width; column += blockDim.x) solve(x + column, height, line);
    __syncthreads();
}

// Coefficients with which a cubic B-spline goes through the pixels of an image, zero outside. The matrix is symmetric, so that this is
// its own way back. Writes `to`, or adds to it. A small image is solved in shared memory, a large one in `work`, [lanes][height * width],
// which may be `to` where that is written.
const int LARGEST = 64;

extern "C" __global__ void __launch_bounds__(64)
spline_coefficients(int height, int width, const float* from, float* work, float* to, int add) {
    // Rows an odd number apart keep rows and columns off each other's banks.
    __shared__ float image[LARGEST * (LARGEST + 1)];
    const int pixels = height * width, odd = width | 1;
    from += (long long)blockIdx.x * pixels;
    to += (long long)blockIdx.x * pixels;
    const bool is_small = height <= LARGEST && width <= LARGEST;
    float* own = is_small ? image : work + (long long)blockIdx.x * pixels;
    const int line = is_small ? odd : width;
#pragma unroll 16
    for (int i = threadIdx.x; i < pixels; i += blockDim.x) own[i / width * line + i % width] = __ldg(from + i);
    __syncthreads();
    solve_both(own, height, width, line);
    for (int i = threadIdx.x; i < pixels; i += blockDim.x) {
        const float c = own[i / width * line + i % width];
        to[i] = add ? to[i] + c : c;
    }
}

// What the square of a pixel is multiplied with in the four sums that the moments follow from: the means over the pixels of p^2, p^2 x, p^2 y,
// p^2 (x^2 + y^2), with x and y in widths of the image, from its middle.
struct OfSquare {
    double of[4];

    // `width`: of a pixel.
    __device__ OfSquare(int side, double width, int pixel) {
        const double middle = 0.5 * (side - 1), x = (pixel % side - middle) * width, y = (pixel / side - middle) * width, share = width * width;
        of[0] = share, of[1] = share * x, of[2] = share * y, of[3] = share * (x * x + y * y);
    }
};

// A block has a whole image.
const int MOMENTS = 1024;

// Writes [lanes][4]: the norm, the centroid x and y, the size.
extern "C" __global__ void __launch_bounds__(MOMENTS)
moments(int side, const float* image, double* out) {
    __shared__ double warps[MOMENTS / 32][4];
    image += (long long)blockIdx.x * side * side;
    const double width = 1.0 / side;
    double sums[4] = {};
    for (int i = threadIdx.x; i < side * side; i += MOMENTS) {
        const OfSquare weights(side, width, i);
        const double pixel = __ldg(image + i), square = pixel * pixel;
#pragma unroll
        for (int m = 0; m < 4; ++m) sums[m] += weights.of[m] * square;
    }
#pragma unroll
    for (int m = 0; m < 4; ++m) {
        for (int by = 16; by > 0; by /= 2) sums[m] += __shfl_down_sync(ALL, sums[m], by);
        if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32][m] = sums[m];
    }
    __syncthreads();
    if (threadIdx.x >= 32) return;
#pragma unroll
    for (int m = 0; m < 4; ++m) {
        double sum = warps[threadIdx.x][m];
        for (int by = MOMENTS / 64; by > 0; by /= 2) sum += __shfl_down_sync(ALL, sum, by);
        sums[m] = sum;
    }
    if (threadIdx.x > 0) return;
    const double x = sums[1] / sums[0], y = sums[2] / sums[0];
    double* to = out + 4 * blockIdx.x;
    to[0] = sqrt(sums[0]), to[1] = x, to[2] = y, to[3] = sqrt(sums[3] / sums[0] - x * x - y * y);
}

// `of`: the moments, `by`: their cotangent, [lanes][4] both.
extern "C" __global__ void __launch_bounds__(THREADS)
moments_vjp(int side, const float* image, const double* of, const double* by, float* dimage) {
    __shared__ double slopes[4];
    of += 4 * blockIdx.y, by += 4 * blockIdx.y;
    if (threadIdx.x == 0) {
        const double norm = of[0], x = of[1], y = of[2], size = of[3], total = norm * norm, by_square = by[3] / (2.0 * size * total);
        slopes[0] = 0.5 * by[0] / norm - (x * by[1] + y * by[2]) / total - (size * size - x * x - y * y) * by_square;
        slopes[1] = by[1] / total - 2.0 * x * by_square;
        slopes[2] = by[2] / total - 2.0 * y * by_square;
        slopes[3] = by_square;
    }
    __syncthreads();
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= side * side) return;
    const OfSquare weights(side, 1.0 / side, i);
    double weight = 0.0;
#pragma unroll
    for (int m = 0; m < 4; ++m) weight += weights.of[m] * slopes[m];
    const long long at = (long long)blockIdx.y * side * side + i;
    dimage[at] += (float)(2.0 * weight) * __ldg(image + at);
}

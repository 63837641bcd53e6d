// The decoder (table D2) in evaluation mode, z[64] -> image[64][64], and the way back, for N images.
//
//   level   channels  pixels   between a level and the next
//   0       512       4 x 4    a matrix from z, shift, activation       first_forward
//   1       256       8 x 8    transposed convolution, shift, activation *_forward_1
//   2       128       16 x 16  transposed convolution, shift, activation *_forward_2
//   3       64        32 x 32  transposed convolution, shift, activation *_forward_3
//   image   1         64 x 64  transposed convolution, tanh             last_forward
//
// The activation is ReLU with its kink rounded off, in units in which that takes 1 to either side: weights and shifts are in them.
//
// "Deep" is the smaller image of a transposed convolution with more channels, "wide" the larger one. Kernel pixel (ky, kx) joins deep
// pixel (y, x) with wide pixel (2 y - 1 + ky, 2 x - 1 + kx). All activations and their gradients lie channels last, [N][y][x][channel].
//
// Every layer is a product of matrices, rows: pixels (deep ones; forwards once for each phase of the stride), columns: channels, terms:
// taps of the kernel and the channels behind them. It runs on the tensor cores, every f32 split into two numbers of TF32 and three of
// the four products taken, which is as good as f32 (1.6e-7 a layer, measured on an H100); without them (sm_75), with FMA. Sums are in a
// fixed order: equal input, equal bits.
//
// Few images: `one_*`, `two_*`, `few_*`, one launch a layer, which differ in the tile of a block: small, so that all multiprocessors have
// one, or large, so that more pixels share a weight. The warps of a block split the terms, so that each weight is read once, straight
// into registers; pixels pass through shared memory, in which the sums of warps are added up. The bits of an image depend neither on
// N nor on which of the three it is.
// Many images: `many_*`. Tiles of 128 pixels and 128 channels (64 in layer 3) through shared memory. Where too few tiles are there for all
// multiprocessors, the terms are split over blocks, which then write raw sums to `partial`, and `finish_*` adds them up.
// first_forward, last_* and sum_latent serve both.
//
// A launch behind another may begin early: every kernel lets the next begin, and waits before it reads anything but weights or writes
// anything.
//
// Weights from PyTorch's [deep][wide][4][4], batch normalisation folded in (w = wide channel, d = deep channel, k = latent number):
//   first      [k][y][x][d]            of decoder.0: [64][4][4][512]
//   first_back [d / 4][k][y][x][d % 4]               [128][64][4][4][4]
//   forward    [py][px][w / 8][i][j][d / 16][w % 8][d % 16]             of the layers between
//   backward   [d / 8][ky][kx][w / 16][d % 8][w % 16]
//   last_forward  [ky / 2][d / 16][ky % 2][kx][d % 16]                  of decoder.12: [2][4][2][4][16]
//   last_backward [ky][kx][d]                                           [4][4][64]
// where phase (py, px) has wide pixels (2 y + py, 2 x + px), and its taps i, j in {0, 1} are kernel pixels ky = 1 - py + 2 i,
// kx = 1 - px + 2 j. All pointers are to be aligned to 16 bytes.
//
// Scratch, in floats:  level_0 8192 N, level_1 16384 N, level_2 32768 N, level_3 65536 N        (kept from forwards to backwards)
//   gradient_3 65536 N, gradient_2 32768 N, gradient_1 16384 N (may lie where gradient_3 was), gradient_0 8192 N (many only; may lie
//   where gradient_2 was);  latent 8192 N;  partial 8388608, whatever N (many only, no more than 512 tiles are split).
//
// Launches (grid; block), forwards, with P(n) for ceil(deep pixels of all images / n):
//   first_forward    (128, ceil(N / 16)); 64           z, first, shift_0, level_0, N
//   one_forward_1    (128, P(16)); 512                 level_0, forward, shift_1, level_1, N       N = 1
//   two_forward_1    (128, P(32)); 512                                                             N = 2
//   few_forward_1    (64, P(32)); 512                                                              N > 2
//   one_forward_2    (32, P(16)); 256                  level_1, forward, shift_2, level_2, N       N = 1
//   few_forward_2    (32, P(32)); 256                                                              N > 1
//   one_forward_3    (16, P(32)); 256                  level_2, forward, shift_3, level_3, N       N = 1
//   few_forward_3    (16, P(64)); 256                                                              N > 1
//   last_forward     (16, N); 256                      level_3, last_forward, image
// backwards:
//   last_backward    (64, N); 256                      image, cotangent, last_backward, level_3, gradient_3
//   one_backward_3   (8, P(16)); 512                   gradient_3, backward, level_2, gradient_2, N
//   two_backward_3   (8, P(32)); 512
//   few_backward_3   (8, P(64)); 512
//   one_backward_2   (32, P(16)); 512                  gradient_2, backward, level_1, gradient_1, N
//   two_backward_2   (16, P(16)); 512
//   few_backward_2   (16, P(32)); 512
//   one_backward_1   (128, P(16)); 512                 gradient_1, backward, level_0, first_back, latent, N
//   two_backward_1   (128, P(32)); 512
//   few_backward_1   (64, P(32)); 512
//   sum_latent       (N); 256                          latent, 128, dz
// (all of them are right for any N; N = 1, 2, > 2 is where each is the fastest). With many images instead of these, S = blocks over
// which the terms of a tile are split (grid.z):
//   many_forward_1         (P(128), 8, S); 256         level, forward, shift, next level, partial, N
//   many_forward_2         (P(128), 4, S); 256
//   many_forward_3         (P(128), 4, S); 128
//   many_backward_3        (P(128), 1, S); 256         gradient, backward, level, next gradient, partial, N
//   many_backward_2        (P(128), 2, S); 256
//   many_backward_1        (P(128), 4, S); 256
//   first_backward_many    (ceil(N / 64), 32); 256     gradient_0, first, latent, N        then sum_latent with 32 for 128
// and behind each of the first six, if S > 1, with `count` = floats of what it writes (N times those of the level):
//   finish_forward         (ceil(count / 1024)); 256          partial, S, count, shift, channels, next level
//   finish_backward        (ceil(count / 1024)); 256          partial, S, count, level, next gradient
// S is a power of two, at most 16, that keeps x y S at or below 512 where it is not 1.

const int LATENT = 64;
const int FIRST = 8192;
const unsigned ALL = 0xffffffffu;

// max(x, 0), and (x + 1)^2 / 4 between -1 and 1.
__device__ __forceinline__ float rounded(float x) {
    const float t = fminf(fmaxf(x + 1.0f, 0.0f), 2.0f);
    return 0.25f * t * t + fmaxf(x - 1.0f, 0.0f);
}

// Its slope where it gave y.
__device__ __forceinline__ float slope(float y) { return sqrtf(fminf(y, 1.0f)); }

// ---- Products of matrices in pieces of 16 x 16 times 16 x 8 ----

// In memory a piece is [row or column][16 terms]. A warp holds one in its registers: lane 4 g + t has the terms 4 t to 4 t + 3, of the
// first matrix those of rows g and g + 8, of the second those of column g, and of the product columns 2 t and 2 t + 1 of row g, then
// of row g + 8.

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800

// A number as the sum of two that the tensor cores take (10 bits behind the point), to 2^-22 of it.
struct Split {
    unsigned high, low;
};

__device__ __forceinline__ Split split(float x) {
    const unsigned high = (__float_as_uint(x) + 0x1000u) & 0xffffe000u;
    return {high, __float_as_uint(x - __uint_as_float(high))};
}

// Four terms of a row or column, as they were read, and ready for use.
using Read = float4;
struct Terms {
    Split x, y, z, w;
};

__device__ __forceinline__ Read read_global(const float4* piece) { return __ldg(piece + threadIdx.x % 32); }
__device__ __forceinline__ Terms terms(Read v) { return {split(v.x), split(v.y), split(v.z), split(v.w)}; }
__device__ __forceinline__ Terms column(const float4* piece) { return terms(piece[threadIdx.x % 32]); }
__device__ __forceinline__ Terms row(const float4* sixteen) { return terms(sixteen[threadIdx.x % 4]); }

__device__ __forceinline__ void multiply_halves(float (&sums)[4], unsigned a0, unsigned a1, unsigned a2, unsigned a3, unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// The products of 8 terms with those of N pieces, side by side: each waits for the one before it in its sums. What is left out is 2^-22
// of a product.
template <int N>
__device__ __forceinline__ void multiply_8(float (&sums)[N][4], Split a0, Split a1, Split a2, Split a3, const Split (&b0)[N], const Split (&b1)[N]) {
#pragma unroll
    for (int n = 0; n < N; ++n) multiply_halves(sums[n], a0.low, a1.low, a2.low, a3.low, b0[n].high, b1[n].high);
#pragma unroll
    for (int n = 0; n < N; ++n) multiply_halves(sums[n], a0.high, a1.high, a2.high, a3.high, b0[n].low, b1[n].low);
#pragma unroll
    for (int n = 0; n < N; ++n) multiply_halves(sums[n], a0.high, a1.high, a2.high, a3.high, b0[n].high, b1[n].high);
}

// sums += 16 terms, for N pieces of the second matrix. Tensor cores cut off what they add to sums of their own, so these start from zero
// each time.
template <int N>
__device__ __forceinline__ void multiply_16(float (&sums)[N][4], const Terms& upper, const Terms& lower, const Terms (&columns)[N]) {
    float parts[N][4] = {};
    Split b[4][N];
#pragma unroll
    for (int n = 0; n < N; ++n) {
        b[0][n] = columns[n].x;
        b[1][n] = columns[n].y;
        b[2][n] = columns[n].z;
        b[3][n] = columns[n].w;
    }
    multiply_8(parts, upper.x, lower.x, upper.y, lower.y, b[0], b[1]);
    multiply_8(parts, upper.z, lower.z, upper.w, lower.w, b[2], b[3]);
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[n][i] += parts[n][i];
    }
}

// 16 bytes on their way from global to shared memory, zeros where they are not `inside`; a group is what was sent since the one before.
__device__ __forceinline__ void copy_later(float4* to, const float* from, bool inside) {
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(inside ? 16 : 0) : "memory");
}

__device__ __forceinline__ void end_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Until all but the last REST groups of this thread are there.
template <int REST>
__device__ __forceinline__ void await_groups() {
    asm volatile("cp.async.wait_group %0;" ::"n"(REST) : "memory");
}

#else

// Without such tensor cores (sm_75, or the emulator) a lane reads the rows and columns of what it has of the product.
using Read = const float4*;
using Terms = const float4*;

__device__ __forceinline__ Read read_global(const float4* piece) { return piece; }
__device__ __forceinline__ Terms terms(Read piece) { return piece; }
__device__ __forceinline__ Terms column(const float4* piece) { return piece; }
__device__ __forceinline__ Terms row(const float4* sixteen) { return sixteen; }

__device__ __forceinline__ void add_product(float& sum, float4 a, float4 b) {
    sum = fmaf(a.x, b.x, fmaf(a.y, b.y, fmaf(a.z, b.z, fmaf(a.w, b.w, sum))));
}

template <int N>
__device__ __forceinline__ void multiply_16(float (&sums)[N][4], Terms upper, Terms lower, const Terms (&columns)[N]) {
    const int left = threadIdx.x % 4 * 8;
#pragma unroll
    for (int n = 0; n < N; ++n) {
        // Unrolled it takes the compiler minutes.
#pragma unroll 1
        for (int i = 0; i < 4; ++i) {
            add_product(sums[n][0], upper[i], columns[n][left + i]);
            add_product(sums[n][1], upper[i], columns[n][left + 4 + i]);
            add_product(sums[n][2], lower[i], columns[n][left + i]);
            add_product(sums[n][3], lower[i], columns[n][left + 4 + i]);
        }
    }
}

__device__ __forceinline__ void copy_later(float4* to, const float* from, bool inside) {
    *to = inside ? __ldg((const float4*)from) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
}

__device__ __forceinline__ void end_group() {}

template <int REST>
__device__ __forceinline__ void await_groups() {}

#endif

// ---- Both ways, few images ----

// A product for 16 TALL pixels (rows) and 8 BROAD channels (columns) in a block of WARPS warps, each of which has the terms of one tap, and
// of one in CHUNKS of the channels that are summed over. `STRIDE` 1 is forwards, for the pixels of one phase, 2 backwards.
// Pixels of the source come through shared memory in STEPS stages of 16 CHUNKS channels.
template <int CHANNELS, int SIDE, int STRIDE, int STEPS, int WARPS, int TALL, int BROAD>
struct Few {
    static constexpr int TAPS = STRIDE == 1 ? 4 : 16, CHUNKS = WARPS / TAPS, SOURCE = STRIDE * SIDE, AREA = SIDE * SIDE;
    static constexpr int THREADS = 32 * WARPS, PIXELS = 16 * TALL, COLUMNS = 8 * BROAD, TILES = TALL * BROAD;
    // Whole images, or some lines of one, with the lines around them that the taps reach.
    static constexpr bool WHOLE = PIXELS >= AREA;
    static constexpr int LINES = WHOLE ? PIXELS / AREA * SOURCE : STRIDE * (PIXELS / SIDE) + STRIDE;
    // Pixels of a chunk in shared memory, of 16 channels each, and behind them two of zeros; an odd number, as it takes a half of the banks.
    static constexpr int PLACES = LINES * SOURCE, APART = PLACES + 3, STAGE = CHUNKS * APART * 4;
    // Stages that have a place, and that are on their way at a time.
    static constexpr int FIT = 45056 / (16 * STAGE), SLOTS = STEPS < FIT ? STEPS : FIT, AHEAD = STEPS <= FIT ? STEPS : FIT - 1;
    static constexpr int SUMS = WARPS / 2 * TILES * 32, SIZE = SLOTS * STAGE > SUMS ? SLOTS * STAGE : SUMS;
    // Weights are on their way so many steps before they are used: as many as registers are there for.
    static constexpr bool LITTLE = TILES >= 4 || (BROAD == 2 && STRIDE == 2 && STEPS == 8);
    static constexpr int EARLY = TILES >= 8 || (TILES >= 4 && SIDE == 4 && STRIDE == 2) ? 1 : LITTLE ? 2 : BROAD == 2 || STEPS < 8 ? 4 : 8;
    // Steps in a row of the program: more of them would have their loads early too, in registers that are not there.
    static constexpr int UNROLLED = !LITTLE || (TILES == 4 && WARPS == 8) ? STEPS : EARLY;
    static constexpr int OUTPUTS = (TILES * 128 + THREADS - 1) / THREADS;

    // Backwards even columns lie before odd ones: a tap takes every other.
    static __device__ __forceinline__ int place(int line, int x) {
        return line * SOURCE + (STRIDE == 1 ? x : x / 2 + x % 2 * (SOURCE / 2));
    }

    // `source` and `weight` are those of the first channel that is summed over. `before` is asked early for a number that `write` gets
    // with the sum; both are given the pixel among all and the channel in the block.
    template <class Before, class Write>
    static __device__ __forceinline__ void run(const float* source, const float* weight, int images, int2 phase, Before before, Write write) {
        __shared__ float4 shared[SIZE];
        const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4;
        const int tap = warp / CHUNKS, chunk = warp % CHUNKS;
        const int dx = STRIDE == 1 ? phase.x - tap % 2 : tap % 4 - 1, dy = STRIDE == 1 ? phase.y - tap / 2 : tap / 4 - 1;
        const int first = blockIdx.y * PIXELS, image = first / AREA;

        weight += (tap * (CHANNELS / 16) + chunk) * 128;
        Read columns[EARLY][BROAD];
        const auto fetch = [&](int step) {
#pragma unroll
            for (int n = 0; n < BROAD; ++n) {
                columns[step % EARLY][n] = read_global((const float4*)(weight + n * (TAPS * CHANNELS * 8) + step * CHUNKS * 128));
            }
        };
        let_next_begin();
#pragma unroll
        for (int step = 0; step < EARLY; ++step) fetch(step);
        await_the_one_before();

        // Lines of the source, counted over all images.
        const int top = image * SOURCE, bottom = min(image + (WHOLE ? PIXELS / AREA : 1), images) * SOURCE;
        const int first_line = WHOLE ? top : top + STRIDE * (first % AREA / SIDE) + (STRIDE == 1 ? phase.y - 1 : -1);
        const auto send = [&](int step, int slot) {
#pragma unroll(TILES >= 8 ? 1 : 8)
            for (int i = 0; i < (PLACES * 4 * CHUNKS + THREADS - 1) / THREADS; ++i) {
                const int at = threadIdx.x + i * THREADS, four = at % (4 * CHUNKS), pixel = at / (4 * CHUNKS);
                const int line = pixel / SOURCE, x = pixel % SOURCE, from = first_line + line;
                if (pixel < PLACES && from >= top && from < bottom)
                    copy_later(shared + slot * STAGE + (four / 4 * APART + place(line, x)) * 4 + four % 4,
                               source + (from * SOURCE + x) * CHANNELS + 16 * CHUNKS * step + 4 * four, true);
            }
        };
#pragma unroll
        for (int step = 0; step < AHEAD; ++step) {
            send(step, step);
            end_group();
        }
        for (int i = threadIdx.x; i < SLOTS * CHUNKS * 8; i += THREADS) {
            shared[(i / 8 * APART + PLACES) * 4 + i % 8] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }

        float early[OUTPUTS];
#pragma unroll
        for (int i = 0; i < OUTPUTS; ++i) {
            const int at = threadIdx.x + i * THREADS, pixel = first + at / COLUMNS;
            early[i] = before(min(pixel, images * AREA - 1), at % COLUMNS);
        }

        // Where the lane's two pixels of each 16 lie in a chunk, in one register.
        unsigned places[TALL];
#pragma unroll
        for (int m = 0; m < TALL; ++m) {
            places[m] = 0;
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int pixel = first + 16 * m + 8 * half + g;
                const int y = STRIDE * (pixel / SIDE % SIDE) + dy, x = STRIDE * (pixel % SIDE) + dx;
                const bool inside = y >= 0 && y < SOURCE && x >= 0 && x < SOURCE && pixel < images * AREA;
                const int line = pixel / AREA * SOURCE + y - first_line;
                places[m] += (inside ? place(line, x) : PLACES + g % 2) << 16 * half;
            }
        }

        float sums[TALL][BROAD][4] = {};
        int slot = 0;
#pragma unroll(UNROLLED)
        for (int step = 0; step < STEPS; ++step) {
            // One group a step, empty or not: the step's own is all but the last AHEAD - 1.
            await_groups<AHEAD - 1>();
            __syncthreads();
            // Into the place of the step before, which all are done with.
            if (AHEAD < STEPS && step + AHEAD < STEPS) send(step + AHEAD, slot == 0 ? SLOTS - 1 : slot - 1);
            end_group();
            const float4* pixels = shared + slot * STAGE + chunk * (APART * 4);
            slot = slot == SLOTS - 1 ? 0 : slot + 1;
            Terms b[BROAD];
#pragma unroll
            for (int n = 0; n < BROAD; ++n) b[n] = terms(columns[step % EARLY][n]);
            if (step + EARLY < STEPS) fetch(step + EARLY);
#pragma unroll
            for (int m = 0; m < TALL; ++m) {
                const Terms above = row(pixels + 4 * (places[m] % 65536)), below = row(pixels + 4 * (places[m] / 65536));
                multiply_16(sums[m], above, below, b);
            }
        }

        // The sum over warps: the upper half onto the lower half, then these in order.
#pragma unroll
        for (int half = 1; half >= 0; --half) {
            __syncthreads();
            if (warp / (WARPS / 2) != half) continue;
#pragma unroll
            for (int m = 0; m < TALL; ++m) {
#pragma unroll
                for (int n = 0; n < BROAD; ++n) {
                    float4& at = shared[(warp % (WARPS / 2) * TILES + m * BROAD + n) * 32 + lane];
                    const float(&own)[4] = sums[m][n];
                    const float4 other = half ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : at;
                    at = make_float4(own[0] + other.x, own[1] + other.y, own[2] + other.z, own[3] + other.w);
                }
            }
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < OUTPUTS; ++i) {
            const int at = threadIdx.x + i * THREADS, row = at / COLUMNS, column = at % COLUMNS;
            if (at >= TILES * 128 || first + row >= images * AREA) continue;
            // The lane that has it, and the number among that lane's four.
            const int tile = row / 16 * BROAD + column / 8, holder = row % 8 * 4 + column % 8 / 2, number = row % 16 / 8 * 2 + column % 2;
            const float* part = (const float*)shared + (tile * 32 + holder) * 4 + number;
            float sum = part[0];
#pragma unroll
            for (int w = 1; w < WARPS / 2; ++w) sum += part[w * TILES * 128];
            write(first + row, column, sum, early[i]);
        }
    }
};

// A transposed convolution. blockIdx.x: phase of the stride and wide channels.
template <int DEEP, int WIDE, int SIDE, int WARPS, int TALL, int BROAD>
__device__ __forceinline__ void few_forward(const float* level, const float* weight, const float* shift, float* next, int images) {
    using Shape = Few<DEEP, SIDE, 1, DEEP / (4 * WARPS), WARPS, TALL, BROAD>;
    const int phase = blockIdx.x % 4, py = phase / 2, px = phase % 2, w = blockIdx.x / 4 * Shape::COLUMNS;
    weight += (phase * WIDE + w) * 4 * DEEP;
    const auto before = [&](int, int column) { return __ldg(shift + w + column); };
    Shape::run(level, weight, images, make_int2(px, py), before, [&](int pixel, int column, float sum, float shift) {
        const int image = pixel / (SIDE * SIDE), y = 2 * (pixel / SIDE % SIDE) + py, x = 2 * (pixel % SIDE) + px;
        next[((image * 2 * SIDE + y) * 2 * SIDE + x) * WIDE + w + column] = rounded(sum + shift);
    });
}

// The way back through it, and through the activation. blockIdx.x: deep channels.
template <int DEEP, int WIDE, int SIDE, int TALL, int BROAD>
__device__ __forceinline__ void few_backward(const float* gradient, const float* weight, const float* level, float* next, int images) {
    using Shape = Few<WIDE, SIDE, 2, WIDE / 16, 16, TALL, BROAD>;
    const int d = blockIdx.x * Shape::COLUMNS;
    const auto before = [&](int pixel, int column) { return __ldg(level + pixel * DEEP + d + column); };
    Shape::run(gradient, weight + d * 16 * WIDE, images, make_int2(0, 0), before, [&](int pixel, int column, float sum, float level) {
        next[pixel * DEEP + d + column] = sum * slope(level);
    });
}

// The way back to level 0, and on through the matrix: what the block's numbers of that level give to dz. blockIdx.x: one of the halves of
// the wide channels, and deep channels, of which each eight have a part of `latent`.
template <int TALL, int BROAD>
__device__ __forceinline__ void
few_backward_first(const float* gradient, const float* weight, const float* level, const float* first_back, float* latent, int images) {
    const int DEEP = 512, WIDE = 256;
    using Shape = Few<WIDE, 4, 2, WIDE / 32, 16, TALL, BROAD>;
    __shared__ float4 masked[Shape::COLUMNS / 4][Shape::PIXELS];
    const int half = blockIdx.x % 2, part = blockIdx.x / 2 * BROAD, d = part * 8;
    gradient += half * (WIDE / 2);
    weight += d * 16 * WIDE + half * (WIDE / 32) * 128;
    const auto before = [&](int pixel, int column) { return __ldg(level + pixel * DEEP + d + column); };
    Shape::run(gradient, weight, images, make_int2(0, 0), before, [&](int pixel, int column, float sum, float level) {
        ((float*)&masked[column / 4][pixel % Shape::PIXELS])[column % 4] = sum * slope(level);
    });
    // Eight threads have a latent number, each two pixels: neighbouring threads neighbouring ones.
    const int k = threadIdx.x / 8, eighth = threadIdx.x % 8;
    float4 matrix[BROAD][2][2];
#pragma unroll
    for (int i = 0; i < BROAD * 4; ++i) {
        const int four = d / 4 + i / 2;
        matrix[i / 4][i / 2 % 2][i % 2] = __ldg((const float4*)first_back + (four * LATENT + k) * 16 + eighth + i % 2 * 8);
    }
    __syncthreads();
#pragma unroll
    for (int m = 0; m < TALL; ++m) {
        const int image = blockIdx.y * TALL + m;
#pragma unroll
        for (int n = 0; n < BROAD; ++n) {
            float sum = 0.0f;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float4 v = matrix[n][i / 2][i % 2], g = masked[2 * n + i / 2][16 * m + eighth + i % 2 * 8];
                sum = fmaf(v.x, g.x, fmaf(v.y, g.y, fmaf(v.z, g.z, fmaf(v.w, g.w, sum))));
            }
            sum += __shfl_xor_sync(ALL, sum, 1);
            sum += __shfl_xor_sync(ALL, sum, 2);
            sum += __shfl_xor_sync(ALL, sum, 4);
            if (eighth == 0 && image < images) latent[(image * 128 + 2 * (part + n) + half) * LATENT + k] = sum;
        }
    }
}

#define FEW_FORWARD(NAME, DEEP, WIDE, SIDE, WARPS, TALL, BROAD)                                                                  \
    extern "C" __global__ void __launch_bounds__(32 * WARPS, 16 / WARPS)                                                         \
    NAME(const float* level, const float* weight, const float* shift, float* next, int images) {                                 \
        few_forward<DEEP, WIDE, SIDE, WARPS, TALL, BROAD>(level, weight, shift, next, images);                                   \
    }
#define FEW_BACKWARD(NAME, DEEP, WIDE, SIDE, TALL, BROAD)                                                                        \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                         \
    NAME(const float* gradient, const float* weight, const float* level, float* next, int images) {                              \
        few_backward<DEEP, WIDE, SIDE, TALL, BROAD>(gradient, weight, level, next, images);                                      \
    }
#define FEW_BACKWARD_1(NAME, TALL, BROAD)                                                                                        \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                         \
    NAME(const float* gradient, const float* weight, const float* level, const float* first_back, float* latent, int images) {   \
        few_backward_first<TALL, BROAD>(gradient, weight, level, first_back, latent, images);                                    \
    }
FEW_FORWARD(one_forward_1, 512, 256, 4, 16, 1, 1)
FEW_FORWARD(one_forward_2, 256, 128, 8, 8, 1, 2)
FEW_FORWARD(one_forward_3, 128, 64, 16, 8, 2, 2)
FEW_BACKWARD(one_backward_3, 128, 64, 16, 1, 2)
FEW_BACKWARD(one_backward_2, 256, 128, 8, 1, 1)
FEW_BACKWARD_1(one_backward_1, 1, 1)
FEW_FORWARD(two_forward_1, 512, 256, 4, 16, 2, 1)
FEW_BACKWARD(two_backward_3, 128, 64, 16, 2, 2)
FEW_BACKWARD(two_backward_2, 256, 128, 8, 1, 2)
FEW_BACKWARD_1(two_backward_1, 2, 1)
FEW_FORWARD(few_forward_1, 512, 256, 4, 16, 2, 2)
FEW_FORWARD(few_forward_2, 256, 128, 8, 8, 2, 2)
FEW_FORWARD(few_forward_3, 128, 64, 16, 8, 4, 2)
FEW_BACKWARD(few_backward_3, 128, 64, 16, 4, 2)
FEW_BACKWARD(few_backward_2, 256, 128, 8, 2, 2)
FEW_BACKWARD_1(few_backward_1, 2, 2)

// ---- The ends, any number of images ----

// The activation of z matrix + shift. A thread keeps the column of its number in registers for up to 16 images.
extern "C" __global__ void __launch_bounds__(64)
first_forward(const double* z, const float* first, const float* shift, float* level, int images) {
    __shared__ float latent[16][LATENT];
    const int at = blockIdx.x * 64 + threadIdx.x, from = blockIdx.y * 16, count = min(16, images - from);
    float column[LATENT];
#pragma unroll
    for (int k = 0; k < LATENT; ++k) column[k] = __ldg(first + k * FIRST + at);
    let_next_begin();
    await_the_one_before();
    for (int i = threadIdx.x; i < count * LATENT; i += 64) latent[i / LATENT][i % LATENT] = (float)z[from * LATENT + i];
    const float offset = __ldg(shift + at % 512);
    __syncthreads();
    for (int image = 0; image < count; ++image) {
        // Four sums side by side: one alone would wait for itself.
        float sums[4] = {offset, 0.0f, 0.0f, 0.0f};
#pragma unroll
        for (int k = 0; k < LATENT; ++k) sums[k % 4] = fmaf(latent[image][k], column[k], sums[k % 4]);
        level[(from + image) * FIRST + at] = rounded((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
}

// A block has two lines of deep pixels and those around them: first what each gives to every pixel of its kernel, then the image.
extern "C" __global__ void __launch_bounds__(256)
last_forward(const float* level, const float* weight, float* image) {
    __shared__ float given[16][4 * 32 + 4];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const int first_line = 2 * blockIdx.x - 1;
    // Sixteen pixels of a warp are rows, pixels of the kernel columns. What lines outside give is not used.
    const int line = min(max(first_line + warp / 2, 0), 31);
    const float4* pixels = (const float4*)level + ((blockIdx.y * 32 + line) * 32 + warp % 2 * 16 + g) * 16;
    let_next_begin();
    await_the_one_before();
    float sums[2][4] = {};
#pragma unroll
    for (int chunk = 0; chunk < 4; ++chunk) {
        const Terms columns[2] = {column((const float4*)weight + chunk * 32), column((const float4*)weight + (4 + chunk) * 32)};
        multiply_16(sums, row(pixels + 4 * chunk), row(pixels + 8 * 16 + 4 * chunk), columns);
    }
#pragma unroll
    for (int n = 0; n < 2; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) given[8 * n + 2 * t + i % 2][16 * warp + g + i / 2 * 8] = sums[n][i];
    }
    __syncthreads();
    const int own = threadIdx.x / 128, py = threadIdx.x / 64 % 2, x = threadIdx.x % 64 / 2, px = threadIdx.x % 2;
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
            const int from_line = own + 1 + py - i, from = x + px - j;
            const bool inside = from >= 0 && from < 32 && first_line + from_line >= 0 && first_line + from_line < 32;
            if (inside) sum += given[4 * (1 - py + 2 * i) + 1 - px + 2 * j][32 * from_line + from];
        }
    }
    image[blockIdx.y * 4096 + (4 * blockIdx.x + threadIdx.x / 64) * 64 + threadIdx.x % 64] = tanhf(sum);
}

// The pixel at `at` where it is inside, zero around the image.
__device__ __forceinline__ float pixel_or_zero(const float* at, bool inside) { return inside ? __ldg(at) : 0.0f; }

// A block has a tile of 4 x 4 deep pixels, a thread one channel of one line of it.
extern "C" __global__ void __launch_bounds__(256)
last_backward(const float* image, const float* cotangent, const float* weight, const float* level, float* gradient) {
    __shared__ float around[10][10];
    const int tile_y = blockIdx.x / 8, tile_x = blockIdx.x % 8, d = threadIdx.x % 64, line = threadIdx.x / 64;
    float kernel[16];
#pragma unroll
    for (int k = 0; k < 16; ++k) kernel[k] = __ldg(weight + k * 64 + d);
    let_next_begin();
    await_the_one_before();
    if (threadIdx.x < 100) {
        const int r = threadIdx.x / 10, c = threadIdx.x % 10, y = 8 * tile_y - 1 + r, x = 8 * tile_x - 1 + c;
        const bool inside = y >= 0 && y < 64 && x >= 0 && x < 64;
        const int at = blockIdx.y * 4096 + y * 64 + x;
        const float value = pixel_or_zero(image + at, inside), c_of = pixel_or_zero(cotangent + at, inside);
        around[r][c] = (1.0f - value * value) * c_of;
    }
    __syncthreads();
    const int first = ((blockIdx.y * 32 + 4 * tile_y + line) * 32 + 4 * tile_x) * 64 + d;
#pragma unroll
    for (int x = 0; x < 4; ++x) {
        float sum = 0.0f;
#pragma unroll
        for (int k = 0; k < 16; ++k) sum = fmaf(kernel[k], around[2 * line + k / 4][2 * x + k % 4], sum);
        gradient[first + 64 * x] = sum * slope(__ldg(level + first + 64 * x));
    }
}

// dz = the sum over `count` parts of latent[N][count][64], in a fixed order.
extern "C" __global__ void __launch_bounds__(256)
sum_latent(const float* latent, int count, double* dz) {
    __shared__ double quarters[4][LATENT];
    const int k = threadIdx.x % LATENT, quarter = threadIdx.x / LATENT;
    const float* from = latent + blockIdx.x * count * LATENT + k;
    let_next_begin();
    await_the_one_before();
    double sum = 0.0;
#pragma unroll 8
    for (int i = quarter; i < count; i += 4) sum += (double)from[i * LATENT];
    quarters[quarter][k] = sum;
    __syncthreads();
    if (quarter == 0) dz[blockIdx.x * LATENT + k] = (quarters[0][k] + quarters[1][k]) + (quarters[2][k] + quarters[3][k]);
}

// ---- Many images ----

// A product for a tile of 128 pixels (rows) and BROAD channels (columns), those of `weight`: of pixels (y, x) of all images (of
// SIDE x SIDE) with the source's pixels (STRIDE y + dy(tap), STRIDE x + dx(tap)), zero outside. Forwards (STRIDE 1) the taps are those of a
// phase, backwards (STRIDE 2) all pixels of the kernel. A warp has 64 x 32 numbers. `write` gets pixel, channel, and two sums from there on.
template <int CHANNELS, int SIDE, int STRIDE, int BROAD, class Write>
__device__ __forceinline__ void product(const float* source, const float* weight, int images, int2 phase, Write write) {
    const int SOURCE = STRIDE * SIDE, TAPS = STRIDE == 1 ? 4 : 16, CHUNKS = CHANNELS / 16, TALL = 128;
    const int THREADS = 2 * BROAD, LOADS = 4 * TALL / THREADS;
    // Of one step, 16 terms; two steps are on their way while a third is used.
    __shared__ float4 rows[3][TALL * 4], columns[3][BROAD * 4];
    const int total = images * SIDE * SIDE, first = blockIdx.x * TALL;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const int own_row = warp % 2 * 64, own_column = warp / 2 * 32;

    // Pixels of which this thread copies four channels.
    int2 place[LOADS];
    int image[LOADS];
#pragma unroll
    for (int i = 0; i < LOADS; ++i) {
        const int pixel = first + (threadIdx.x + i * THREADS) / 4;
        // Those behind the last are nowhere near the image.
        place[i] = make_int2(STRIDE * (pixel % SIDE), pixel < total ? STRIDE * (pixel / SIDE % SIDE) : 4 * SOURCE);
        image[i] = pixel / (SIDE * SIDE) * SOURCE * SOURCE;
    }
    const auto send = [&](int step, int slot) {
        const int tap = step / CHUNKS, channel = step % CHUNKS * 16 + threadIdx.x % 4 * 4;
        const int dy = STRIDE == 1 ? phase.y - tap / 2 : tap / 4 - 1, dx = STRIDE == 1 ? phase.x - tap % 2 : tap % 4 - 1;
#pragma unroll
        for (int i = 0; i < LOADS; ++i) {
            const int y = place[i].y + dy, x = place[i].x + dx;
            const bool inside = y >= 0 && y < SOURCE && x >= 0 && x < SOURCE;
            copy_later(&rows[slot][threadIdx.x + i * THREADS], source + (inside ? (image[i] + y * SOURCE + x) * CHANNELS + channel : 0), inside);
        }
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const int at = threadIdx.x + i * THREADS;
            copy_later(&columns[slot][at], weight + (at / 32 * (TAPS * CHUNKS) + step) * 128 + at % 32 * 4, true);
        }
    };

    const int steps = TAPS * CHUNKS / gridDim.z, from = blockIdx.z * steps;
    float sums[4][4][4] = {};
    let_next_begin();
    await_the_one_before();
    send(from, 0);
    end_group();
    send(from + 1, 1);
    end_group();
    int slot = 0;
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
        await_groups<1>();
        __syncthreads();
        // Into the place of the step before, which all are done with.
        if (step + 2 < steps) send(from + step + 2, slot == 0 ? 2 : slot - 1);
        end_group();
        Terms b[4];
#pragma unroll
        for (int n = 0; n < 4; ++n) b[n] = column(&columns[slot][(own_column + 8 * n) * 4]);
#pragma unroll
        for (int m = 0; m < 4; ++m) {
            const float4* a = &rows[slot][(own_row + 16 * m + g) * 4];
            multiply_16(sums[m], row(a), row(a + 8 * 4), b);
        }
        slot = slot == 2 ? 0 : slot + 1;
    }
#pragma unroll
    for (int m = 0; m < 4; ++m) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int pixel = first + own_row + 16 * m + 8 * half + g;
            if (pixel >= total) continue;
#pragma unroll
            for (int n = 0; n < 4; ++n) write(pixel, own_column + 8 * n + 2 * t, make_float2(sums[m][n][2 * half], sums[m][n][2 * half + 1]));
        }
    }
}

// One phase of a transposed convolution.
template <int DEEP, int WIDE, int SIDE, int BROAD>
__device__ __forceinline__ void many_forward(const float* level, const float* weight, const float* shift, float* next, float* partial, int images) {
    const int phase = blockIdx.y % 4, py = phase / 2, px = phase % 2, first = blockIdx.y / 4 * BROAD;
    weight += (phase * WIDE + first) * 4 * DEEP;
    product<DEEP, SIDE, 1, BROAD>(level, weight, images, make_int2(px, py), [&](int pixel, int column, float2 sum) {
        const int image = pixel / (SIDE * SIDE), y = 2 * (pixel / SIDE % SIDE) + py, x = 2 * (pixel % SIDE) + px, w = first + column;
        const int at = ((image * 2 * SIDE + y) * 2 * SIDE + x) * WIDE + w;
        if (gridDim.z == 1) {
            const float2 s = __ldg((const float2*)(shift + w));
            *(float2*)(next + at) = make_float2(rounded(sum.x + s.x), rounded(sum.y + s.y));
        } else {
            *(float2*)(partial + blockIdx.z * (images * 4 * SIDE * SIDE * WIDE) + at) = sum;
        }
    });
}

// The way back.
template <int DEEP, int WIDE, int SIDE, int BROAD>
__device__ __forceinline__ void many_backward(const float* gradient, const float* weight, const float* level, float* next, float* partial, int images) {
    const int first = blockIdx.y * BROAD;
    weight += first * 16 * WIDE;
    product<WIDE, SIDE, 2, BROAD>(gradient, weight, images, make_int2(0, 0), [&](int pixel, int column, float2 sum) {
        const int at = pixel * DEEP + first + column;
        if (gridDim.z == 1) {
            const float2 l = __ldg((const float2*)(level + at));
            *(float2*)(next + at) = make_float2(sum.x * slope(l.x), sum.y * slope(l.y));
        } else {
            *(float2*)(partial + blockIdx.z * (images * SIDE * SIDE * DEEP) + at) = sum;
        }
    });
}

#define MANY(NAME, WAY, DEEP, WIDE, SIDE, BROAD, BLOCKS)                                                                         \
    extern "C" __global__ void __launch_bounds__(2 * BROAD, BLOCKS)                                                              \
    NAME(const float* from, const float* weight, const float* other, float* to, float* partial, int images) {                    \
        WAY<DEEP, WIDE, SIDE, BROAD>(from, weight, other, to, partial, images);                                                  \
    }
MANY(many_forward_1, many_forward, 512, 256, 4, 128, 1)
MANY(many_forward_2, many_forward, 256, 128, 8, 128, 1)
MANY(many_forward_3, many_forward, 128, 64, 16, 64, 3)
MANY(many_backward_3, many_backward, 128, 64, 16, 128, 1)
MANY(many_backward_2, many_backward, 256, 128, 8, 128, 1)
MANY(many_backward_1, many_backward, 512, 256, 4, 128, 1)

__device__ __forceinline__ float4 read(const float* at) { return __ldg((const float4*)at); }

__device__ __forceinline__ float4 rounded(float4 v, float4 shift) {
    return make_float4(rounded(v.x + shift.x), rounded(v.y + shift.y), rounded(v.z + shift.z), rounded(v.w + shift.w));
}

__device__ __forceinline__ float4 mask(float4 v, float4 level) {
    return make_float4(v.x * slope(level.x), v.y * slope(level.y), v.z * slope(level.z), v.w * slope(level.w));
}

// The sum of the parts [split][count] in order, four numbers a thread.
__device__ __forceinline__ float4 sum_parts(const float* partial, int split, int count, int at) {
    float4 sum = *(const float4*)(partial + at);
    for (int s = 1; s < split; ++s) {
        const float4 part = *(const float4*)(partial + s * count + at);
        sum = make_float4(sum.x + part.x, sum.y + part.y, sum.z + part.z, sum.w + part.w);
    }
    return sum;
}

extern "C" __global__ void __launch_bounds__(256)
finish_forward(const float* partial, int split, int count, const float* shift, int channels, float* next) {
    let_next_begin();
    await_the_one_before();
    const int at = 4 * (blockIdx.x * 256 + threadIdx.x);
    if (at < count) *(float4*)(next + at) = rounded(sum_parts(partial, split, count, at), read(shift + at % channels));
}

extern "C" __global__ void __launch_bounds__(256)
finish_backward(const float* partial, int split, int count, const float* level, float* next) {
    let_next_begin();
    await_the_one_before();
    const int at = 4 * (blockIdx.x * 256 + threadIdx.x);
    if (at < count) *(float4*)(next + at) = mask(sum_parts(partial, split, count, at), read(level + at));
}

// What 256 of the 8192 numbers of level 0 give to dz of 64 images; four images and four latent numbers a thread.
extern "C" __global__ void __launch_bounds__(256)
first_backward_many(const float* gradient, const float* first, float* latent, int images) {
    __shared__ float4 numbers[16][17], matrix[16][17];
    const int line = threadIdx.x / 4, quad = threadIdx.x % 4;
    const int own_k = threadIdx.x % 16, own_image = threadIdx.x / 16, from = blockIdx.x * 64, slice = blockIdx.y * 256;
    let_next_begin();
    await_the_one_before();
    float sums[4][4] = {};
    for (int step = 0; step < 256; step += 16) {
        const int at = slice + step + 4 * quad;
        const bool inside = from + line < images;
        const float4 g = inside ? *(const float4*)(gradient + (from + line) * FIRST + at) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        const float4 m = read(first + line * FIRST + at);
        const float of_g[4] = {g.x, g.y, g.z, g.w}, of_m[4] = {m.x, m.y, m.z, m.w};
        __syncthreads();
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            ((float*)numbers[4 * quad + i])[line] = of_g[i];
            ((float*)matrix[4 * quad + i])[line] = of_m[i];
        }
        __syncthreads();
#pragma unroll
        for (int term = 0; term < 16; ++term) {
            const float4 n = numbers[term][own_image], m = matrix[term][own_k];
            const float a[4] = {n.x, n.y, n.z, n.w}, b[4] = {m.x, m.y, m.z, m.w};
#pragma unroll
            for (int i = 0; i < 4; ++i) {
#pragma unroll
                for (int k = 0; k < 4; ++k) sums[i][k] = fmaf(a[i], b[k], sums[i][k]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int image = from + 4 * own_image + i;
        if (image >= images) continue;
        float* to = latent + (image * gridDim.y + blockIdx.y) * LATENT + 4 * own_k;
        *(float4*)to = make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
    }
}

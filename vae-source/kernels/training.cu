// A training step of the neural source: everything but the products of matrices, which are cuBLAS's.
//
// Images are kept channel by channel, [channels][images][height][width], so that a convolution is one product of its weights
// [deep][wide * 16] with columns [wide * 16][images * deep pixels] and batch normalisation sums along rows. A convolution is between a
// wide image of few channels and a deep one of many, as in network/op/geometry.rs; kernels are 4 x 4. All sums are taken in one
// order, so that a step gives the same bits each time.

// sigma_d^-2 of the likelihood, and ln sigma_d + ln(2 pi) / 2 with sigma_d = 1 / 50.
#define PRECISION 2500.0
#define LN_NORM (-2.9930844722234733)
// What PyTorch adds to a variance, and the share of a batch in the running statistics.
#define EPSILON 1e-5f
#define MOMENTUM 0.1f
#define LATENT 64

__device__ bool is_finite(double x) { return x - x == 0.0; }

// The sums of a and of b over the block, for each of its threads. Blocks are of whole warps.
__device__ double2 block_sum(double a, double b) {
    __shared__ double2 parts[32];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    for (int by = 16; by > 0; by /= 2) {
        a += __shfl_down_sync(0xffffffffu, a, by);
        b += __shfl_down_sync(0xffffffffu, b, by);
    }
    // The sum before may still be read.
    __syncthreads();
    if (lane == 0) parts[warp] = make_double2(a, b);
    __syncthreads();
    if (warp == 0) {
        a = lane < warps ? parts[lane].x : 0.0;
        b = lane < warps ? parts[lane].y : 0.0;
        for (int by = 16; by > 0; by /= 2) {
            a += __shfl_down_sync(0xffffffffu, a, by);
            b += __shfl_down_sync(0xffffffffu, b, by);
        }
        __syncwarp();
        if (lane == 0) parts[0] = make_double2(a, b);
    }
    __syncthreads();
    return parts[0];
}

// The batch of a step, one block.y an image: galaxy picks / 8, laid as the three bits picks % 8 say: transposed (4), then mirrored
// along y (2), then along x (1), as in augment.rs.
extern "C" __global__ void batch(const float* galaxies, const unsigned* picks, float* out) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned pick = picks[blockIdx.y];
    const int y = pick & 2 ? 63 - i / 64 : i / 64, x = pick & 1 ? 63 - i % 64 : i % 64;
    const float* galaxy = galaxies + (size_t)(pick / 8) * 4096;
    out[blockIdx.y * 4096 + i] = pick & 4 ? galaxy[x * 64 + y] : galaxy[y * 64 + x];
}

// columns[channel][tap][image, deep pixel] = the wide pixel under that tap, or zero beside the image. `count` is images times deep
// pixels, of which there are 2^bits along a side; block.y is the channel.
extern "C" __global__ void columns(const float* images, float* out, int bits, int stride, int padding, int side, int count) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x, channel = blockIdx.y;
    if (column >= count) return;
    const int image = column >> 2 * bits, pixel = column - (image << 2 * bits);
    const int y0 = (pixel >> bits) * stride - padding, x0 = (pixel & (1 << bits) - 1) * stride - padding;
    const float* from = images + ((size_t)channel * (count >> 2 * bits) + image) * (side * side);
    float* to = out + (size_t)channel * 16 * count + column;
    for (int ky = 0; ky < 4; ++ky) {
        for (int kx = 0; kx < 4; ++kx) {
            const int y = y0 + ky, x = x0 + kx;
            const bool inside = y >= 0 && y < side && x >= 0 && x < side;
            *to = inside ? from[y * side + x] : 0.0f;
            to += count;
        }
    }
}

// The four wide pixels (2 y + a, 2 x + b), a and b 0 or 1, that columns of one channel add up to by a stride of 2 and a padding of 1.
// An even pixel is under tap 1 of its own deep pixel and under tap 3 of the one before, an odd one under tap 2 and tap 0 of the next.
__device__ float4 added(const float* columns, int bits, int count, int column) {
    const int deep = 1 << bits, y = column >> bits & deep - 1, x = column & deep - 1;
    float four[4];
    for (int a = 0; a < 2; ++a) {
        for (int b = 0; b < 2; ++b) {
            const int ky = a ? 0 : 3, kx = b ? 0 : 3, dy = a ? 1 : -1, dx = b ? 1 : -1;
            const bool has_y = y + dy >= 0 && y + dy < deep, has_x = x + dx >= 0 && x + dx < deep;
            const float* own = columns + column;
            float sum = own[(size_t)(4 * (1 + a) + 1 + b) * count];
            if (has_x) sum += own[(size_t)(4 * (1 + a) + kx) * count + dx];
            if (has_y) sum += own[(size_t)(4 * ky + 1 + b) * count + dy * deep];
            if (has_y && has_x) sum += own[(size_t)(4 * ky + kx) * count + dy * deep + dx];
            four[2 * a + b] = sum;
        }
    }
    return make_float4(four[0], four[1], four[2], four[3]);
}

// Where the four pixels of a column are in the wide images of a channel.
__device__ size_t place(int bits, int column) {
    const int deep = 1 << bits, image = column >> 2 * bits, y = column >> bits & deep - 1, x = column & deep - 1;
    return ((size_t)image * 2 * deep + 2 * y) * 2 * deep + 2 * x;
}

// The transpose of `columns` with a stride of 2 and a padding of 1: every wide pixel the sum of the columns it is in.
extern "C" __global__ void spread(const float* columns, float* images, int bits, int count) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x, channel = blockIdx.y;
    if (column >= count) return;
    const float4 four = added(columns + (size_t)channel * 16 * count, bits, count, column);
    float* to = images + (size_t)channel * 4 * count + place(bits, column);
    *(float2*)to = make_float2(four.x, four.y);
    *(float2*)(to + (2 << bits)) = make_float2(four.z, four.w);
}

// The transpose of `columns` where one deep pixel sees the whole wide image of 4 x 4.
extern "C" __global__ void spread_whole(const float* columns, float* images, int count) {
    const int image = blockIdx.x * blockDim.x + threadIdx.x, channel = blockIdx.y;
    if (image >= count) return;
    const float* from = columns + (size_t)channel * 16 * count + image;
    float4* to = (float4*)(images + ((size_t)channel * count + image) * 16);
    for (int row = 0; row < 4; ++row, from += (size_t)4 * count) {
        to[row] = make_float4(from[0], from[count], from[2 * (size_t)count], from[3 * (size_t)count]);
    }
}

__device__ float leaky_one(float x, float slope) { return x > 0.0f ? x : slope * x; }

__device__ float4 leaky_four(float4 x, float slope) {
    return make_float4(leaky_one(x.x, slope), leaky_one(x.y, slope), leaky_one(x.z, slope), leaky_one(x.w, slope));
}

// What goes back through an activation whose output, of the sign of its input, was y.
__device__ float4 through_four(float4 y, float4 g, float slope) {
    return make_float4(y.x > 0.0f ? g.x : slope * g.x, y.y > 0.0f ? g.y : slope * g.y, y.z > 0.0f ? g.z : slope * g.z,
                       y.w > 0.0f ? g.w : slope * g.w);
}

// LeakyReLU in place.
extern "C" __global__ void leaky(float4* x, int fours, float slope) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < fours) x[i] = leaky_four(x[i], slope);
}

// Its gradient in place, y its output.
extern "C" __global__ void leaky_back(const float4* y, float4* gradient, int fours, float slope) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < fours) gradient[i] = through_four(y[i], gradient[i], slope);
}

__device__ float sum_of(float4 x) { return (x.x + x.y) + (x.z + x.w); }

__device__ float dot_of(float4 x, float4 y) { return (x.x * y.x + x.y * y.y) + (x.z * y.z + x.w * y.w); }

__device__ float4 less(float4 x, float c) { return make_float4(x.x - c, x.y - c, x.z - c, x.w - c); }

// y = leaky(factor (x - mean) / sqrt(variance + epsilon) + bias) with mean and variance of the block's own `fours` numbers x 4: channel
// block.x, group block.y (a draw of z). Leaves (mean, variance) in statistics [group][channel].
extern "C" __global__ void __launch_bounds__(1024, 1)
normalise(const float4* x, float4* y, const float* factors, const float* biases, float2* statistics, int fours, float slope) {
    const int channel = blockIdx.x;
    const size_t first = ((size_t)channel * gridDim.y + blockIdx.y) * fours;
    x += first;
    y += first;
    const double count = 4.0 * fours;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) sum += sum_of(x[i]);
    const float mean = (float)(block_sum(sum, 0.0).x / count);
    // Around the rounded mean, so that nothing is lost where it is large; then moved to the exact one.
    float moved = 0.0f, square = 0.0f;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 d = less(x[i], mean);
        moved += sum_of(d);
        square += dot_of(d, d);
    }
    const double2 sums = block_sum(moved, square);
    const double rest = sums.x / count;
    const float variance = (float)(sums.y / count - rest * rest);
    if (threadIdx.x == 0) statistics[blockIdx.y * gridDim.x + channel] = make_float2(mean, variance);
    const float factor = factors[channel] * (1.0f / sqrtf(variance + EPSILON)), bias = biases[channel];
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 d = less(x[i], mean);
        const float4 normal = make_float4(factor * d.x + bias, factor * d.y + bias, factor * d.z + bias, factor * d.w + bias);
        y[i] = leaky_four(normal, slope);
    }
}

// The gradient of `normalise` by x in the place of that by y; (gradient by factor, by bias) in slopes [group][channel].
extern "C" __global__ void __launch_bounds__(1024, 1)
normalise_back(const float4* x, const float4* y, float4* gradient, const float* factors, const float2* statistics, float2* slopes,
               int fours, float slope) {
    const int channel = blockIdx.x, slot = blockIdx.y * gridDim.x + channel;
    const size_t first = ((size_t)channel * gridDim.y + blockIdx.y) * fours;
    x += first;
    y += first;
    gradient += first;
    const float mean = statistics[slot].x, inverse = 1.0f / sqrtf(statistics[slot].y + EPSILON);
    float plain = 0.0f, moved = 0.0f;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 g = through_four(y[i], gradient[i], slope);
        plain += sum_of(g);
        moved += dot_of(g, less(x[i], mean));
    }
    const double2 sums = block_sum(plain, moved);
    if (threadIdx.x == 0) slopes[slot] = make_float2((float)(sums.y * inverse), (float)sums.x);
    const double count = 4.0 * fours;
    const float factor = factors[channel] * inverse, offset = (float)(sums.x / count);
    const float tilt = (float)(sums.y / count * inverse * inverse);
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 g = through_four(y[i], gradient[i], slope), d = less(x[i], mean);
        gradient[i] = make_float4(factor * (g.x - offset - tilt * d.x), factor * (g.y - offset - tilt * d.y),
                                  factor * (g.z - offset - tilt * d.z), factor * (g.w - offset - tilt * d.w));
    }
}

// As `normalise`, with the running (mean, variance) of each channel, block.y.
extern "C" __global__ void normalise_running(const float4* x, float4* y, const float* factors, const float* biases,
                                             const float2* running, int fours, float slope) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x, channel = blockIdx.y;
    if (i >= fours) return;
    const float mean = running[channel].x, bias = biases[channel];
    const float factor = factors[channel] * (1.0f / sqrtf(running[channel].y + EPSILON));
    const float4 d = less(x[(size_t)channel * fours + i], mean);
    const float4 normal = make_float4(factor * d.x + bias, factor * d.y + bias, factor * d.z + bias, factor * d.w + bias);
    y[(size_t)channel * fours + i] = leaky_four(normal, slope);
}

// What `heads` [mean and log std][latent][images] and their biases say of one latent number of one image.
struct Code {
    double mean, log_std, std;
};

__device__ Code code_of(const float* heads, const float* biases, int latent, int image, int images) {
    Code code;
    code.mean = heads[latent * images + image] + biases[latent];
    code.log_std = heads[(LATENT + latent) * images + image] + biases[LATENT + latent];
    code.std = exp(code.log_std);
    return code;
}

// z [latent][draw, image] = mean + std noise [draw][image][latent], and for each block the divergence of N(mean, std) from N(0, 1) over
// the first `valid` images.
extern "C" __global__ void draw(const float* heads, const float* biases, const float* noise, float* z, double* parts,
                                const int* valid, int images, int draws) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    double divergence = 0.0;
    if (i < LATENT * images) {
        const int latent = i / images, image = i % images;
        const Code code = code_of(heads, biases, latent, image, images);
        for (int k = 0; k < draws; ++k) {
            const double unit = noise[(k * images + image) * LATENT + latent];
            z[(latent * draws + k) * images + image] = (float)(code.mean + code.std * unit);
        }
        if (image < *valid) divergence = 0.5 * (code.mean * code.mean + code.std * code.std - 1.0) - code.log_std;
    }
    const double2 sums = block_sum(divergence, 0.0);
    if (threadIdx.x == 0) parts[blockIdx.x] = sums.x;
}

// The gradient by the heads, and by their biases; block.x is the latent number. The divergence goes with mean and std^2 - 1.
extern "C" __global__ void draw_back(const float* heads, const float* biases, const float* noise, const float* by_z, float* by_heads,
                                     float* by_biases, int images, int draws) {
    const int latent = blockIdx.x;
    double means = 0.0, log_stds = 0.0;
    for (int image = threadIdx.x; image < images; image += blockDim.x) {
        const Code code = code_of(heads, biases, latent, image, images);
        double plain = 0.0, times = 0.0;
        for (int k = 0; k < draws; ++k) {
            const double g = by_z[(latent * draws + k) * images + image];
            plain += g;
            times += g * noise[(k * images + image) * LATENT + latent];
        }
        const float mean = (float)(code.mean + plain), log_std = (float)(code.std * code.std - 1.0 + code.std * times);
        by_heads[latent * images + image] = mean;
        by_heads[(LATENT + latent) * images + image] = log_std;
        means += mean;
        log_stds += log_std;
    }
    const double2 sums = block_sum(means, log_stds);
    if (threadIdx.x == 0) {
        by_biases[latent] = (float)sums.x;
        by_biases[LATENT + latent] = (float)sums.y;
    }
}

// The end of the decoder: its images tanh(sum of columns) [draw, image], -ln N(data; image, sigma_d) summed over the first `valid`
// images for each block, and its gradient by what tanh took. `weight` is that of one draw.
extern "C" __global__ void likelihood(const float* columns, const float* data, float* gradient, double* parts, const int* valid,
                                      int images, int count, float weight) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    double loss = 0.0;
    if (column < count) {
        const float4 sum = added(columns, 5, count, column);
        const float four[4] = {tanhf(sum.x), tanhf(sum.y), tanhf(sum.z), tanhf(sum.w)};
        const size_t to = place(5, column);
        const int image = (column >> 10) % images;
        const float* from = data + place(5, (image << 10) + (column & 1023));
        float slope[4];
        double square = 0.0;
        for (int i = 0; i < 4; ++i) {
            const float d = four[i] - from[i / 2 * 64 + i % 2];
            square += (double)d * d;
            slope[i] = weight * (float)PRECISION * d * (1.0f - four[i] * four[i]);
        }
        *(float2*)(gradient + to) = make_float2(slope[0], slope[1]);
        *(float2*)(gradient + to + 64) = make_float2(slope[2], slope[3]);
        if (image < *valid) loss = weight * (0.5 * PRECISION * square + 4.0 * LN_NORM);
    }
    const double2 sums = block_sum(loss, 0.0);
    if (threadIdx.x == 0) parts[blockIdx.x] = sums.x;
}

// The sum of `count` parts, by one block.
extern "C" __global__ void total(const double* parts, double* loss, int count) {
    double sum = 0.0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) sum += parts[i];
    const double2 sums = block_sum(sum, 0.0);
    if (threadIdx.x == 0) *loss = sums.x;
}

// out[i] = the sum over `count` of parts [count][length].
extern "C" __global__ void fold(const float* parts, float* out, int length, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= length) return;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) sum += parts[(size_t)k * length + i];
    out[i] = (float)sum;
}

// For every channel with batch normalisation: gradients by factor and bias, summed over the groups, and the running statistics,
// which follow those of the groups by a tenth of the way unless the loss is not finite. A row of the table is: first slot, slots from
// group to group, groups, numbers of a group, where the factor is among the weights, where the bias is.
extern "C" __global__ void channels(const int* table, int rows, const float2* statistics, const float2* slopes, float* gradient,
                                    float2* running, const double* loss) {
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    const int* own = table + 6 * row;
    const int slot = own[0], step = own[1], groups = own[2], count = own[3];
    const float unbiased = count > 1 ? (float)count / (float)(count - 1) : 1.0f;
    const float2 before = running[row];
    double factor = 0.0, bias = 0.0, mean = 0.0, variance = 0.0;
    for (int group = 0; group < groups; ++group) {
        const float2 slope = slopes[slot + group * step], batch = statistics[slot + group * step];
        factor += slope.x;
        bias += slope.y;
        mean += before.x + MOMENTUM * (batch.x - before.x);
        variance += before.y + MOMENTUM * (unbiased * batch.y - before.y);
    }
    gradient[own[4]] = (float)factor;
    gradient[own[5]] = (float)bias;
    if (is_finite(*loss)) running[row] = make_float2((float)(mean / groups), (float)(variance / groups));
}

// For each block, the sum of squares of its share of the gradient.
extern "C" __global__ void squares(const float4* gradient, double* parts, int fours) {
    double sum = 0.0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < fours; i += gridDim.x * blockDim.x) sum += dot_of(gradient[i], gradient[i]);
    const double2 sums = block_sum(sum, 0.0);
    if (threadIdx.x == 0) parts[blockIdx.x] = sums.x;
}

// What a gradient is multiplied with so that its norm is at most `most`, by one block.
extern "C" __global__ void clip(const double* parts, float* factor, int count, double most) {
    double sum = 0.0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) sum += parts[i];
    const double norm = sqrt(block_sum(sum, 0.0).x);
    if (threadIdx.x == 0) *factor = norm > most ? (float)(most / norm) : norm - norm == 0.0 ? 1.0f : (float)norm;
}

// The numbers of a step of Adam, as in ppl-infer's map/moments.rs and svi/optimizer/mod.rs.
struct Rates {
    float rate, new_mean, new_square, unbias_mean, unbias_square, epsilon, kept, bound;
};

// One weight: m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w = kept w - rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon). A
// gradient that is not finite moves nothing.
__device__ bool moved(const Rates& rates, float factor, float gradient, float& weight, float& mean, float& square) {
    float g = factor * gradient;
    if (!(g - g == 0.0f)) return false;
    g = g > rates.bound ? rates.bound : g;
    g = -g > rates.bound ? -rates.bound : g;
    mean += rates.new_mean * (g - mean);
    square += rates.new_square * (g * g - square);
    const float step = rates.rate * (mean * rates.unbias_mean) / (sqrtf(square * rates.unbias_square) + rates.epsilon);
    weight = rates.kept * weight - step;
    return true;
}

// A step of Adam of all weights, unless the loss is not finite. `first` is lowered to the first weight whose gradient is not finite.
extern "C" __global__ void adam(float4* weights, float4* means, float4* squares, const float4* gradients, const Rates* all,
                                const float* clipped, const double* loss, unsigned* first, int fours) {
    if (!is_finite(*loss)) return;
    const Rates rates = *all;
    const float factor = *clipped;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < fours; i += gridDim.x * blockDim.x) {
        float4 w = weights[i], m = means[i], v = squares[i];
        const float4 g = gradients[i];
        const bool x = moved(rates, factor, g.x, w.x, m.x, v.x), y = moved(rates, factor, g.y, w.y, m.y, v.y);
        const bool z = moved(rates, factor, g.z, w.z, m.z, v.z), t = moved(rates, factor, g.w, w.w, m.w, v.w);
        weights[i] = w;
        means[i] = m;
        squares[i] = v;
        if (!(x && y && z && t)) atomicMin(first, 4u * i + (!x ? 0u : !y ? 1u : !z ? 2u : 3u));
    }
}

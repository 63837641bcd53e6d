// The elliptical power law as one would write it for CUDA by hand: float2 for complex numbers, a struct for the lens.
struct Lens {
    float theta_e, t;
    float2 e, center;
    float one_minus_e2, e2, ln_scale;
    int terms;
    float2 hk[512];
};

__device__ static inline float2 c2(float x, float y) { return make_float2(x, y); }
__device__ static inline float2 add(float2 a, float2 b) { return c2(a.x + b.x, a.y + b.y); }
__device__ static inline float2 sub(float2 a, float2 b) { return c2(a.x - b.x, a.y - b.y); }
__device__ static inline float2 mul(float2 a, float2 b) { return c2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }
__device__ static inline float2 cjmul(float2 a, float2 b) { return c2(a.x * b.x + a.y * b.y, a.x * b.y - a.y * b.x); }
__device__ static inline float2 scale(float2 a, float k) { return c2(a.x * k, a.y * k); }
__device__ static inline float2 conj(float2 a) { return c2(a.x, -a.y); }
__device__ static inline float dot(float2 a, float2 b) { return a.x * b.x + a.y * b.y; }

struct At { float2 w, zeta, q, z; float inv, ln_s, st; };

__device__ static inline At at(const Lens& l, float x, float y) {
    At a;
    a.w = c2(x - l.center.x, y - l.center.y);
    a.zeta = sub(a.w, mul(l.e, conj(a.w)));
    float norm = dot(a.zeta, a.zeta), zeta2 = fmaxf(norm, 1e-18f);
    a.inv = 1.0f / zeta2;
    a.q = scale(mul(a.zeta, a.zeta), a.inv);
    a.ln_s = l.ln_scale - 0.5f * logf(zeta2);
    a.st = norm > 1e-18f ? expf(l.t * a.ln_s) : 0.0f;
    a.z = scale(cjmul(l.e, a.q), -1.0f);
    return a;
}

extern "C" __global__ void hand_value(int n, const Lens* __restrict__ lens, const float* __restrict__ xy, float* __restrict__ out) {
    const Lens& l = *lens;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        At a = at(l, xy[i], xy[n + i]);
        float s = 2.0f * a.z.x, h1 = 0.0f, h2 = 0.0f;
        for (int k = l.terms - 1; k >= 0; --k) {
            float h = s * h1 + (l.hk[k].x - l.e2 * h2);
            h2 = h1;
            h1 = h;
        }
        float2 f = mul(a.z, c2(h1 - a.z.x * h2, a.z.y * h2));
        f.x += 1.0f;
        float2 alpha = mul(scale(a.zeta, a.st), f);
        out[i] = alpha.x;
        out[n + i] = alpha.y;
    }
}

extern "C" __global__ void hand_vjp(int n, const Lens* __restrict__ lens, const float* __restrict__ xy, const float* __restrict__ g_,
                                    float* __restrict__ dxy, double* __restrict__ partial) {
    __shared__ double warps[32];
    const Lens& l = *lens;
    float sums[6] = {0.0f};
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        At a = at(l, xy[i], xy[n + i]);
        float2 g = c2(g_[i], g_[n + i]);
        float s = 2.0f * a.z.x;
        float2 p1 = c2(0.0f, 0.0f), p2 = p1;
        for (int k = l.terms - 1; k >= 0; --k) {
            float2 c = l.hk[k], p = c2(s * p1.x + (c.x - l.e2 * p2.x), s * p1.y + (c.y - l.e2 * p2.y));
            p2 = p1;
            p1 = p;
        }
        float2 h = c2(p1.x - a.z.x * p2.x, a.z.y * p2.x), k = c2(p1.y - a.z.x * p2.y, a.z.y * p2.y);
        float2 f = mul(a.z, h);
        f.x += 1.0f;
        float2 st_zeta = scale(a.zeta, a.st), alpha = mul(st_zeta, f);
        float2 om = c2(1.0f - a.z.x, -a.z.y);
        float ht = 0.5f * l.t;
        float2 fp = scale(mul(sub(scale(f, ht), scale(h, 1.0f - ht)), conj(om)), 1.0f / dot(om, om));
        float ga = dot(g, alpha);
        sums[0] += l.t / l.theta_e * ga;
        sums[1] += a.ln_s * ga + dot(g, mul(st_zeta, mul(a.z, k)));
        float2 P = scale(conj(mul(a.w, a.zeta)), -a.inv);
        float2 A = cjmul(g, alpha), B = cjmul(g, mul(st_zeta, fp)), bq = mul(B, a.q), bz = mul(B, a.z);
        float shrink = l.t * ga / l.one_minus_e2;
        sums[2] += (1.0f - l.t) * P.x * A.x - P.y * A.y - 2.0f * P.y * bz.y - bq.x - shrink * l.e.x;
        sums[3] += (l.t - 1.0f) * P.y * A.x - P.x * A.y - 2.0f * P.x * bz.y - bq.y - shrink * l.e.y;
        float kappa = (1.0f - ht) * a.st, w2 = fmaxf(dot(a.w, a.w), 1e-18f);
        float2 shear = mul(sub(scale(alpha, 1.0f - l.t), scale(a.w, kappa)), scale(a.w, 1.0f / w2));
        float2 d = add(scale(g, kappa), cjmul(g, shear));
        sums[4] -= d.x;
        sums[5] -= d.y;
        if (dxy) {
            dxy[i] = d.x;
            dxy[n + i] = d.y;
        }
    }
    #pragma unroll
    for (int k = 0; k < 6; ++k) {
        double sum = sums[k];
        #pragma unroll
        for (int o = 16; o > 0; o /= 2) sum += __shfl_down_sync(0xffffffffu, sum, o);
        if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int w = 1; w < (blockDim.x + 31) / 32; ++w) sum += warps[w];
            partial[blockIdx.x * 6 + k] = sum;
        }
        __syncthreads();
    }
}

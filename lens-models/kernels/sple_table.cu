// The deflection of a power law by the table of its integrals (mass/sple_table): between two angles of a curve that the host has made for a q and a gamma.
// c: gamma, the centre, r_ein, cos and sin of phi, 1 or (outside the table) NaN, how many nodes there are and how far apart; then of each node the
// deflection and its derivatives by q and by gamma, 6 numbers.

struct SpleTableAt {
    // The point along the axes of the ellipse, and the square of its distance.
    float x, y, r2;
    float ln_ratio;
    float2 sign;
    float value[2], by_q[2], by_gamma[2], by_eta[2];
    bool centre;

    __device__ SpleTableAt(const float* __restrict__ c, float px, float py) {
        const float dx = px - c[1], dy = py - c[2];
        x = c[4] * dx + c[5] * dy;
        y = c[4] * dy - c[5] * dx;
        r2 = x * x + y * y;
        centre = r2 < 1e-18f;
        const float ln_r = 0.5f * logf(r2), ln_r_ein = logf(c[3]);
        ln_ratio = ln_r_ein - ln_r;
        const float scale = c[6] * expf((2.0f - c[0]) * ln_r + (c[0] - 1.0f) * ln_r_ein);
        sign = {copysignf(1.0f, x), copysignf(1.0f, y)};
        const float at = atan2f(fabsf(y), fabsf(x)) / c[8];
        const int first = max(0, min((int)at, (int)c[7] - 2));
        const float t = at - (float)first;
        const float *a = c + 9 + 6 * first, *b = a + 6;
        const float2 s = {scale * sign.x, scale * sign.y};
        #pragma unroll
        for (int i = 0; i < 2; ++i) {
            const float scaled = i == 0 ? s.x : s.y;
            value[i] = scaled * fmaf(t, b[i] - a[i], a[i]);
            by_q[i] = scaled * fmaf(t, b[2 + i] - a[2 + i], a[2 + i]);
            by_gamma[i] = scaled * fmaf(t, b[4 + i] - a[4 + i], a[4 + i]);
            by_eta[i] = scaled * (b[i] - a[i]) / c[8];
        }
    }
};

__device__ static inline void sple_table_at(const float* __restrict__ c, float x, float y, float* out) {
    const SpleTableAt at(c, x, y);
    out[0] = at.centre ? 0.0f * c[6] : c[4] * at.value[0] - c[5] * at.value[1];
    out[1] = at.centre ? 0.0f * c[6] : c[5] * at.value[0] + c[4] * at.value[1];
}

__device__ static inline void sple_table_gradient_at(
    const float* __restrict__ c, float x, float y, float g0, float g1, float* sums, float* d) {
    const SpleTableAt at(c, x, y);
    d[0] = d[1] = 0.0f;
    if (at.centre) return;
    const float gx = c[4] * g0 + c[5] * g1, gy = c[4] * g1 - c[5] * g0;
    const float turn = at.sign.x * at.sign.y / at.r2, eta_x = -at.y * turn, eta_y = at.x * turn;
    const float r_x = (2.0f - c[0]) * at.x / at.r2, r_y = (2.0f - c[0]) * at.y / at.r2;
    float by_x[2], by_y[2];
    #pragma unroll
    for (int i = 0; i < 2; ++i) {
        by_x[i] = at.by_eta[i] * eta_x + at.value[i] * r_x;
        by_y[i] = at.by_eta[i] * eta_y + at.value[i] * r_y;
    }
    const float along = gx * at.value[0] + gy * at.value[1];
    const float ex = gx * by_x[0] + gy * by_x[1], ey = gx * by_y[0] + gy * by_y[1];
    d[0] = c[4] * ex - c[5] * ey;
    d[1] = c[5] * ex + c[4] * ey;
    sums[0] += (c[0] - 1.0f) / c[3] * along;
    sums[1] += gx * at.by_gamma[0] + gy * at.by_gamma[1] + at.ln_ratio * along;
    sums[2] += gx * at.by_q[0] + gy * at.by_q[1];
    // The ellipse turns against the point, and its axes turn the deflection.
    sums[3] += at.y * ex - at.x * ey + gy * at.value[0] - gx * at.value[1];
    sums[4] -= d[0];
    sums[5] -= d[1];
}

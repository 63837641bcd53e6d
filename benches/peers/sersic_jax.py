"""The JAX peer of the speed claim: one value and gradient of a lens with a Sersic source, jitted, in float32, on the CPU.

    python benches/peers/sersic_jax.py [--convolution fft|lax|shifts|rows] [--separable] [--terms 18] [--runs 200]

Elliptical power law (Tessore & Metcalf 2015) + external shear, elliptical Sersic source, 256 x 256 pixels of 0.04", no supersampling,
a 13 x 13 pixel PSF, constant sigma: the log likelihood and its gradient by all 15 parameters. `--separable` takes the PSF for the outer
product that it is and convolves along rows and columns. The series has a fixed length under jit: 18 terms converge to float32 for
q > 0.42, and the truth here (q = 0.8) would need 9. Prints one line of JSON with the median over the runs.
"""

import argparse
import functools
import json
import os
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

PIXELS, SCALE, SIDE = 256, 0.04, 13
SIGMA, PSF_SIGMA = 0.05, 0.06
# theta_E, gamma, e1, e2, x, y; gamma1, gamma2; amplitude, R_sersic, n, e1, e2, x, y
TRUTH = jnp.array([1.5, 2.05, 0.1, 0.05, 0.03, -0.02, 0.02, -0.03, 1.0, 0.3, 1.5, 0.05, 0.02, 0.05, 0.02], jnp.float32)
axis = (np.arange(PIXELS) - (PIXELS - 1) / 2) * SCALE
X, Y = (jnp.asarray(a, jnp.float32) for a in np.meshgrid(axis, axis))
profile = np.exp(-0.5 * ((np.arange(SIDE) - SIDE // 2) * SCALE / PSF_SIGMA) ** 2)
profile = (profile / profile.sum()).astype(np.float32)
KERNEL = np.outer(profile, profile)


def coefficients(t, terms):
    c = [1.0 + 0 * t]
    for k in range(terms - 1):
        c.append(c[-1] * (t / 2 + k) / (2 - t / 2 + k))
    return c


def clenshaw(c, px, py, norm):
    """sum_n c_n z^n for real c and complex z of |z|^2 = norm: two multiplications a term."""
    twice, b1, b2 = 2 * px, 0.0, 0.0
    for cn in reversed(c[1:]):
        b1, b2 = cn + twice * b1 - norm * b2, b1
    return c[0] + px * b1 - norm * b2, py * b1


@functools.partial(jax.custom_jvp, nondiff_argnums=(4,))
def series(px, py, norm, t, terms):
    """F(z) = 2F1(1, t/2; 2 - t/2; z), an analytic function of z (norm is |z|^2, no variable of its own)."""
    return clenshaw(coefficients(t, terms), px, py, norm)


@series.defjvp
def series_jvp(terms, primals, tangents):
    # dF = F' dz + F_t dt by two more sums, a third faster than letting autodiff through the rule above.
    (px, py, norm, t), (dpx, dpy, _, dt) = primals, tangents
    c, dc = jax.jvp(lambda t: coefficients(t, terms), (t,), (jnp.ones_like(t),))
    u, v = clenshaw([k * cn for k, cn in enumerate(c)][1:], px, py, norm)
    a, b = clenshaw(dc, px, py, norm)
    return clenshaw(c, px, py, norm), (u * dpx - v * dpy + a * dt, v * dpx + u * dpy + b * dt)


def epl(x, y, theta_E, gamma, e1, e2, terms):
    """Deflection S^t zeta F(z), zeta = w - e conj(w), z = -conj(e) zeta / conj(zeta), S = theta_E sqrt(1 - |e|^2) / |zeta|."""
    t = gamma - 1
    norm = e1 * e1 + e2 * e2
    zx, zy = x - (e1 * x + e2 * y), y - (e2 * x - e1 * y)
    rr = zx * zx + zy * zy + 1e-12
    ux, uy = (zx * zx - zy * zy) / rr, 2 * zx * zy / rr
    fx, fy = series(-(e1 * ux + e2 * uy), -(e1 * uy - e2 * ux), norm, t, terms)
    # exp and log are vectorised, a general power is not.
    s = jnp.exp(t / 2 * (jnp.log(theta_E * theta_E * (1 - norm)) - jnp.log(rr)))
    return s * (zx * fx - zy * fy), s * (zx * fy + zy * fx)


def sersic(x, y, amplitude, radius, n, e1, e2):
    """amplitude exp(-b [(R / radius)^(1/n) - 1]), R^2 = q x'^2 + y'^2 / q along the axes."""
    ee = e1 * e1 + e2 * e2
    zx, zy = x - (e1 * x + e2 * y), y - (e2 * x - e1 * y)
    rr = (zx * zx + zy * zy) / (1 - ee) + 1e-10
    power = jnp.exp(0.5 / n * (jnp.log(rr) - jnp.log(radius * radius)))
    return amplitude * jnp.exp(-(1.9992 * n - 0.3271) * (power - 1))


def along(image, taps, axis):
    """Convolution with a symmetric profile along one axis, as a sum of shifted images."""
    half = len(taps) // 2
    padded = jnp.pad(image, [(half, half) if a == axis else (0, 0) for a in (0, 1)])
    return sum(float(t) * lax.slice_in_dim(padded, i, i + PIXELS, axis=axis) for i, t in enumerate(taps))


def by_lax(image):
    return lax.conv_general_dilated(image[None, None], jnp.asarray(KERNEL)[None, None], (1, 1), "SAME")[0, 0]


def by_shifts(image):
    half = SIDE // 2
    padded = jnp.pad(image, half)
    return sum(float(KERNEL[i, j]) * padded[i : i + PIXELS, j : j + PIXELS] for i in range(SIDE) for j in range(SIDE))


def by_rows(image):
    """One-dimensional convolutions of every row with every row of the kernel as channels, then a sum of shifted channels."""
    half = SIDE // 2
    padded = jnp.pad(image, ((half, half), (0, 0)))[:, None, :]
    rows = lax.conv_general_dilated(padded, jnp.asarray(KERNEL)[:, None, :], (1,), [(half, half)])
    return sum(rows[i : i + PIXELS, i] for i in range(SIDE))


SIZE = 270  # 2 3^3 5, the first smooth length from 256 + 13 - 1 on
KERNEL_HAT = np.fft.rfft2(np.roll(np.pad(KERNEL, ((0, SIZE - SIDE),) * 2), (-(SIDE // 2),) * 2, (0, 1))).astype(np.complex64)


def by_fft(image):
    return jnp.fft.irfft2(jnp.fft.rfft2(image, (SIZE, SIZE)) * KERNEL_HAT, (SIZE, SIZE))[:PIXELS, :PIXELS]


def separable(image):
    return along(along(image, profile, 0), profile, 1)


CONVOLUTIONS = {"fft": by_fft, "lax": by_lax, "shifts": by_shifts, "rows": by_rows, "separable": separable}


def predict(p, convolve, terms):
    ax, ay = epl(X - p[4], Y - p[5], p[0], p[1], p[2], p[3], terms)
    bx, by = X - ax - (p[6] * X + p[7] * Y), Y - ay - (p[7] * X - p[6] * Y)
    return convolve(sersic(bx - p[13], by - p[14], p[8], p[9], p[10], p[11], p[12]))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--convolution", choices=CONVOLUTIONS, default="fft")
    ap.add_argument("--separable", action="store_true")
    ap.add_argument("--terms", type=int, default=18)
    ap.add_argument("--runs", type=int, default=200)
    args = ap.parse_args()
    name = "separable" if args.separable else args.convolution
    convolve = CONVOLUTIONS[name]
    observed = predict(TRUTH, by_lax, 30) + SIGMA * jax.random.normal(jax.random.PRNGKey(0), (PIXELS, PIXELS))

    def log_likelihood(p):
        return -0.5 * jnp.sum(((predict(p, convolve, args.terms) - observed) / SIGMA) ** 2)

    # The convolutions agree with each other to float32, so that the timed function is the one it is taken for.
    model = predict(TRUTH, by_lax, args.terms)
    assert jnp.abs(predict(TRUTH, convolve, args.terms) - model).max() < 2e-6 * model.max()
    gradient = jax.jit(jax.value_and_grad(log_likelihood))
    point = TRUTH * 1.01
    jax.block_until_ready(gradient(point))
    seconds = []
    for _ in range(args.runs):
        start = time.perf_counter()
        jax.block_until_ready(gradient(point))
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "name": "sersic",
                "ms_per_gradient": round(1e3 * float(np.median(seconds)), 3),
                "ms_fastest": round(1e3 * min(seconds), 3),
                "device": f"jax {jax.devices()[0].platform}",
                "threads": len(os.sched_getaffinity(0)),
                "convolution": name,
                "terms": args.terms,
                "runs": args.runs,
            }
        )
    )


if __name__ == "__main__":
    main()

"""Writes ppl-core/tests/data/distributions.json: densities and their slopes, distribution functions, quantiles and moments of every family.

    python scripts/golden/distributions.py > ppl-core/tests/data/distributions.json      (mpmath 1.4, scipy 1.17)

Formulas are mpmath's at 60 digits on the very doubles in the table; SciPy only starts the search for quantiles and is asserted to agree in
the bulk, so that the table does not rest on one hand. Parameters are in the order of the family; `points` are [x, log density, cdf,
d log density / dx, d log density / d parameter, ..] with null where there is no such number, `quantiles` are [p, x]. Slopes are central
differences of step 1e-25 at 150 digits or more.
"""

import json
import sys

import numpy as np
from mpmath import mp, mpf
from scipy import stats

mp.dps = 60
INF = float("inf")
TAILS = [1e-10, 1e-3, 0.05, 0.3, 0.5, 0.7, 0.975, 0.999999]


def phi(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def Phi(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def far_gamma(a, x):
    """P(a, x) and Q(a, x) for large a by quadrature of the density, a panel a standard deviation."""
    density = lambda t: mp.exp(gamma_log(t, a, mpf(1)))
    s, sign = mp.sqrt(a), -1 if x < a else 1
    tail = sum(abs(mp.quad(density, [x + sign * i * s, x + sign * (i + 1) * s])) for i in range(30))
    return (tail, 1 - tail) if x < a else (1 - tail, tail)


def lower_gamma(a, x):
    """P(a, x), by the tail that is small."""
    if a > 1e8:
        return far_gamma(a, x)[0]
    return mp.gammainc(a, 0, x, regularized=True) if x < a else 1 - mp.gammainc(a, x, mp.inf, regularized=True)


def upper_gamma(a, x):
    if a > 1e8:
        return far_gamma(a, x)[1]
    return 1 - mp.gammainc(a, 0, x, regularized=True) if x < a else mp.gammainc(a, x, mp.inf, regularized=True)


def beta_inc(a, b, x):
    """I_x(a, b) by the hypergeometric series of the smaller side (DLMF 8.17.8)."""
    if x > a / (a + b):
        return 1 - beta_inc(b, a, 1 - x)
    if min(a, b) > 1e8:
        # By quadrature of the density, a panel a standard deviation.
        s, front = mp.sqrt(a * b / (a + b) ** 3), ln_beta(a, b)
        density = lambda t: mp.exp((a - 1) * mp.log(t) + (b - 1) * mp.log1p(-t) - front)
        return sum(mp.quad(density, [x - (i + 1) * s, x - i * s]) for i in range(30))
    return mp.exp(a * mp.log(x) + b * mp.log1p(-x)) / (a * mp.beta(a, b)) * mp.hyp2f1(a + b, 1, a + 1, x)


def ln_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def t_cdf(z, df):
    beyond = beta_inc(df / 2, mpf(1) / 2, df / (df + z * z)) / 2
    return beyond if z < 0 else 1 - beyond


def truncated(loc, s, low, high):
    a, b = (low - loc) / s, (high - loc) / s
    mass = Phi(b) - Phi(a) if a < 0 else Phi(-a) - Phi(-b)
    fa, fb = (phi(a) if mp.isfinite(a) else mpf(0)), (phi(b) if mp.isfinite(b) else mpf(0))
    below = lambda z: (Phi(z) - Phi(a) if a < 0 else Phi(-a) - Phi(-z)) / mass
    mean = (fa - fb) / mass
    ends = ((a * fa if mp.isfinite(a) else 0) - (b * fb if mp.isfinite(b) else 0)) / mass
    return mass, below, mean, 1 + ends - mean**2


class Family:
    """log density, cdf, mean and variance (None: there is none) as functions of mpmath numbers; SciPy's for a start."""

    def __init__(self, logpdf, cdf, mean, variance, scipy, discrete=False, counts=()):
        self.logpdf, self.cdf, self.mean, self.variance, self.scipy, self.discrete = logpdf, cdf, mean, variance, scipy, discrete
        self.counts = counts  # the parameters that are whole numbers

    def slopes(self, x, params):
        """d log density / d x and by each parameter; those by whole numbers and by infinite ends are zero."""
        at = [x, *params]
        fixed = {1 + i for i in self.counts} | ({0} if self.discrete else set())

        def slope(i):
            if i in fixed or not mp.isfinite(at[i]):
                return mpf(0)
            moved = lambda v: self.logpdf(*at[:i], v, *at[i + 1 :])
            h = (abs(at[i]) or 1) * mpf(10) ** -25
            return (moved(at[i] + h) - moved(at[i] - h)) / (2 * h)

        with mp.workdps(150 if abs(x) < 1e60 else 500):
            return [slope(i) for i in range(len(at))]


def normal_log(x, m, s):
    return -(((x - m) / s) ** 2) / 2 - mp.log(s) - mp.log(2 * mp.pi) / 2


def cauchy_log(x, m, s):
    return -mp.log(mp.pi * s) - mp.log1p(((x - m) / s) ** 2)


def gamma_log(x, a, r):
    return a * mp.log(r) - mp.loggamma(a) + (a - 1) * mp.log(x) - r * x


def binomial_log(x, n, p, q):
    return mp.log(mp.binomial(n, x)) + x * mp.log(p) + (n - x) * mp.log(q)


def binomial_cdf(x, n, q):
    return 1 if x >= n else beta_inc(n - x, x + 1, q)


def negative_binomial_log(x, c, p, q):
    return mp.loggamma(x + c) - mp.loggamma(c) - mp.loggamma(x + 1) + c * mp.log(q) + (x * mp.log(p) if x else 0)


none = lambda *_: None
odds = lambda t: 1 / (1 + mp.exp(-t))
FAMILIES = {
    "normal": Family(normal_log, lambda x, m, s: Phi((x - m) / s), lambda m, s: m, lambda m, s: s**2, stats.norm),
    "log_normal": Family(
        lambda x, m, s: normal_log(mp.log(x), m, s) - mp.log(x),
        lambda x, m, s: Phi((mp.log(x) - m) / s),
        lambda m, s: mp.exp(m + s**2 / 2),
        lambda m, s: mp.expm1(s**2) * mp.exp(2 * m + s**2),
        lambda m, s: stats.lognorm(s, scale=np.exp(m)),
    ),
    "half_normal": Family(
        lambda x, s: mp.log(2) + normal_log(x, 0, s),
        lambda x, s: mp.erf(x / (s * mp.sqrt(2))),
        lambda s: s * mp.sqrt(2 / mp.pi),
        lambda s: s**2 * (1 - 2 / mp.pi),
        lambda s: stats.halfnorm(scale=s),
    ),
    "cauchy": Family(cauchy_log, lambda x, m, s: mp.atan2(s, m - x) / mp.pi, none, none, stats.cauchy),
    "half_cauchy": Family(
        lambda x, s: mp.log(2) + cauchy_log(x, 0, s),
        lambda x, s: 2 * mp.atan(x / s) / mp.pi,
        none,
        none,
        lambda s: stats.halfcauchy(scale=s),
    ),
    "student_t": Family(
        lambda x, n, m, s: mp.loggamma((n + 1) / 2)
        - mp.loggamma(n / 2)
        - mp.log(mp.pi * n) / 2
        - mp.log(s)
        - (n + 1) / 2 * mp.log1p(((x - m) / s) ** 2 / n),
        lambda x, n, m, s: t_cdf((x - m) / s, n),
        lambda n, m, s: m if n > 1 else None,
        lambda n, m, s: s**2 * n / (n - 2) if n > 2 else None,
        stats.t,
    ),
    "truncated_normal": Family(
        lambda x, m, s, low, high: normal_log(x, m, s) - mp.log(truncated(m, s, low, high)[0]),
        lambda x, m, s, low, high: truncated(m, s, low, high)[1]((x - m) / s),
        lambda m, s, low, high: m + s * truncated(m, s, low, high)[2],
        lambda m, s, low, high: s**2 * truncated(m, s, low, high)[3],
        lambda m, s, low, high: stats.truncnorm((low - m) / s, (high - m) / s, loc=m, scale=s),
    ),
    "beta": Family(
        lambda x, a, b: (a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) - ln_beta(a, b),
        lambda x, a, b: beta_inc(a, b, x),
        lambda a, b: a / (a + b),
        lambda a, b: a * b / (a + b) ** 2 / (a + b + 1),
        stats.beta,
    ),
    "gamma": Family(
        gamma_log,
        lambda x, a, r: lower_gamma(a, r * x),
        lambda a, r: a / r,
        lambda a, r: a / r**2,
        lambda a, r: stats.gamma(a, scale=1 / r),
    ),
    "inverse_gamma": Family(
        lambda x, a, r: gamma_log(1 / x, a, r) - 2 * mp.log(x),
        lambda x, a, r: upper_gamma(a, r / x),
        lambda a, r: r / (a - 1) if a > 1 else None,
        lambda a, r: r**2 / (a - 1) ** 2 / (a - 2) if a > 2 else None,
        lambda a, r: stats.invgamma(a, scale=r),
    ),
    "exponential": Family(
        lambda x, r: mp.log(r) - r * x,
        lambda x, r: -mp.expm1(-r * x),
        lambda r: 1 / r,
        lambda r: 1 / r**2,
        lambda r: stats.expon(scale=1 / r),
    ),
    "uniform": Family(
        lambda x, low, high: -mp.log(high - low),
        lambda x, low, high: (x - low) / (high - low),
        lambda low, high: (low + high) / 2,
        lambda low, high: (high - low) ** 2 / 12,
        lambda low, high: stats.uniform(low, high - low),
    ),
    "poisson": Family(
        lambda x, r: x * mp.log(r) - r - mp.loggamma(x + 1),
        lambda x, r: upper_gamma(mp.floor(x) + 1, r),
        lambda r: r,
        lambda r: r,
        stats.poisson,
        discrete=True,
    ),
    "bernoulli": Family(
        lambda x, p: mp.log(p) if x == 1 else mp.log1p(-p),
        lambda x, p: 1 if x >= 1 else 1 - p,
        lambda p: p,
        lambda p: p * (1 - p),
        stats.bernoulli,
        discrete=True,
    ),
    "bernoulli_logits": Family(
        lambda x, t: -mp.log1p(mp.exp(-t if x == 1 else t)),
        lambda x, t: 1 if x >= 1 else 1 / (1 + mp.exp(t)),
        lambda t: 1 / (1 + mp.exp(-t)),
        lambda t: 1 / (1 + mp.exp(-t)) / (1 + mp.exp(t)),
        lambda t: stats.bernoulli(1 / (1 + np.exp(-t))),
        discrete=True,
    ),
}

FAMILIES |= {
    "laplace": Family(
        lambda x, m, s: -abs(x - m) / s - mp.log(2 * s),
        lambda x, m, s: mp.exp((x - m) / s) / 2 if x < m else 1 - mp.exp((m - x) / s) / 2,
        lambda m, s: m,
        lambda m, s: 2 * s**2,
        stats.laplace,
    ),
    "logistic": Family(
        lambda x, m, s: -(x - m) / s - 2 * mp.log1p(mp.exp(-(x - m) / s)) - mp.log(s),
        lambda x, m, s: odds((x - m) / s),
        lambda m, s: m,
        lambda m, s: (mp.pi * s) ** 2 / 3,
        stats.logistic,
    ),
    "gumbel": Family(
        lambda x, m, s: -(x - m) / s - mp.exp(-(x - m) / s) - mp.log(s),
        lambda x, m, s: mp.exp(-mp.exp(-(x - m) / s)),
        lambda m, s: m + mp.euler * s,
        lambda m, s: (mp.pi * s) ** 2 / 6,
        stats.gumbel_r,
    ),
    "weibull": Family(
        lambda x, s, k: mp.log(k / s) + (k - 1) * mp.log(x / s) - (x / s) ** k,
        lambda x, s, k: -mp.expm1(-((x / s) ** k)),
        lambda s, k: s * mp.gamma(1 + 1 / k),
        lambda s, k: s**2 * (mp.gamma(1 + 2 / k) - mp.gamma(1 + 1 / k) ** 2),
        lambda s, k: stats.weibull_min(k, scale=s),
    ),
    "pareto": Family(
        lambda x, s, a: mp.log(a) + a * mp.log(s) - (a + 1) * mp.log(x),
        lambda x, s, a: -mp.expm1(a * mp.log(s / x)),
        lambda s, a: a * s / (a - 1) if a > 1 else None,
        lambda s, a: a * s**2 / (a - 1) ** 2 / (a - 2) if a > 2 else None,
        lambda s, a: stats.pareto(a, scale=s),
    ),
    "binomial": Family(
        lambda x, n, p: binomial_log(x, n, p, 1 - p),
        lambda x, n, p: binomial_cdf(x, n, 1 - p),
        lambda n, p: n * p,
        lambda n, p: n * p * (1 - p),
        stats.binom,
        discrete=True,
        counts=[0],
    ),
    "binomial_logits": Family(
        lambda x, n, t: binomial_log(x, n, odds(t), odds(-t)),
        lambda x, n, t: binomial_cdf(x, n, odds(-t)),
        lambda n, t: n * odds(t),
        lambda n, t: n * odds(t) * odds(-t),
        lambda n, t: stats.binom(n, 1 / (1 + np.exp(-t))),
        discrete=True,
        counts=[0],
    ),
    "negative_binomial2": Family(
        lambda x, m, c: negative_binomial_log(x, c, m / (c + m), c / (c + m)),
        lambda x, m, c: beta_inc(c, x + 1, c / (c + m)),
        lambda m, c: m,
        lambda m, c: m + m**2 / c,
        lambda m, c: stats.nbinom(c, c / (c + m)),
        discrete=True,
    ),
    "negative_binomial_probs": Family(
        lambda x, n, p: negative_binomial_log(x, n, p, 1 - p),
        lambda x, n, p: beta_inc(n, x + 1, 1 - p),
        lambda n, p: n * p / (1 - p),
        lambda n, p: n * p / (1 - p) ** 2,
        lambda n, p: stats.nbinom(n, 1 - p),
        discrete=True,
    ),
    "geometric": Family(
        lambda x, p: mp.log(p) + x * mp.log1p(-p),
        lambda x, p: 1 - (1 - p) ** (x + 1),
        lambda p: (1 - p) / p,
        lambda p: (1 - p) / p**2,
        lambda p: stats.geom(p, loc=-1),
        discrete=True,
    ),
    "von_mises": Family(
        lambda x, m, k: k * mp.cos(x - m) - mp.log(2 * mp.pi * mp.besseli(0, k)),
        none,
        none,
        none,
        lambda m, k: stats.vonmises(k, loc=m),
    ),
}

# name: [(parameters, points far out beside the quantiles[, False: no quantiles and no cdf, or "cdf": no quantiles])]
CASES = {
    "normal": [([0, 1], [-38.0, -30.0, 30.0]), ([1000, 0.001], [999.97, 1000.03]), ([-3, 1e8], [-3e9, 3e9])],
    "log_normal": [([0.3, 0.2], [1e-3, 0.01, 500.0]), ([-2, 3], [1e-40, 1e38]), ([0, 0.01], [0.75, 1.34])],
    "half_normal": [([1], [1e-12, 8.0, 30.0]), ([1e-5], [3e-4]), ([1e6], [1e-3, 3e7])],
    "cauchy": [([0, 1], [-1e12, -30.0, 30.0, 1e12]), ([5, 0.01], [-1e3, 4.7, 5.3]), ([0, 2], [-1e300, -1e155, 1e154, 1e200]), ([3, 1e-10], [1e300]), ([0, 1e200], [1e300])],
    "half_cauchy": [([1], [1e-9, 30.0, 1e12]), ([25], [1e-3, 1e5]), ([3], [1e155, 1e300])],
    "student_t": [
        ([3, 0, 1], [-1e5, -30.0, 30.0]),
        ([0.5, 1, 2], [-1e9, 61.0]),
        ([30, -1, 0.1], [-4.0, 2.0]),
        ([1e6, 0, 1], [-30.0, 30.0]),
        ([1e10, 0, 1], [-8.0, 8.0]),
        ([1e8, 0, 1], [-1.0, 0.0, 1.5, 8.0], False),
        ([1e12, 0.5, 2], [-7.0, 0.5, 1.0, 30.0], False),
        ([4, 0, 1], [-1e300, -1e155, 1e154]),
        ([0.05, 1, 2], [-1e300, -1e155, 1e200]),
        ([1, 0, 1e-10], [1e300]),
        ([40, 0, 1], [0.1, 1.7]),
    ],
    "truncated_normal": [
        ([0, 1, -1, 2], [-0.999, 1.999]),
        ([0, 1, 30, INF], [30.001, 30.5, 35.0]),
        ([0, 1, -INF, -60], [-61.0, -60.001]),
        ([2, 0.5, 0, INF], [1e-6, 17.0]),
        ([0, 1, 5, 5.000001], [5.0000001, 5.0000009]),
        ([1, 2, -INF, INF], [-59.0, 61.0]),
        ([0.75, 0.2, 0.1, 1.0], [0.1001, 0.9999]),
        ([0, 1, -20, -19.5], [-19.99, -19.51]),
        ([0, 1, 30, 30.000001], [30.0000001, 30.0000009]),
        ([-30, 1, 0, 1e-6], [1e-9, 2e-7, 9.9e-7]),
        ([5, 0.1, 1.999, 2], [1.9991, 1.9999]),
        ([0, 1, 10000, INF], [10000.00001, 10000.001]),
        ([0, 1, -1e-3, 1e-3], [-9e-4, 1e-4]),
        ([0, 1, 3, 3.7], [3.01, 3.6]),
    ],
    "beta": [
        ([2, 5], [1e-9, 0.9999]),
        ([0.5, 0.5], [1e-12, 1e-3, 0.999]),
        ([100000, 120000], [0.42, 0.48]),
        ([0.05, 3], [1e-30, 0.9]),
        ([1, 1], [0.25]),
        ([1e-2, 1e5], [1e-20, 1e-4]),
        ([1e12, 1e12], [0.499999, 0.4999993, 0.5, 0.5000007], "cdf"),
        ([1e12, 3.5], [0.9999999999, 0.99999999999, 0.9], False),
        ([3e11, 7e11], [0.3, 0.3000003, 0.2999991], "cdf"),
    ],
    "gamma": [
        ([2, 3], [1e-9, 20.0]),
        ([0.1, 1], [1e-60, 1e-9, 30.0]),
        ([1e6, 2], [4.9e5, 5.1e5]),
        ([50, 1e-3], [1e4, 2e5]),
        ([15.5, 1], [1.0, 80.0]),
        ([1e12, 3], [333333000000.0, 333333333333.0, 333334100000.0], "cdf"),
        ([2.5e12, 1e-3], [2.500001e15, 2.4999993e15], "cdf"),
        ([0.01, 1e-150], [1e-170, 1e140], False),
    ],
    "inverse_gamma": [([3, 2], [0.01, 1e6]), ([0.5, 1], [1e-3, 1e12]), ([1e4, 1e4], [0.9, 1.1]), ([1.5, 1e-3], [1e-5, 1e3]), ([1e12, 7e11], [0.7, 0.7000005, 0.699999], "cdf")],
    "exponential": [([1], [1e-12, 30.0, 700.0]), ([1e-4], [3e5]), ([250], [1.0])],
    "uniform": [([-2, 3], [-1.999, 2.999]), ([1000, 1000.001], [1000.0005])],
    "poisson": [([0.3], [0, 1, 20]), ([12], [0, 12, 80]), ([1e6], [990000, 1000000, 1010000]), ([1e12], [999990000000, 1000000000000, 1000000500000], "cdf")],
    "bernoulli": [([0.3], [0, 1]), ([1e-12], [0, 1])],
    "bernoulli_logits": [([0.7], [0, 1]), ([-40], [0, 1]), ([800], [0, 1]), ([-0.88], [0, 1]), ([1e-9], [0, 1]), ([3.3], [0, 1])],
}

CASES |= {
    "laplace": [([0, 1], [-700.0, 30.0]), ([5, 0.001], [4.9, 5.2]), ([0, 3], [-1e300, 1e300], False)],
    "logistic": [([0, 1], [-700.0, -40.0, 40.0]), ([-5, 0.001], [-5.03, -4.9])],
    "gumbel": [([0, 1], [-6.0, 1e-9, 40.0, 700.0]), ([-5, 0.001], [-5.005, -4.9])],
    "weibull": [([1, 1.5], [1e-9, 8.0]), ([0.001, 0.5], [1e-20, 1.0]), ([20, 50], [10.0, 21.0]), ([3, 1e6], [2.99999, 3.0, 3.000001], False)],
    "pareto": [([1.5, 3.5], [1.5000001, 1e9]), ([0.001, 0.5], [0.0010001, 1e30]), ([10000, 1e6], [10000.001, 10001.0])],
    "binomial": [
        ([12, 0.3], [0, 12]),
        ([10000, 0.001], [0, 40]),
        ([1e6, 0.5], [498000, 500000]),
        ([1e12, 0.3], [299999000000, 300000000000, 300000500000], "cdf"),
    ],
    "binomial_logits": [
        ([12, -0.7], [0, 12]),
        ([10000, -6], [0, 60]),
        ([1e6, 1e-3], [499000, 500250]),
        ([7, 800], [0, 3, 6, 7], False),
        ([7, -40], [0, 1, 7], False),
    ],
    "negative_binomial2": [
        ([3.5, 1.2], [0, 60]),
        ([1000, 50], [300, 2000]),
        ([0.2, 1e6], [0, 5]),
        ([40, 0.3], [0, 1000]),
        ([3, 1e12], [0, 2, 9], False),
        ([1e12, 7], [1e11, 9e11, 3e12], False),
        ([1e9, 1e12], [999900000, 1000000000, 1000050000], "cdf"),
    ],
    "negative_binomial_probs": [
        ([2.5, 0.6], [0, 40]),
        ([1000, 0.1], [60, 200]),
        ([0.3, 0.99], [0, 500]),
        ([1e12, 1e-12], [0, 1, 7], False),
        ([1e10, 0.25], [3333200000, 3333333333, 3333400000], "cdf"),
    ],
    "geometric": [([0.3], [0, 60]), ([0.001], [0, 30000]), ([0.99], [0, 8]), ([1e-9], [0, 1000000000, 5e9], False)],
    "von_mises": [
        ([0.3, 1.2], [-3.1, 0.3, 2.0], False),
        ([3, 1e-6], [-3.0, 1.0, 2.0], False),
        ([-2, 50], [-2.1, -2.0, -1.0], False),
        ([1, 29.99], [0.2, 1.1, 2.0], False),
        ([1, 30], [0.2, 1.1, 2.0], False),
        ([0, 1e8], [-3e-4, 1e-4, 0.1], False),
    ],
}


def quantile(family, frozen, params, p):
    """SciPy's quantile, polished by Newton's method on the exact cdf."""
    x, width = mpf(float(frozen.ppf(p))), float(frozen.ppf(0.75) - frozen.ppf(0.25))
    if not mp.isfinite(x) or x == 0 and p != 0.5:
        return None
    for _ in range(60):
        step = (family.cdf(x, *params) - p) / mp.exp(family.logpdf(x, *params))
        if abs(step) > abs(x) / 2 and abs(step) > width / 2:
            return None
        x -= step
        low, high = frozen.support()
        if not low < x < high:
            return None
        if abs(step) < abs(x) * mpf(10) ** -25 or p == 0.5 and abs(step) < width * mpf(10) ** -25:
            break
    else:
        return None
    assert abs(family.cdf(x, *params) / p - 1) < 1e-20
    return float(x)


def text(x):
    """Numbers as strings, which every reader rounds alike; infinities as `inf`."""
    return None if x is None else repr(float(x))


def case(name, numbers, far, bulk=True):
    family = FAMILIES[name]
    numbers = [float(x) for x in numbers]
    params = [mpf(x) for x in numbers]
    frozen = family.scipy(*numbers)
    quantiles = []
    for p in TAILS if bulk is True else []:
        x = float(frozen.ppf(p)) if family.discrete else quantile(family, frozen, params, p)
        if x is None:
            print(f"{name} {numbers}: no quantile of {p}", file=sys.stderr)
            continue
        if 1e-3 <= p <= 0.975 and not family.discrete:
            assert abs(float(frozen.ppf(p)) - x) <= 1e-6 * (abs(x) + float(frozen.ppf(0.75) - frozen.ppf(0.25))), (name, numbers, p)
        quantiles.append((p, x))
    points = []
    for x in sorted(set([float(x) for x in far] + [x for _, x in quantiles])):
        logp, below = family.logpdf(mpf(x), *params), family.cdf(mpf(x), *params) if bulk else None
        points.append([text(x), text(logp), text(below), *map(text, family.slopes(mpf(x), params))])
        if bulk is True and 0.01 < below < 0.99:
            theirs = frozen.logpmf(x) if family.discrete else frozen.logpdf(x)
            assert abs(theirs - float(logp)) < 1e-6 * max(1, abs(logp)), (name, numbers, x, theirs, logp)
    mean, variance = text(family.mean(*params)), text(family.variance(*params))
    quantiles = [[text(p), text(x)] for p, x in quantiles]
    return {"params": [text(x) for x in numbers], "mean": mean, "variance": variance, "points": points, "quantiles": quantiles}


# centre, covariance (the second of condition 1e7), points
VECTORS = [
    ([1, -2, 0.5], [[2, 0.6, -0.1], [0.6, 0.5, 0.2], [-0.1, 0.2, 1]], [[1, -2, 0.5], [0.3, -1, 2], [30, -40, 10]]),
    ([0, 0], [[1, 0.9999999], [0.9999999, 1]], [[0.5, 0.5], [0.5, 0.499], [-3, 3]]),
]


def vector_case(loc, covariance, points):
    exact = mp.matrix([[mpf(float(x)) for x in row] for row in covariance])
    rows = []
    for x in points:
        d = mp.matrix([mpf(float(a)) - mpf(float(b)) for a, b in zip(x, loc)])
        logp = -(d.T * mp.inverse(exact) * d)[0] / 2 - mp.log(mp.det(exact)) / 2 - len(loc) * mp.log(2 * mp.pi) / 2
        rows.append([[text(a) for a in x], text(logp)])
    return {"loc": [text(x) for x in loc], "covariance": [text(x) for row in covariance for x in row], "points": rows}


table = {"made_by": "scripts/golden/distributions.py"}
table |= {name: [case(name, *c) for c in cases] for name, cases in CASES.items()}
table["multivariate_normal"] = [vector_case(*c) for c in VECTORS]
print(json.dumps(table, indent=None).replace('}, {"params"', '},\n  {"params"').replace('], "', '],\n "'))

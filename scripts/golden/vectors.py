"""Log densities of vector distributions by SciPy (1.15): python3 scripts/golden/vectors.py > ppl-core/tests/data/vectors.csv

The LKJ density of a Cholesky factor is that of its correlation matrix, det^(eta - 1) / c, times the Jacobian of L L^T, where c
is integrated numerically over the single correlation for n = 2, and by the vine of betas (Lewandowski, Kurowicka & Joe 2009,
eq. 16) for n = 3.
"""

import numpy as np
from scipy import stats
from scipy.special import betaln

rng = np.random.default_rng(20260101)


def row(name, parameters, x, density):
    text = lambda v: " ".join(repr(float(e)) for e in np.ravel(v))
    print(f"{name};{text(parameters)};{text(x)};{density!r}")


print("# scripts/golden/vectors.py: family; parameters; x; log density")
for a in ([1.5, 0.7, 3.0], [2.0, 2.0], [30.0, 4.0, 0.9, 11.0], [1.0, 1.0, 1.0]):
    x = rng.dirichlet(a)
    row("dirichlet", a, x, float(stats.dirichlet.logpdf(x, a)))
for n in (1, 2, 3, 5):
    b = rng.normal(size=(n, n))
    covariance = b @ b.T + np.eye(n)
    x = rng.normal(size=n)
    row("multivariate_normal", covariance, x, float(stats.multivariate_normal.logpdf(x, np.full(n, 0.25), covariance)))


def ln_norm(n, eta):
    """ln of the integral of det^(eta - 1) over correlation matrices of n rows."""
    total = 0.0
    for k in range(1, n):
        a = eta + (n - 1 - k) / 2
        total += (2 * eta - 2 + n - k) * (n - k) * np.log(2) + (n - k) * betaln(a, a)
    return total


for n, eta in ((2, 1.5), (2, 0.6), (3, 1.0), (4, 2.5)):
    b = rng.normal(size=(n, n + 2))
    covariance = b @ b.T
    d = 1 / np.sqrt(np.diag(covariance))
    r = covariance * d[:, None] * d[None, :]
    chol = np.linalg.cholesky(r)
    density = (eta - 1) * np.linalg.slogdet(r)[1] - ln_norm(n, eta)
    density += sum((n - 1 - i) * np.log(chol[i, i]) for i in range(1, n))
    row("lkj_cholesky", [eta], chol, float(density))

for probabilities in ([0.2, 0.5, 0.3], [0.9, 0.05, 0.05]):
    for k in (0, 2):
        row("categorical", probabilities, [k], float(stats.multinomial.logpmf(np.eye(3)[k], 1, probabilities)))
for logits in ([0.3, -1.2, 2.0, 0.0], [700.0, 0.0, 710.0, -5.0]):
    for k in (1, 2):
        density = logits[k] - float(np.logaddexp.reduce(logits))
        row("categorical_logits", logits, [k], density)
for predictor, cutpoints in ((0.4, [-1.0, 0.5, 2.0]), (-3.0, [0.0, 0.1, 6.0])):
    for k in range(4):
        edges = np.concatenate([[-np.inf], cutpoints, [np.inf]]) - predictor
        # The difference of two distribution functions, from the nearer tail.
        side = stats.logistic.cdf if edges[k] + edges[k + 1] < 0 else stats.logistic.sf
        density = float(np.log(abs(side(edges[k + 1]) - side(edges[k]))))
        row("ordered_logistic", [predictor, *cutpoints], [k], density)

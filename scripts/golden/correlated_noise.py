"""Writes lens-models/tests/data/correlated_noise.json: the log density of an image with correlated noise, by SciPy.

needs: numpy, scipy
usage: correlated_noise.py > lens-models/tests/data/correlated_noise.json

The correlation is that of white noise under a 3 x 2 kernel, so that there is such noise; three pixels are not used (sigma 0).
"""

import json

import numpy as np
from scipy.stats import multivariate_normal

rng = np.random.default_rng(11)
width, height = 9, 6
kernel = np.array([[0.2, 0.7, 0.1], [0.05, 0.4, 0.3]])
correlation = np.zeros((3, 5))
for (y, x), a in np.ndenumerate(kernel):
    for (v, u), b in np.ndenumerate(kernel):
        correlation[1 + v - y, 2 + u - x] += a * b
correlation /= correlation[1, 2]
round4 = lambda array: np.asarray(np.float32(np.round(array, 4)), dtype=float)
correlation = np.asarray(np.float32(correlation), dtype=float)
sigma = round4(0.5 + rng.random(width * height))
sigma[[3, 17, 40]] = 0.0
data, model = round4(rng.normal(size=width * height)), round4(0.3 * rng.normal(size=width * height))
used = np.flatnonzero(sigma)
x, y = used % width, used // width
between = lambda dx, dy: correlation[dy + 1, dx + 2] if abs(dx) <= 2 and abs(dy) <= 1 else 0.0
r = np.array([[between(x[j] - x[i], y[j] - y[i]) for j in range(len(used))] for i in range(len(used))])
covariance = r * np.outer(sigma[used], sigma[used])
gradient = np.zeros(width * height)
gradient[used] = np.linalg.solve(covariance, (data - model)[used])
print(json.dumps({
    "made_by": "scripts/golden/correlated_noise.py", "width": width, "height": height,
    "correlation": correlation.ravel().tolist(), "sigma": sigma.tolist(), "data": data.tolist(), "model": model.tolist(),
    "log_prob": float(multivariate_normal(model[used], covariance).logpdf(data[used])), "gradient": gradient.tolist(),
}, indent=None))

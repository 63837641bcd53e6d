"""The peer of `cargo bench --bench profiles`: nanoseconds a point of lenstronomy's profiles, in float64, fields without gradients.

    python benches/peers/profiles_lenstronomy.py      (lenstronomy 1.14.2, numba where it uses it)

256 x 256 points of 0.04"; of the profiles that take a quadrature a point, as many as take a second. Prints one line of JSON a profile, with
the median over the runs.
"""

import json
import sys
import time

import numpy as np
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel

E = {"e1": 0.1, "e2": -0.05, "center_x": 0.03, "center_y": -0.02}
C = {"center_x": 0.03, "center_y": -0.02}
NFW = {"Rs": 3.0, "alpha_Rs": 1.0}
JAFFE = {"sigma0": 1.0, "Ra": 0.1, "Rs": 2.0}
SERSIC = {"amp": 1.0, "R_sersic": 0.6, "n_sersic": 2.5}
# Ours, lenstronomy's, arguments.
MASS = [
    ("epl", "EPL", {"theta_E": 1.2, "gamma": 2.1, **E}),
    ("sie", "SIE", {"theta_E": 1.2, **E}),
    ("sis", "SIS", {"theta_E": 1.2, **C}),
    ("shear", "SHEAR", {"gamma1": 0.03, "gamma2": -0.02}),
    ("point_mass", "POINT_MASS", {"theta_E": 1.2, **C}),
    ("convergence", "CONVERGENCE", {"kappa": 0.05}),
    ("flexion", "FLEXION", {"g1": 0.01, "g2": 0.02, "g3": -0.01, "g4": 0.03}),
    ("multipole1", "MULTIPOLE", {"m": 1, "a_m": 0.05, "phi_m": 0.3, "r_E": 1.2, **C}),
    ("multipole3", "MULTIPOLE", {"m": 3, "a_m": 0.05, "phi_m": 0.3, **C}),
    ("multipole4", "MULTIPOLE", {"m": 4, "a_m": 0.05, "phi_m": 0.3, **C}),
    ("multipole1_ellipse", "MULTIPOLE_ELL", {"m": 1, "a_m": 0.05, "phi_m": 0.3, "r_E": 1.2, "q": 0.8, **C}),
    ("multipole3_ellipse", "MULTIPOLE_ELL", {"m": 3, "a_m": 0.05, "phi_m": 0.3, "r_E": 1.2, "q": 0.8, **C}),
    ("multipole4_ellipse", "MULTIPOLE_ELL", {"m": 4, "a_m": 0.05, "phi_m": 0.3, "q": 0.8, **C}),
    ("nie", "NIE", {"theta_E": 1.2, "s_scale": 0.2, **E}),
    ("pjaffe", "PJAFFE", {**JAFFE, **C}),
    ("pjaffe_ellipse_potential", "PJAFFE_ELLIPSE_POTENTIAL", {**JAFFE, **E}),
    ("nfw", "NFW", {**NFW, **C}),
    ("nfw_ellipse_potential", "NFW_ELLIPSE_POTENTIAL", {**NFW, **E}),
    ("nfw_ellipse", "NFW_ELLIPSE_CSE", {**NFW, **E}),
    ("tnfw", "TNFW", {**NFW, "r_trunc": 6.0, **C}),
    ("gnfw", "GNFW_ELLIPSE_GAUSS_DEC", {**NFW, "gamma_in": 1.3, **E}),
    ("hernquist", "HERNQUIST", {"sigma0": 1.0, "Rs": 0.8, **C}),
    ("hernquist_ellipse", "HERNQUIST_ELLIPSE_CSE", {"sigma0": 1.0, "Rs": 0.8, **E}),
    ("sersic_kappa", "SERSIC_ELLIPSE_KAPPA", {"k_eff": 0.5, "R_sersic": 0.8, "n_sersic": 3.0, **E}),
    ("gaussian_kappa", "GAUSSIAN_ELLIPSE_KAPPA", {"amp": 1.0, "sigma": 0.6, **E}),
]
LIGHT = [
    ("sersic_lenstronomy_bn", "SERSIC_ELLIPSE", {**SERSIC, **E}),
    ("core_sersic", "CORE_SERSIC", {**SERSIC, "Rb": 0.1, "gamma": 0.3, **E}),
    ("gaussian", "GAUSSIAN_ELLIPSE", {"amp": 1.0, "sigma": 0.6, **E}),
    ("uniform", "UNIFORM", {"amp": 1.0}),
]
axis = (np.arange(256) - 127.5) * 0.04
X, Y = (a.ravel() for a in np.meshgrid(axis, axis))


def nanoseconds(work):
    """The median of 7 runs over all points, or over as many as take a second."""
    start = time.perf_counter()
    work(X[::256], Y[::256])  # Compiles, too.
    start = time.perf_counter()
    work(X[::256], Y[::256])
    step = 1 if time.perf_counter() - start < 1 / 256 * 4 else 256
    x, y = X[::step].copy(), Y[::step].copy()
    times = []
    for _ in range(7):
        start = time.perf_counter()
        work(x, y)
        times.append(time.perf_counter() - start)
    return 1e9 * float(np.median(times)) / len(x)


for ours, theirs, kwargs in MASS:
    model = LensModel([theirs])
    value = nanoseconds(lambda x, y: model.alpha(x, y, [kwargs]))
    print(json.dumps({"kind": "mass", "name": ours, "peer": theirs, "value": round(value, 2)}))
    sys.stdout.flush()
for ours, theirs, kwargs in LIGHT:
    model = LightModel([theirs])
    value = nanoseconds(lambda x, y: model.surface_brightness(x, y, [kwargs]))
    print(json.dumps({"kind": "light", "name": ours, "peer": theirs, "value": round(value, 2)}))

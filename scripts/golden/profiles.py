"""Writes lens-models/tests/data/profiles.json: 200 random points and parameters of each profile, held to lenstronomy.

    python scripts/golden/profiles.py > lens-models/tests/data/profiles.json      (lenstronomy 1.14.2, mpmath 1.4)

Deflections and brightnesses are lenstronomy's own. Their derivatives are central differences, with a step of 1e-20 at 50 digits, of the
formulas of the literature below, because some of lenstronomy's are differences themselves (Hernquist's Hessian over 1e-5 arcsec, that of
the elliptical dPIE over 1e-6). The script refuses to write a row where the two disagree in the value by more than 1e-10 of it.
"""

import functools
import json
import random
import sys

import numpy as np
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.Profiles.moffat import Moffat
from lenstronomy.LightModel.Profiles.sersic import CoreSersic, SersicElliptic
from mpmath import mp, mpf

mp.dps = 50
STEP = mpf(10) ** -20
ROWS = 200
E = [("e1", -0.35, 0.35), ("e2", -0.35, 0.35)]
CENTER = [("center_x", -0.3, 0.3), ("center_y", -0.3, 0.3)]


def radial(alpha_over_r):
    """The deflection of a potential of radius, round or, by lenstronomy's square average, elliptical."""

    def deflection(x, y, center_x, center_y, e1=None, e2=None, **own):
        dx, dy = x - center_x, y - center_y
        if e1 is None:
            pull = alpha_over_r(mp.sqrt(dx * dx + dy * dy), **own)
            return pull * dx, pull * dy
        f, phi = mp.sqrt(e1 * e1 + e2 * e2), mp.atan2(e2, e1) / 2
        q = (1 - f) / (1 + f)
        e = (1 - q * q) / (1 + q * q)
        x1, x2 = mp.cos(phi) * dx + mp.sin(phi) * dy, mp.cos(phi) * dy - mp.sin(phi) * dx
        pull = alpha_over_r(mp.sqrt((1 - e) * x1 * x1 + (1 + e) * x2 * x2), **own)
        a1, a2 = pull * (1 - e) * x1, pull * (1 + e) * x2
        return mp.cos(phi) * a1 - mp.sin(phi) * a2, mp.sin(phi) * a1 + mp.cos(phi) * a2

    return deflection


def nfw_f(x):
    return mp.re(mp.atan(mp.sqrt(mp.mpc(x * x - 1))) / mp.sqrt(mp.mpc(x * x - 1)))


def nfw(r, Rs, alpha_Rs):
    x = r / Rs
    return alpha_Rs / ((1 - mp.log(2)) * Rs) * (mp.log(x / 2) + nfw_f(x)) / x**2


def tnfw(r, Rs, alpha_Rs, r_trunc):
    """Baltz, Marshall & Oguri 2009, eq. A34."""
    x, t = r / Rs, r_trunc / Rs
    root = mp.sqrt(t * t + x * x)
    log = mp.log(x / (t + root))
    m = (t * t + 1 + 2 * (x * x - 1)) * nfw_f(x) + t * mp.pi + (t * t - 1) * mp.log(t)
    m += root * (-mp.pi + log * (t * t - 1) / t)
    return alpha_Rs / ((1 - mp.log(2)) * Rs) * t * t / (t * t + 1) ** 2 * m / x**2


def hernquist(r, sigma0, Rs):
    x = r / Rs
    return 2 * sigma0 * (1 - nfw_f(x)) / (x * x - 1)


def pjaffe(r, sigma0, Ra, Rs):
    difference = 1 / (Ra + mp.sqrt(Ra * Ra + r * r)) - 1 / (Rs + mp.sqrt(Rs * Rs + r * r))
    return 2 * sigma0 * Ra * Rs / (Rs - Ra) * difference


def multipole(m):
    def deflection(x, y, a_m, phi_m, center_x, center_y, r_E=None):
        dx, dy = x - center_x, y - center_y
        r, phi = mp.sqrt(dx * dx + dy * dy), mp.atan2(dy, dx)
        if m == 1:
            up = a_m / 2 * (mp.log(r / r_E) + 1) * mp.cos(phi - phi_m)
            around = -a_m / 2 * mp.log(r / r_E) * mp.sin(phi - phi_m)
        else:
            up = a_m / (1 - m * m) * mp.cos(m * (phi - phi_m))
            around = -m * a_m / (1 - m * m) * mp.sin(m * (phi - phi_m))
        return up * mp.cos(phi) - around * mp.sin(phi), up * mp.sin(phi) + around * mp.cos(phi)

    return deflection


def nie(x, y, theta_E, e1, e2, s_scale, center_x, center_y):
    """Keeton & Kochanek 1998, with lenstronomy's theta_E and s_scale."""
    f, phi = mp.sqrt(e1 * e1 + e2 * e2), mp.atan2(e2, e1) / 2
    q = (1 - f) / (1 + f)
    dx, dy = x - center_x, y - center_y
    x1, x2 = mp.cos(phi) * dx + mp.sin(phi) * dy, mp.cos(phi) * dy - mp.sin(phi) * dx
    s, k = s_scale / mp.sqrt(q), mp.sqrt(1 - q * q)
    psi = mp.sqrt(q * q * (s * s + x1 * x1) + x2 * x2)
    b = theta_E * mp.sqrt(q)
    a1, a2 = b / k * mp.atan(k * x1 / (psi + s)), b / k * mp.atanh(k * x2 / (psi + q * q * s))
    return mp.cos(phi) * a1 - mp.sin(phi) * a2, mp.sin(phi) * a1 + mp.cos(phi) * a2


def flexion(x, y, g1, g2, g3, g4):
    return g1 * x * x / 2 + g2 * x * y + g3 * y * y / 2, g2 * x * x / 2 + g3 * x * y + g4 * y * y / 2


NFW = [("Rs", 0.3, 12), ("alpha_Rs", 0.2, 3)]
JAFFE = [("sigma0", 0.2, 3), ("Ra", 0.05, 0.8), ("Rs", 0.9, 6)]
MULTIPOLE = [("a_m", -0.2, 0.2), ("phi_m", -3, 3)]
# Ours: lenstronomy's name, what it is given besides, our parameters with their ranges, the formula.
MASS = {
    "point_mass": ("POINT_MASS", {}, [("theta_E", 0.3, 2), *CENTER], radial(lambda r, theta_E: theta_E**2 / r**2)),
    "convergence": ("CONVERGENCE", {}, [("kappa", -0.3, 0.3)], lambda x, y, kappa: (kappa * x, kappa * y)),
    "multipole1": ("MULTIPOLE", {"m": 1}, [*MULTIPOLE, ("r_E", 0.5, 2), *CENTER], multipole(1)),
    "multipole3": ("MULTIPOLE", {"m": 3}, [*MULTIPOLE, *CENTER], multipole(3)),
    "multipole4": ("MULTIPOLE", {"m": 4}, [*MULTIPOLE, *CENTER], multipole(4)),
    "pjaffe": ("PJAFFE", {}, [*JAFFE, *CENTER], radial(pjaffe)),
    "pjaffe_ellipse_potential": ("PJAFFE_ELLIPSE_POTENTIAL", {}, [*JAFFE, *E, *CENTER], radial(pjaffe)),
    "nfw": ("NFW", {}, [*NFW, *CENTER], radial(nfw)),
    "nfw_ellipse_potential": ("NFW_ELLIPSE_POTENTIAL", {}, [*NFW, *E, *CENTER], radial(nfw)),
    "hernquist": ("HERNQUIST", {}, [("sigma0", 0.2, 3), ("Rs", 0.3, 6), *CENTER], radial(hernquist)),
    "tnfw": ("TNFW", {}, [*NFW, ("r_trunc", 0.5, 20), *CENTER], radial(tnfw)),
    "nie": ("NIE", {}, [("theta_E", 0.5, 2), *E, ("s_scale", 0.01, 0.6), *CENTER], nie),
    "flexion": ("FLEXION", {}, [(f"g{i}", -0.1, 0.1) for i in (1, 2, 3, 4)], flexion),
}


def ellipse(x, y, e1, e2, center_x, center_y):
    """R = sqrt(q x1^2 + x2^2 / q)."""
    f, phi = mp.sqrt(e1 * e1 + e2 * e2), mp.atan2(e2, e1) / 2
    q = (1 - f) / (1 + f)
    dx, dy = x - center_x, y - center_y
    x1, x2 = mp.cos(phi) * dx + mp.sin(phi) * dy, mp.cos(phi) * dy - mp.sin(phi) * dx
    return mp.sqrt(q * x1 * x1 + x2 * x2 / q)


@functools.cache
def b_n(n):
    """Half of the light lies within R_sersic; lenstronomy has 1.9992 n - 0.3271."""
    half = lambda b: mp.gammainc(2 * n, 0, b, regularized=True) - mpf(1) / 2
    return mp.findroot(half, 2 * n - mpf(1) / 3 + mpf(4) / (405 * n))


def sersic(n):
    b = b_n(mpf(n))
    return lambda x, y, amp, R_sersic, **at: amp * mp.exp(-b * ((ellipse(x, y, **at) / R_sersic) ** (mpf(1) / n) - 1))


def core_sersic(x, y, amp, R_sersic, Rb, n_sersic, gamma, **at):
    R, a = ellipse(x, y, **at), 3
    power = ((R**a + Rb**a) / R_sersic**a) ** (1 / (a * n_sersic))
    return amp * (1 + (Rb / R) ** a) ** (gamma / a) * mp.exp(-b_n(n_sersic) * (power - 1))


def moffat(x, y, amp, alpha, beta, center_x, center_y):
    return amp * (1 + ((x - center_x) ** 2 + (y - center_y) ** 2) / alpha**2) ** -beta


def exact(profile):
    """lenstronomy's profile with the exact b_n."""
    profile.b_n = lambda n: float(b_n(mpf(float(n))))
    return profile


SERSIC = [("amp", 0.3, 3), ("R_sersic", 0.3, 2)]
CORE = [*SERSIC, ("Rb", 0.05, 0.4), ("n_sersic", 0.8, 5), ("gamma", 0, 1.2), *E, *CENTER]
LIGHT = {
    "moffat": (Moffat(), {}, [("amp", 0.3, 3), ("alpha", 0.3, 2), ("beta", 0.8, 4), *CENTER], moffat),
    "exponential": (exact(SersicElliptic()), {"n_sersic": 1}, [*SERSIC, *E, *CENTER], sersic(1)),
    "de_vaucouleurs": (exact(SersicElliptic()), {"n_sersic": 4}, [*SERSIC, *E, *CENTER], sersic(4)),
    "core_sersic": (exact(CoreSersic()), {}, CORE, core_sersic),
}


def difference(function, values, which):
    up, down = dict(values), dict(values)
    up[which] += STEP
    down[which] -= STEP
    return [(u - d) / (2 * STEP) for u, d in zip(function(**up), function(**down))]


def rounded(values):
    return [float(mp.nstr(v, 13)) for v in values]


def row(name, lenstronomy, function, ranges, draw):
    """Parameters and point; the field; its derivatives by each parameter, x and y."""
    params = {p: round(draw.uniform(low, high), 4) for p, low, high in ranges}
    point = {k: round(draw.uniform(-2.5, 2.5), 4) for k in "xy"}
    values = {k: mpf(v) for k, v in (params | point).items()}
    field, want = lenstronomy(**params, **point), function(**values)
    size = mp.sqrt(sum(w * w for w in want))
    error = max(abs(f - w) for f, w in zip(field, want)) / size
    # lenstronomy's arctan cancels where its axis ratio is near one, and its deflection where a halo is much larger than r.
    if error > 1e-10:
        sys.exit(f"{name} {params} at {point}: lenstronomy's {field} is not {want}")
    by = [rounded(difference(function, values, k)) for k in [*params, *point]]
    return [[*params.values(), *point.values()], [float(f"{v:.15g}") for v in field], by]


def table(profiles, caller):
    lines = []
    for name, (theirs, given, ranges, formula) in profiles.items():
        draw = random.Random(name)
        field, function = caller(theirs, given, formula)
        rows = [json.dumps(row(name, field, function, ranges, draw)) for _ in range(ROWS)]
        names = json.dumps([p for p, _, _ in ranges])
        lines.append(f'"{name}": {{"names": {names}, "rows": [\n' + ",\n".join(rows) + "]}")
        print(name, len(rows), file=sys.stderr)
    return ",\n".join(lines)


def mass(theirs, given, formula):
    model = LensModel([theirs])
    return lambda x, y, **p: [float(a[0]) for a in model.alpha(np.array([x]), np.array([y]), [p | given])], formula


def light(theirs, given, formula):
    def field(x, y, **p):
        return [float(theirs.function(np.array([x]), np.array([y]), **p, **given)[0])]

    return field, lambda **values: [formula(**values)]


print('{"made by": "scripts/golden/profiles.py", "mass": {')
print(table(MASS, mass))
print('}, "light": {')
print(table(LIGHT, light))
print("}}")

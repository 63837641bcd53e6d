"""Writes lens-models/tests/data/profiles.json: 200 random points and parameters of each profile, held to lenstronomy.

    python scripts/golden/profiles.py > lens-models/tests/data/profiles.json      (lenstronomy 1.14.2, mpmath 1.4)

Deflections and brightnesses are lenstronomy's own. Their derivatives are central differences, with a step of 1e-20 at 50 digits (of integrals by five points at 19), of the
formulas of the literature below, because some of lenstronomy's are differences themselves (Hernquist's Hessian over 1e-5 arcsec, that of
the elliptical dPIE over 1e-6). The script refuses to write a row where the two disagree in the value by more than 1e-10 of it, or by more
than the table `LIMIT` says, where lenstronomy's own value is an approximation: the field is then that of the formula, an integral.
Names may be given: their rows alone are made anew, and the others are taken from the file that there is.
"""

import functools
import json
import random
import sys
from fractions import Fraction

import numpy as np
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.Profiles.multipole import EllipticalMultipole
from lenstronomy.LightModel.Profiles.moffat import Moffat
from lenstronomy.LightModel.Profiles.sersic import CoreSersic, SersicElliptic
from mpmath import mp, mpf

mp.dps = 50
STEP = mpf(10) ** -20
ROWS = 200
TABLE = "lens-models/tests/data/profiles.json"
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


# The formulas that are integrals, in numbers of 80 bits.
INTEGRALS = []
LONG = np.longdouble


@functools.cache
def rule(nodes):
    """Nodes and weights of the double exponential rule on [0, 1]."""
    xi = np.linspace(-LONG(4.5), LONG(4.5), nodes)
    odds = np.exp(np.pi * np.sinh(xi))
    return odds / (1 + odds), (xi[1] - xi[0]) * np.pi * np.cosh(xi) * odds / (1 + odds) ** 2


def integral(function, low, high):
    """By 500 nodes, and by 351, which must agree."""
    fine, coarse = (
        (high - low) * np.sum(weights * function(low + (high - low) * t)) for t, weights in (rule(500), rule(351)))
    if abs(fine - coarse) > 1e-12 * abs(fine):
        sys.exit(f"an integral is {fine} or {coarse}")
    return fine


def shells(kappa):
    """Bourassa & Kantowski 1975: the deflection of a convergence of R, in the frame of the axes, as an integral over its ellipses."""

    def deflection(x, y, e1, e2, center_x, center_y, **own):
        f, phi = np.hypot(e1, e2), np.arctan2(e2, e1) / 2
        q = (1 - f) / (1 + f)
        turn = np.exp(np.clongdouble(1j) * phi)
        w = (x - center_x + np.clongdouble(1j) * (y - center_y)) / turn
        R2 = q * w.real**2 + w.imag**2 / q
        of = kappa(**own)
        shell = lambda u: of(np.sqrt(R2) * u) * u / np.sqrt(1 - (1 / q - q) * R2 * u * u / w**2)
        alpha = np.conj(2 * R2 / w * integral(shell, LONG(0), LONG(1))) * turn
        return alpha.real, alpha.imag

    INTEGRALS.append(deflection)
    return deflection


def near_one(far, coefficient):
    """far(x, F), F = arctan(sqrt(x^2 - 1)) / sqrt(x^2 - 1) = sum (1 - x^2)^k / (2 k + 1), and near x = 1, where it cancels, its series."""

    def of(x):
        z = 1 - x * x
        root = np.sqrt(abs(z))
        series = sum(LONG(coefficient(k).numerator) / coefficient(k).denominator * np.where(abs(z) < 0.2, z, 0) ** k for k in range(26))
        with np.errstate(all="ignore"):
            away = far(x, np.where(x < 1, np.log((1 + root) / x), np.arctan(root)) / root)
        return np.where(abs(z) < 0.2, series, away)

    return of


def kappa_nfw(Rs, alpha_Rs):
    unit = alpha_Rs / (2 * (1 - np.log(LONG(2))) * Rs)
    of = near_one(lambda x, f: (1 - f) / (x * x - 1), lambda k: Fraction(1, 2 * k + 3))
    return lambda R: unit * of(R / Rs)


def kappa_hernquist(sigma0, Rs):
    of = near_one(lambda x, f: ((2 + x * x) * f - 3) / (x * x - 1) ** 2, lambda k: Fraction(4 * k + 4, 4 * (k + 2) ** 2 - 1))
    return lambda R: sigma0 * of(R / Rs)


def kappa_power(theta_E, gamma, s_scale):
    return lambda R: (3 - gamma) / 2 * (theta_E**2 / (s_scale**2 + R * R)) ** ((gamma - 1) / 2)


def kappa_sersic(k_eff, R_sersic, n_sersic):
    b = LONG(mp.nstr(b_n(mpf(str(n_sersic))), 25))
    return lambda R: k_eff * np.exp(b - b * (R / R_sersic) ** (1 / n_sersic))


def kappa_gaussian(amp, sigma):
    return lambda R: amp / (2 * LONG(np.pi) * sigma**2) * np.exp(-R * R / (2 * sigma**2))


@functools.cache
def gnfw_at_1(gamma):
    """alpha at Rs for rho = x^-gamma (1 + x)^(gamma - 3), 4 int rho r [r - sqrt(r^2 - min(r, 1)^2)] dr."""
    rho_r = lambda r: r ** (1 - gamma) * (1 + r) ** (gamma - 3)
    # r - sqrt(r^2 - 1) = 1 / (r + sqrt(r^2 - 1)), r = cosh t.
    far = lambda t: rho_r(np.cosh(t)) * np.sinh(t) * np.exp(-t)
    return 4 * (integral(lambda r: rho_r(r) * r, LONG(0), LONG(1)) + integral(far, LONG(0), LONG(30)))


def gnfw(x, y, Rs, alpha_Rs, gamma_in, e1, e2, center_x, center_y):
    """The integral over ellipses of the projection of rho, the first done in closed form: int dm m / sqrt[(w^2 - B m^2) (r^2 - m^2)]."""
    f, phi = np.hypot(e1, e2), np.arctan2(e2, e1) / 2
    q = (1 - f) / (1 + f)
    turn = np.exp(np.clongdouble(1j) * phi)
    w = (x - center_x + np.clongdouble(1j) * (y - center_y)) / turn / Rs
    R = np.sqrt(q * w.real**2 + w.imag**2 / q)
    B = 1 / q - q
    root = np.sqrt(B)
    rho_r = lambda r: r ** (1 - gamma_in) * (1 + r) ** (gamma_in - 3)
    # sqrt(w^2 - B m^2) with the sign of w.
    S = lambda m2: w * np.sqrt(1 - B * m2 / w**2)
    inside = integral(lambda r: rho_r(r) * np.arctanh(root * r / w), LONG(0), R)
    # r = R cosh t; beyond R the logarithm falls as 1 / r.
    far = lambda t: rho_r(R * np.cosh(t)) * R * np.sinh(t) * np.log1p(
        (w - S(R * R) + root * R * np.exp(-t)) / (root * R * np.sinh(t) + S(R * R)))
    alpha = np.conj((inside + integral(far, LONG(0), LONG(30))) * 4 / root) * turn * alpha_Rs / gnfw_at_1(gamma_in)
    return alpha.real, alpha.imag


INTEGRALS.append(gnfw)


def pjaffe_ellipse(x, y, sigma0, Ra, Rs, **place):
    theta_E = 2 * sigma0 * Ra * Rs / (Rs - Ra)
    a, b = nie(x, y, theta_E=theta_E, s_scale=Ra, **place), nie(x, y, theta_E=theta_E, s_scale=Rs, **place)
    return a[0] - b[0], a[1] - b[1]


def multipole_ellipse(m):
    """d alpha = 2 i kappa w d phi along a circle, from the direction of the major axis on; odd orders have a logarithm besides."""

    def deflection(x, y, a_m, phi_m, e1, e2, center_x, center_y, r_E=None):
        e = mp.mpc(e1, e2)
        c = mp.expj(m * phi_m)
        w = mp.mpc(x - center_x, y - center_y)
        beta = mp.sqrt(1 - abs(e) ** 2)
        zeta = w - e * mp.conj(w)
        n = zeta / abs(zeta)
        z = -mp.conj(e) * n * n
        # sum_k z^k / (j + 2 k) without the term of j + 2 k = 0, by the hypergeometric function from the first positive one on.
        def total(j):
            first = max(0, (2 - j) // 2)
            low = sum(z**k / mpf(j + 2 * k) for k in range(first) if j + 2 * k)
            j += 2 * first
            return low + z**first / j * mp.hyp2f1(1, mpf(j) / 2, mpf(j) / 2 + 1, z)

        alpha = mp.conj(c) * n ** (m + 1) * total(m + 1) + c * n ** (1 - m) * total(1 - m)
        if m % 2:
            turn = mp.arg(1 - e * mp.conj(w) / w)
            alpha += c * (-mp.conj(e)) ** ((m - 1) // 2) * (mp.log(abs(w) / r_E) + mp.mpc(mpf(1) / 2, turn))
        alpha *= a_m * beta / 2
        return alpha.real, alpha.imag

    return deflection


class TheirEllipticalMultipole:
    """lenstronomy's, which has the major axis along x and odd orders with a constant deflection of their own, taken off at (1, 0)."""

    def __init__(self, m):
        self.m, self.formula = m, multipole_ellipse(m)

    def __call__(self, x, y, a_m, phi_m, e1, e2, center_x, center_y, r_E=1.0):
        f, phi = np.hypot(e1, e2), np.arctan2(e2, e1) / 2
        q = (1 - f) / (1 + f)
        cos, sin = np.cos(phi), np.sin(phi)

        def at(x, y):
            profile, dx, dy = EllipticalMultipole(), x - center_x, y - center_y
            ax, ay = profile.derivatives(cos * dx + sin * dy, cos * dy - sin * dx, self.m, a_m, phi_m - phi, q, r_E=r_E)
            return np.array([cos * ax - sin * ay, sin * ax + cos * ay])

        if self.m == 4:
            return [float(a) for a in at(x, y)]
        place = {"e1": e1, "e2": e2, "center_x": center_x, "center_y": center_y}
        ours = self.formula(center_x + 1, mpf(center_y), **{k: mpf(v) for k, v in (place | {"a_m": a_m, "phi_m": phi_m, "r_E": r_E}).items()})
        constant = at(center_x + 1, center_y) - np.array([float(o) for o in ours])
        return [float(a) for a in at(x, y) - constant]


def renamed(name, change):
    """A profile of lenstronomy whose parameters are other functions of ours."""

    def field(x, y, **ours):
        return [float(a[0]) for a in LensModel([name]).alpha(np.array([x]), np.array([y]), [change(ours)])]

    return field


def exact_sersic(ours):
    """SERSIC_ELLIPSE_KAPPA: |e| is 1 - q there, R along the major axis, and b_n approximate."""
    f, n = np.hypot(ours["e1"], ours["e2"]), ours["n_sersic"]
    q = (1 - f) / (1 + f)
    b, theirs = float(b_n(mpf(n))), 1.9992 * n - 0.3271
    of = (1 - q) / f
    # b (R / R_sersic)^(1/n) is theirs (R / R')^(1/n).
    return {"k_eff": ours["k_eff"] * np.exp(b - theirs), "R_sersic": ours["R_sersic"] * (theirs / b) ** n / np.sqrt(q), "n_sersic": n,
            "e1": of * ours["e1"], "e2": of * ours["e2"], "center_x": ours["center_x"], "center_y": ours["center_y"]}


def along_the_axis(ours):
    """HERNQUIST_ELLIPSE_CSE has its Rs along the major axis, and its sigma0 is that of the round halo of as much mass."""
    f = np.hypot(ours["e1"], ours["e2"])
    q = (1 - f) / (1 + f)
    return ours | {"Rs": ours["Rs"] / np.sqrt(q), "sigma0": ours["sigma0"] * q}


def two_nie(x, y, sigma0, Ra, Rs, **place):
    theta_E = 2 * sigma0 * Ra * Rs / (Rs - Ra)
    both = [{"theta_E": t, "s_scale": s} | place for t, s in ((theta_E, Ra), (-theta_E, Rs))]
    return [float(a[0]) for a in LensModel(["NIE", "NIE"]).alpha(np.array([x]), np.array([y]), both)]


# lenstronomy's approximations: the ellipsoids of Oguri 2021, quadratures that aim at 1e-8. None: nothing to compare with; the Gaussians of its
# GNFW_ELLIPSE_GAUSS_DEC lose the mass of a steep cusp, and its SPL_CORE is round (tests/exchange.rs holds `gnfw` and `epl_core` to its round ones).
LIMIT = {"nfw_ellipse": 1e-3, "hernquist_ellipse": 1e-3, "gnfw": None, "sersic_kappa": 1e-7, "pjaffe_ellipse": 1e-8, "epl_core": None}

NFW = [("Rs", 0.3, 12), ("alpha_Rs", 0.2, 3)]
JAFFE = [("sigma0", 0.2, 3), ("Ra", 0.05, 0.8), ("Rs", 0.9, 6)]
MASS_SERSIC = [("k_eff", 0.1, 1.5), ("R_sersic", 0.3, 2), ("n_sersic", 0.5, 6), *E, *CENTER]
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
    "nfw_ellipse": ("NFW_ELLIPSE_CSE", {}, [*NFW, *E, *CENTER], shells(kappa_nfw)),
    "gnfw": (None, {}, [*NFW, ("gamma_in", 0.2, 2.2), *E, *CENTER], gnfw),
    "hernquist_ellipse": (renamed("HERNQUIST_ELLIPSE_CSE", along_the_axis), {}, [("sigma0", 0.2, 3), ("Rs", 0.3, 6), *E, *CENTER], shells(kappa_hernquist)),
    "pjaffe_ellipse": (two_nie, {}, [*JAFFE, *E, *CENTER], pjaffe_ellipse),
    "epl_core": (None, {}, [("theta_E", 0.5, 2), ("gamma", 1.3, 2.7), ("s_scale", 0.02, 0.6), *E, *CENTER], shells(kappa_power)),
    "sersic_kappa": (renamed("SERSIC_ELLIPSE_KAPPA", exact_sersic), {}, MASS_SERSIC, shells(kappa_sersic)),
    "gaussian_kappa": ("GAUSSIAN_ELLIPSE_KAPPA", {}, [("amp", 0.3, 5), ("sigma", 0.2, 2), *E, *CENTER], shells(kappa_gaussian)),
    "multipole1_ellipse": (TheirEllipticalMultipole(1), {}, [*MULTIPOLE, ("r_E", 0.5, 2), *E, *CENTER], multipole_ellipse(1)),
    "multipole3_ellipse": (TheirEllipticalMultipole(3), {}, [*MULTIPOLE, ("r_E", 0.5, 2), *E, *CENTER], multipole_ellipse(3)),
    "multipole4_ellipse": (TheirEllipticalMultipole(4), {}, [*MULTIPOLE, *E, *CENTER], multipole_ellipse(4)),
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
    at = lambda by: function(**(values | {which: values[which] + by}))
    if function in INTEGRALS:
        # Five points: off by h^4 / 30 of the fifth derivative and by 1e-18 / h.
        h = LONG(2e-4) * max(abs(values[which]), LONG(0.2))
        return [(8 * (a - b) - (c - d)) / (12 * h) for a, b, c, d in zip(at(h), at(-h), at(2 * h), at(-2 * h))]
    return [(u - d) / (2 * STEP) for u, d in zip(at(STEP), at(-STEP))]


def rounded(values):
    return [float(f"{float(v):.13g}") for v in values]


def row(name, lenstronomy, function, ranges, draw):
    """Parameters and point; the field; its derivatives by each parameter, x and y; and how far lenstronomy's field is from the formula's."""
    params = {p: round(draw.uniform(low, high), 4) for p, low, high in ranges}
    point = {k: round(draw.uniform(-2.5, 2.5), 4) for k in "xy"}
    number = (lambda v: LONG(str(v))) if function in INTEGRALS else mpf
    values = {k: number(v) for k, v in (params | point).items()}
    want = function(**values)
    limit = LIMIT.get(name, 1e-10)
    field = want if limit is None else lenstronomy(**params, **point)
    error = max(abs(f - w) for f, w in zip(field, want)) / max(abs(w) for w in want)
    # lenstronomy's arctan cancels where its axis ratio is near one, and its deflection where a halo is much larger than r.
    if limit is not None and error > limit:
        sys.exit(f"{name} {params} at {point}: lenstronomy's {field} is not {want}")
    field = field if limit == 1e-10 else want
    by = [rounded(difference(function, values, k)) for k in [*params, *point]]
    return [[*params.values(), *point.values()], [float(f"{float(v):.15g}") for v in field], by], float(error)


def table(profiles, caller, known):
    lines = []
    for name, (theirs, given, ranges, formula) in profiles.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            made, names = known[name]["rows"], known[name]["names"]
        else:
            draw, (field, function) = random.Random(name), caller(theirs, given, formula)
            made, errors = zip(*(row(name, field, function, ranges, draw) for _ in range(ROWS)))
            names = [p for p, _, _ in ranges]
            print(f"{name}: lenstronomy is off by {max(errors):.1e} at most, {sorted(errors)[ROWS // 2]:.1e} in the middle", file=sys.stderr)
        rows = ",\n".join(json.dumps(r) for r in made)
        lines.append(f'"{name}": {{"names": {json.dumps(names)}, "rows": [\n{rows}]}}')
    return ",\n".join(lines)


def mass(theirs, given, formula):
    if not isinstance(theirs, str):
        return theirs, formula
    model = LensModel([theirs])
    return lambda x, y, **p: [float(a[0]) for a in model.alpha(np.array([x]), np.array([y]), [p | given])], formula


def light(theirs, given, formula):
    def field(x, y, **p):
        return [float(theirs.function(np.array([x]), np.array([y]), **p, **given)[0])]

    return field, lambda **values: [formula(**values)]


known = json.load(open(TABLE)) if sys.argv[1:] else {"mass": {}, "light": {}}
print('{"made by": "scripts/golden/profiles.py", "mass": {')
print(table(MASS, mass, known["mass"]))
print('}, "light": {')
print(table(LIGHT, light, known["light"]))
print("}}")

"""Writes lens-models/tests/data/epl.json: deflections of the elliptical power law and their derivatives.

    python scripts/golden/epl.py > lens-models/tests/data/epl.json      (mpmath 1.3)

The formula is that of the literature, not ours: in the frame of the major axis, with f = (1-q)/(1+q), b = theta_E sqrt(q) and the
elliptical radius R = sqrt(q^2 x^2 + y^2) and angle phi = atan2(y, q x),

    alpha = 2b/(1+q) (b/R)^(t-1) e^(i phi) 2F1(1, t/2; 2 - t/2; -f e^(2 i phi))       (Tessore & Metcalf 2015, eq. 13)

at 60 digits on the very doubles in the table, 2F1 by mpmath. Derivatives are central differences of that formula with a step of 1e-20,
whose error is 1e-40 at e = 0 too: the formula has an angle there, but its value has no kink.
"""

import json
import sys

from mpmath import mp, mpc, mpf

mp.dps = 60
STEP = mpf(10) ** -20
NAMES = ["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]


def deflection(theta_E, gamma, e1, e2, center_x, center_y, x, y):
    t = gamma - 1
    f = mp.sqrt(e1 * e1 + e2 * e2)
    q = (1 - f) / (1 + f)
    axis = mpc(e1, e2) / f if f else mpc(1)
    turn = mp.sqrt(axis)  # e^(i phi) of the major axis
    z = mpc(x - center_x, y - center_y) / turn
    b = theta_E * mp.sqrt(q)
    inner = mpc(q * z.real, z.imag)
    R = abs(inner)
    e_phi = inner / R
    F = mp.hyp2f1(1, t / 2, 2 - t / 2, -f * e_phi**2)
    return turn * (2 * b / (1 + q) * (b / R) ** (t - 1) * e_phi * F)


def potential(params, x, y):
    """psi is homogeneous of degree 3 - gamma about the centre: z . grad psi = (3 - gamma) psi."""
    alpha = deflection(*params, x, y)
    return ((x - params[4]) * alpha.real + (y - params[5]) * alpha.imag) / (3 - params[1])


def difference(values, which):
    up, down = list(values), list(values)
    up[which] += STEP
    down[which] -= STEP
    return (deflection(*up) - deflection(*down)) / (2 * STEP)


def pair(z):
    return [mp.nstr(z.real, 20), mp.nstr(z.imag, 20)]


def row(params, x, y):
    values = [mpf(v) for v in [*params, x, y]]
    return {
        "params": params,
        "point": [x, y],
        "potential": mp.nstr(potential(values[:6], *values[6:]), 20),
        "alpha": pair(deflection(*values)),
        "by_params": [pair(difference(values, i)) for i in range(6)],
        "by_position": [pair(difference(values, i)) for i in (6, 7)],
    }


def lenses():
    """Round; the paper's; nearly isothermal from both sides; shallow, steep; q = 0.1, 0.5 and 0.999; off the centre."""
    f_01, f_999 = 0.9 / 1.1, 0.001 / 1.999
    yield [1.1, 1.9, 0.0, 0.0, 0.0, 0.0]
    yield [1.0, 2.0, 0.0, 0.0, 0.03, -0.02]
    yield [1.3, 2.0, 0.2, -0.15, 0.0, 0.0]
    yield [1.2, 2.0 + 1e-9, 0.1, 0.05, 0.0, 0.0]
    yield [1.2, 2.0 - 1e-6, -0.1, 0.3, 0.0, 0.0]
    yield [1.25, 2.1, f_01, 0.0, 0.0, 0.0]
    yield [0.8, 1.7, -0.6 * f_01, 0.8 * f_01, 0.05, 0.02]
    yield [1.5, 1.3, 1 / 3, 0.0, 0.0, 0.0]
    yield [1.5, 2.7, 0.0, -1 / 3, -0.04, 0.01]
    yield [1.0, 2.2, f_999, 0.0, 0.0, 0.0]


POINTS = [(1.0, 0.3), (-0.4, 1.2), (0.02, -0.03), (-2.5, -1.5), (0.7, -0.0625)]

print('{"made by": "scripts/golden/epl.py",')
print('"names": %s, "rows": [' % json.dumps(NAMES))
rows = [json.dumps(row(lens, *point)) for lens in lenses() for point in POINTS]
print(",\n".join(rows))
print("]}")
print(f"{len(rows)} rows", file=sys.stderr)

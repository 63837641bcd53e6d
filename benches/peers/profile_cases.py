"""The profiles that `cargo bench --bench profiles` and its peers time: by our name, by lenstronomy's, and at which parameters."""

import numpy as np

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
# 256 x 256 points of 0.04".
axis = (np.arange(256) - 127.5) * 0.04
X, Y = (a.ravel() for a in np.meshgrid(axis, axis))

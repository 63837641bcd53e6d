"""Writes lens-models/tests/data/exchange.json: models as other programs write them, and what those programs make of them.

    python scripts/golden/exchange.py > lens-models/tests/data/exchange.json      (coolest 0.1.11, lenstronomy 1.14.2)

`coolest` is a file of the standard as its own package dumps it, with the deflections and brightnesses that the package's `api` gives at 40
points. `lenstronomy` holds dictionaries with every profile that `arclet import` knows, and lenstronomy's deflections and brightnesses.
"""

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from coolest.api.composable_models import ComposableLightModel, ComposableMassModel
from coolest.template.classes.parameter import PointEstimate
from coolest.template.classes.probabilities import GaussianPrior, LogNormalPrior, PosteriorStatistics, UniformPrior
from coolest.template.json import JSONSerializer
from coolest.template.lazy import (
    CoordinatesOrigin, Cosmology, Galaxy, Instrument, LensingEntityList, LightModel, MassField, MassModel, Observation,
    PixelatedRegularGrid,
)
from coolest.template.classes.noise import UniformGaussianNoise
from coolest.template.classes.psf import GaussianPSF
from coolest.template.standard import COOLEST
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel as LenstronomyLight

SCALE = 0.08
RNG = np.random.default_rng(7)
POINTS = RNG.uniform(-2.0, 2.0, (2, 40))


def fill(profile, values, fixed=()):
    for name, value in values.items():
        profile.parameters[name].set_point_estimate(PointEstimate(value=value))
        if name in fixed:
            profile.parameters[name].fix()


def coolest():
    lens = Galaxy("a lens", 0.3, mass_model=MassModel("PEMD"), light_model=LightModel("Sersic", "Sersic"))
    pemd, bulge, disc = lens.mass_model[0], *lens.light_model
    fill(pemd, {"theta_E": 1.23, "gamma": 2.07, "q": 0.73, "phi": -31.0, "center_x": 0.03, "center_y": -0.02})
    fill(bulge, {"I_eff": 30.0, "theta_eff": 0.4, "n": 3.6, "q": 0.8, "phi": 85.0, "center_x": 0.01, "center_y": 0.02})
    fill(disc, {"I_eff": 4.0, "theta_eff": 1.1, "n": 1.0, "q": 0.6, "phi": 12.0, "center_x": 0.01, "center_y": 0.02}, ["n"])
    pemd.parameters["theta_E"].set_prior(GaussianPrior(mean=1.2, width=0.1))
    pemd.parameters["gamma"].set_prior(UniformPrior(min_value=1.5, max_value=2.5))
    pemd.parameters["center_x"].set_prior(GaussianPrior(mean=0.0, width=0.05))
    pemd.parameters["theta_E"].set_posterior(PosteriorStatistics(1.23, 1.231, 1.22, 1.24))
    bulge.parameters["I_eff"].set_prior(LogNormalPrior(mean=3.0, width=1.0))
    field = MassField("the field", 0.3, mass_model=MassModel("ExternalShear", "ConvergenceSheet"))
    fill(field.mass_model[0], {"gamma_ext": 0.06, "phi_ext": 77.0})
    fill(field.mass_model[1], {"kappa_s": 0.02}, ["kappa_s"])
    source = Galaxy("a source", 1.4, light_model=LightModel("Sersic"))
    fill(source.light_model[0], {"I_eff": 90.0, "theta_eff": 0.15, "n": 1.3, "q": 0.55, "phi": -80.0, "center_x": 0.07, "center_y": -0.11})
    side = 50
    grid = PixelatedRegularGrid(field_of_view_x=(-0.5 * side * SCALE, 0.5 * side * SCALE),
                                field_of_view_y=(-0.5 * side * SCALE, 0.5 * side * SCALE), num_pix_x=side, num_pix_y=side)
    whole = COOLEST(
        "MAP", CoordinatesOrigin("02h00m00s", "-05d00m00s"), LensingEntityList(lens, field, source),
        Observation(pixels=grid, noise=UniformGaussianNoise(std_dev=0.01)),
        Instrument(SCALE, name="a camera", band="F814W", psf=GaussianPSF(fwhm=1.5)), Cosmology(H0=70.0, Om0=0.3),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        JSONSerializer(str(path), obj=whole, check_external_files=False).dump_simple()
        file = json.loads(path.with_suffix(".json").read_text())
    x, y = POINTS
    mass = ComposableMassModel(whole, None, entity_selection=[0, 1])
    light = ComposableLightModel(whole, None, entity_selection=[0])
    lit = ComposableLightModel(whole, None, entity_selection=[2])
    return {"file": file, "alpha": [a.tolist() for a in mass.evaluate_deflection(x, y)],
            "light": light.evaluate_surface_brightness(x, y).tolist(), "source": lit.evaluate_surface_brightness(x, y).tolist()}


def approximate():
    """Profiles that lenstronomy approximates, a dictionary each: the ellipsoids of Oguri 2021, the Gaussians of Shajib 2019, an interpolation."""
    place = {"e1": 0.12, "e2": -0.07, "center_x": 0.04, "center_y": -0.03}
    nfw = {"Rs": 2.0, "alpha_Rs": 0.8}
    models = [
        ("NFW_ELLIPSE_CSE", {**nfw, **place}),
        ("NFW_ELLIPSE_GAUSS_DEC", {**nfw, **place}),
        ("GNFW_ELLIPSE_GAUSS_DEC", {**nfw, "gamma_in": 1.3, **place}),
        ("HERNQUIST_ELLIPSE_CSE", {"sigma0": 0.8, "Rs": 0.7, **place}),
        ("GNFW", {**nfw, "gamma_in": 1.3, "center_x": 0.04, "center_y": -0.03}),
    ]
    alpha = lambda name, own: [a.tolist() for a in LensModel([name]).alpha(*POINTS, [own])]
    return [{"file": {"lens_model_list": [name], "kwargs_lens": [own]}, "alpha": alpha(name, own)} for name, own in models]


def lenstronomy():
    center = {"center_x": 0.04, "center_y": -0.03}
    e = {"e1": 0.12, "e2": -0.07}
    mass = [
        ("EPL", {"theta_E": 1.1, "gamma": 1.93, **e, **center}),
        ("SIE", {"theta_E": 0.4, **e, **center}),
        ("SIS", {"theta_E": 0.2}),
        ("NIE", {"theta_E": 0.3, "s_scale": 0.2, **e, **center}),
        ("POINT_MASS", {"theta_E": 0.1, "center_x": 1.3, "center_y": 0.2}),
        ("PJAFFE", {"sigma0": 0.3, "Ra": 0.2, "Rs": 1.4, **center}),
        ("PJAFFE_ELLIPSE_POTENTIAL", {"sigma0": 0.2, "Ra": 0.1, "Rs": 1.1, **e, **center}),
        ("NFW", {"Rs": 3.0, "alpha_Rs": 0.3, **center}),
        ("NFW_ELLIPSE_POTENTIAL", {"Rs": 2.0, "alpha_Rs": 0.2, **e, **center}),
        ("TNFW", {"Rs": 2.0, "alpha_Rs": 0.2, "r_trunc": 4.0, **center}),
        ("HERNQUIST", {"sigma0": 0.2, "Rs": 0.7, **center}),
        ("SHEAR", {"gamma1": 0.03, "gamma2": -0.05, "ra_0": 0, "dec_0": 0}),
        ("CONVERGENCE", {"kappa": 0.04}),
        ("FLEXION", {"g1": 0.01, "g2": -0.02, "g3": 0.005, "g4": 0.015}),
        ("MULTIPOLE", {"m": 4, "a_m": 0.03, "phi_m": 0.4, **center}),
        ("MULTIPOLE", {"m": 3, "a_m": 0.02, "phi_m": -0.2, **center}),
        ("MULTIPOLE", {"m": 1, "a_m": 0.01, "phi_m": 0.9, "r_E": 1.2, **center}),
        ("MULTIPOLE_ELL", {"m": 4, "a_m": 0.03, "phi_m": 0.4, "q": 0.8, **center}),
        ("SPL_CORE", {"sigma0": 0.4, "r_core": 0.2, "gamma": 2.2, **center}),
        ("SERSIC", {"k_eff": 0.1, "R_sersic": 0.7, "n_sersic": 3.1, **center}),
        ("SERSIC_ELLIPSE_KAPPA", {"k_eff": 0.2, "R_sersic": 0.6, "n_sersic": 2.2, **e, **center}),
        ("GAUSSIAN", {"amp": 0.2, "sigma": 0.5, **center}),
        ("GAUSSIAN_ELLIPSE_KAPPA", {"amp": 0.3, "sigma": 0.4, **e, **center}),
        ("MULTI_GAUSSIAN", {"amp": [0.1, 0.2], "sigma": [0.3, 0.8], **center}),
        ("MULTI_GAUSSIAN_ELLIPSE_KAPPA", {"amp": [0.1, 0.2], "sigma": [0.3, 0.8], **e, **center}),
    ]
    light = [
        ("SERSIC", {"amp": 40.0, "R_sersic": 0.7, "n_sersic": 3.2}),
        ("SERSIC_ELLIPSE", {"amp": 25.0, "R_sersic": 0.5, "n_sersic": 1.7, **e, **center}),
        ("CORE_SERSIC", {"amp": 10.0, "R_sersic": 0.8, "Rb": 0.2, "n_sersic": 2.4, "gamma": 0.3, **e, **center}),
        ("GAUSSIAN", {"amp": 12.0, "sigma": 0.4, **center}),
        ("GAUSSIAN_ELLIPSE", {"amp": 9.0, "sigma": 0.6, **e, **center}),
        ("MULTI_GAUSSIAN_ELLIPSE", {"amp": [3.0, 5.0], "sigma": [0.2, 0.9], **e, **center}),
        ("UNIFORM", {"amp": 0.3}),
    ]
    source = [("SERSIC_ELLIPSE", {"amp": 70.0, "R_sersic": 0.2, "n_sersic": 1.1, **e, **center})]
    names = lambda models: [name for name, _ in models]
    kwargs = lambda models: [dict(own) for _, own in models]
    file = {
        "kwargs_model": {"lens_model_list": names(mass), "lens_light_model_list": names(light), "source_light_model_list": names(source)},
        "kwargs_result": {"kwargs_lens": kwargs(mass), "kwargs_lens_light": kwargs(light), "kwargs_source": kwargs(source)},
    }
    x, y = POINTS
    alpha = LensModel(names(mass)).alpha(x, y, kwargs(mass))
    brightness = lambda models: (LenstronomyLight(names(models)).surface_brightness(x, y, kwargs(models)) * SCALE**2).tolist()
    return {"file": file, "alpha": [a.tolist() for a in alpha], "light": brightness(light), "source": brightness(source)}


# Both packages print on their way.
with contextlib.redirect_stdout(io.StringIO()):
    made = {"made by": "scripts/golden/exchange.py: coolest 0.1.11, lenstronomy 1.14.2", "pixel_scale": SCALE,
            "points": POINTS.tolist(), "coolest": coolest(), "lenstronomy": lenstronomy(), "approximate": approximate()}
json.dump(made, sys.stdout, indent=1)
print()

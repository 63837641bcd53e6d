"""Writes lens-models/tests/data/bands.json: one lens in two bands, held to lenstronomy's "multi-linear".

    python scripts/golden/bands.py > lens-models/tests/data/bands.json      (lenstronomy 1.14.2, numpy 2)

Two images of 22 x 22 and 16 x 16 pixels of other sizes, PSFs and noise; the second lies elsewhere (`ra_shift`, `dec_shift`, and a turn about its
centre), the source has a radius of its own in each band. Of each band the noisy data, the best amplitudes of lens light and source by lenstronomy's
linear solver, the image that they make and its chi2; amplitudes per pixel, as a system file has them, not per square arcsec.
"""

import json
import sys

import numpy as np
from lenstronomy.ImSim.MultiBand.multi_linear import MultiLinear

rng = np.random.default_rng(5)
BANDS = [
    {"name": "f814w", "size": [22, 22], "pixel_scale": 0.12, "background_rms": 0.05, "fwhm": 0.15, "offset": [0.0, 0.0], "rotation": 0.0,
     "amp": [1.5, 0.9], "R_sersic": 0.18},
    {"name": "f160w", "size": [16, 16], "pixel_scale": 0.2, "background_rms": 0.1, "fwhm": 0.3, "offset": [0.09, -0.06], "rotation": 0.2,
     "amp": [4.0, 1.7], "R_sersic": 0.25},
]
LENS = [{"theta_E": 0.9, "gamma": 2.05, "e1": 0.08, "e2": -0.05, "center_x": 0.02, "center_y": -0.01}, {"gamma1": 0.03, "gamma2": -0.02}]
LIGHT = {"R_sersic": 0.5, "n_sersic": 2.0, "e1": 0.1, "e2": 0.05, "center_x": 0.02, "center_y": -0.01}
SOURCE = {"n_sersic": 1.2, "e1": 0.1, "e2": 0.15, "center_x": 0.08, "center_y": 0.05}


def kernel(band, side):
    sigma, x = band["fwhm"] / np.sqrt(8 * np.log(2)) / band["pixel_scale"], np.arange(side) - side // 2
    # Lopsided, so that a kernel that is turned is another.
    k = np.exp(-((x[None, :] - 0.2) ** 2 + 1.4 * x[:, None] ** 2) / (2 * sigma**2))
    return k / k.sum()


def camera(band, image):
    (nx, ny), scale = band["size"], band["pixel_scale"]
    c, s = np.cos(band["rotation"]), np.sin(band["rotation"])
    # lenstronomy turns about pixel (0, 0), a system file about the centre of the image.
    corner = np.array([[c, -s], [s, c]]) @ (-0.5 * scale * np.array([nx - 1, ny - 1]))
    data = {"image_data": image, "background_rms": band["background_rms"], "exposure_time": np.inf,
            "transform_pix2angle": scale * np.eye(2), "phi_rot": band["rotation"], "ra_at_xy_0": corner[0], "dec_at_xy_0": corner[1],
            "ra_shift": band["offset"][0], "dec_shift": band["offset"][1]}
    psf = {"psf_type": "PIXEL", "kernel_point_source": kernel(band, 5)}
    return [data, psf, {"supersampling_factor": 1, "supersampling_convolution": False}]


def model(bands):
    return {"lens_model_list": ["EPL", "SHEAR"], "lens_light_model_list": ["SERSIC_ELLIPSE"], "source_light_model_list": ["SERSIC_ELLIPSE"] * 2,
            "index_source_light_model_list": [[k] for k in range(bands)], "index_lens_light_model_list": [[0]] * bands}


area = [band["pixel_scale"] ** 2 for band in BANDS]
light = [dict(LIGHT, amp=1.0)]
source = [dict(SOURCE, R_sersic=band["R_sersic"], amp=1.0) for band in BANDS]
cameras = []
for k, band in enumerate(BANDS):
    nx, ny = band["size"]
    one = MultiLinear([camera(b, np.zeros(b["size"][::-1])) for b in BANDS], model(2))._image_model_list[k]
    image = one.image(LENS, [dict(s, amp=band["amp"][1] / area[k]) for s in source], [dict(LIGHT, amp=band["amp"][0] / area[k])], None)
    band["data"] = (image + band["background_rms"] * rng.standard_normal((ny, nx))).astype("f4").astype("f8")
    cameras.append(camera(band, band["data"]))
multi = MultiLinear(cameras, model(2))
models, _, _, amplitudes = multi.image_linear_solve(LENS, source, light, None)
log_likelihood, _ = multi.likelihood_data_given_model(LENS, source, light, None)
out = []
for k, band in enumerate(BANDS):
    residual = (band["data"] - models[k]) / band["background_rms"]
    out.append({"name": band["name"], "size": band["size"], "pixel_scale": band["pixel_scale"], "background_rms": band["background_rms"],
                "offset": band["offset"], "rotation": band["rotation"], "psf": kernel(band, 5).tolist(), "R_sersic": band["R_sersic"],
                # The source comes first among lenstronomy's linear numbers.
                "source_amp": amplitudes[k][0] * area[k], "light_amp": amplitudes[k][1] * area[k],
                "data": band["data"].ravel().tolist(), "model": np.asarray(models[k]).ravel().tolist(), "chi2": float((residual**2).sum())})
assert abs(log_likelihood + 0.5 * sum(band["chi2"] for band in out)) < 1e-6 * abs(log_likelihood), (log_likelihood, [b["chi2"] for b in out])
json.dump({"made_by": "scripts/golden/bands.py", "lens": LENS, "light": LIGHT, "source": SOURCE, "bands": out}, sys.stdout)
print()

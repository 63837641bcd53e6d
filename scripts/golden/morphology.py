"""Writes vae-source/tests/data/morphology.json: statistics of synthetic galaxies, measured by statmorph (Rodriguez-Gomez et al. 2019).

An image is a sum of elliptical Gaussians and a noise that is a hash of the pixel, so that the test builds it from its parameters. What
is not statmorph's here: the segmentation (by SciPy), the annulus of the Petrosian radius (0.8 to 1.25 r, not one pixel), circles in
place of ellipses for the map of G and M20, the sky terms (of noise of known sigma and of the lag-1 correlation that the sky has, that of the
asymmetry at each centre), and a boxcar whose width need not be whole.

Usage: python scripts/golden/morphology.py (needs numpy, scipy, photutils and statmorph)
"""

import json
import pathlib
import warnings

import numpy as np
import scipy.ndimage as ndi
from photutils.aperture import CircularAnnulus, CircularAperture
from statmorph import SourceMorphology

warnings.filterwarnings("ignore")


def noise(height, width, seed):
    """Sum of twelve uniform deviates less 6, each a hash of (x, y, seed, k)."""
    y, x = np.mgrid[:height, :width].astype(np.uint32)
    total = np.zeros((height, width))
    for k in range(12):
        salt = np.uint32((seed * 0xC2B2AE3D ^ k * 0x27D4EB2F) & 0xFFFFFFFF)
        h = (x * np.uint32(0x9E3779B1)) ^ (y * np.uint32(0x85EBCA77)) ^ salt
        for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B)]:
            h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
        h = h ^ (h >> np.uint32(16))
        total += (h.astype(float) + 0.5) / 2.0**32
    return total - 6.0


def build(case):
    y, x = np.mgrid[: case["height"], : case["width"]].astype(float)
    image = np.zeros_like(x)
    for peak, x0, y0, a, q, angle in case["gaussians"]:
        u = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
        v = ((y - y0) * np.cos(angle) - (x - x0) * np.sin(angle)) / q
        image += peak * np.exp(-0.5 * (u * u + v * v) / (a * a))
    # White noise in a frame one pixel wider, correlated by the kernel (side, 1, side) along both axes.
    side = case["side"]
    kernel = np.outer([side, 1.0, side], [side, 1.0, side]) / (1.0 + 2.0 * side**2)
    white = noise(case["height"] + 2, case["width"] + 2, case["seed"])
    image += case["noise"] * ndi.correlate(white, kernel)[1:-1, 1:-1]
    return np.float32(image).astype(float)


def region(smooth, center, reach, level):
    """Connected to the brightest pixel within `reach` of `center`; `level` is a function of its value."""
    y, x = np.indices(smooth.shape)
    near = np.where(np.hypot(x - center[0], y - center[1]) <= reach, smooth, -np.inf)
    seed = np.unravel_index(np.argmax(near), near.shape)
    labels, _ = ndi.label(smooth >= level(smooth[seed]), structure=np.ones((3, 3)))
    return labels == labels[seed]


def correlation(image, segment):
    """Blomqvist's, of neighbours in the sky, which begins three pixels from the segment."""
    sky = ~ndi.binary_dilation(segment, np.ones((3, 3)), iterations=3)
    sign = np.where(sky, np.sign(image - np.median(image[sky])), 0.0)
    agree = np.sum(sign[1:] * sign[:-1]) + np.sum(sign[:, 1:] * sign[:, :-1])
    count = np.sum(sky[1:] & sky[:-1]) + np.sum(sky[:, 1:] & sky[:, :-1])
    return np.clip(np.sin(np.pi / 2.0 * agree / count), 0.0, 0.8)


def mean(image, center, inner, outer):
    # Only what lies within the image counts.
    ring = CircularAnnulus(center, inner, outer) if inner > 0 else CircularAperture(center, outer)
    return ring.do_photometry(image)[0][0] / ring.area_overlap(image)


class Circular(SourceMorphology):
    sigma = rho = None
    _sky_asymmetry = None

    def _petrosian_function_circ(self, r, center):
        image = self._cutout_stamp_maskzeroed
        return mean(image, center, 0.8 * r, 1.25 * r) / mean(image, center, 0.0, r) - 0.2

    def _calculate_morphology(self):
        """Each statistic when it is asked for; no Sersic fits."""

    def _asymmetry_function(self, center, image, kind):
        # What a bilinear turn leaves of the variance of the noise.
        t = np.mod(2.0 * np.asarray(center), 1.0)
        left = np.prod(t**2 + (1.0 - t) ** 2 + 2.0 * t * (1.0 - t) * self.rho)
        self._sky_asymmetry = self.sigma * np.sqrt((1.0 + left) * 2.0 / np.pi)
        return super()._asymmetry_function(center, image, kind)

    @property
    def _segmap_gini(self):
        r, center = self.rpetro_circ, self._asymmetry_center
        smooth = ndi.gaussian_filter(self._cutout_stamp_maskzeroed, 0.2 * r)
        return region(smooth, center, r, lambda _: mean(smooth, center, 0.8 * r, 1.25 * r))

    @property
    def smoothness(self):
        image, r = self._cutout_stamp_maskzeroed, self.rpetro_circ
        side = max(0.25 * r, 1.0)
        edges = np.arange(-20, 22) - 0.5
        kernel = np.diff(np.clip(edges, -side / 2, side / 2)) / side
        smooth = ndi.convolve1d(ndi.convolve1d(image, kernel, axis=0), kernel, axis=1)
        # The filter that takes the smoothed image away, and the covariance of the noise under it.
        kept = -np.outer(kernel, kernel)[10:31, 10:31]
        kept[10, 10] += 1.0
        y, x = (index.ravel() for index in np.indices(kept.shape))
        covariance = self.rho ** ((x[:, None] - x) ** 2.0 + (y[:, None] - y) ** 2.0)
        sky = self.sigma * np.sqrt(kept.ravel() @ covariance @ kept.ravel() / (2.0 * np.pi))
        ring = CircularAnnulus(self._asymmetry_center, 0.25 * r, 1.5 * r)
        clumps = ring.do_photometry(np.maximum(image - smooth, 0.0))[0][0]
        return (clumps - ring.area_overlap(image) * sky) / ring.do_photometry(image)[0][0]


def measure(case):
    image, sigma = build(case), case["sigma"]
    height, width = image.shape
    smooth = ndi.gaussian_filter(image, 1.5)
    middle, reach = ((width - 1) / 2, (height - 1) / 2), max(min(width, height) / 6, 3.0)
    segment = region(smooth, middle, reach, lambda peak: min(0.75 * sigma, 0.5 * peak))
    Circular.sigma, Circular.rho = sigma, correlation(image, segment)
    found = Circular(image, segment.astype(int), 1, gain=1.0, cutout_extent=1000.0, n_sigma_outlier=-1)
    assert found._cutout_stamp_maskzeroed.shape == image.shape
    return {
        "concentration": found.concentration,
        "asymmetry": found.asymmetry,
        "smoothness": found.smoothness,
        "gini": found.gini,
        "m20": found.m20,
        "effective_radius": found.r50,
        "axis_ratio": 1.0 / found.elongation_centroid,
        "petrosian_radius": found.rpetro_circ,
        "center": list(found._asymmetry_center),
    }


def case(width, height, sigma, gaussians, noise=True, seed=1, side=0.0):
    keys = ["width", "height", "sigma", "noise", "seed", "side", "gaussians"]
    return dict(zip(keys, [width, height, sigma, sigma if noise else 0.0, seed, side, gaussians]))


disc = [[1.0, 31.2, 32.4, 7.0, 0.6, 0.5], [0.8, 31.2, 32.4, 2.0, 0.9, 0.5]]
clumps = [[0.25, 38.0, 36.0, 1.3, 1.0, 0.0], [0.2, 25.0, 29.5, 1.1, 1.0, 0.0], [0.15, 33.0, 40.0, 1.5, 1.0, 0.0]]
cases = [
    case(64, 64, 0.001, [[1.0, 31.5, 31.5, 6.0, 1.0, 0.0]], noise=False),
    case(80, 70, 0.001, [[1.0, 40.2, 34.4, 6.0, 0.5, 0.6]], noise=False),
    case(64, 64, 0.001, disc, noise=False),
    case(64, 64, 0.001, disc + clumps, noise=False),
    case(72, 64, 0.001, [[1.0, 31.0, 31.0, 5.0, 1.0, 0.0], [0.7, 41.0, 34.0, 4.0, 0.8, 1.0]], noise=False),
    case(64, 64, 0.02, disc, seed=2),
    case(64, 64, 0.02, disc + clumps, seed=3),
    case(64, 64, 0.05, disc + clumps, seed=4, side=0.25),
    case(96, 100, 0.1, [[1.0, 47.0, 50.0, 9.0, 0.4, 2.0], [1.5, 47.0, 50.0, 3.0, 0.8, 1.8]], seed=5, side=0.5),
    case(64, 64, 0.05, [[1.0, 31.5, 32.0, 3.0, 0.8, 1.0], [0.9, 55.0, 54.0, 2.0, 1.0, 0.0]], seed=6),
    case(40, 44, 0.1, [[1.0, 19.3, 22.1, 4.5, 0.7, 0.3]], seed=7, side=0.4),
]
rows = [one | {"statistics": {k: np.round(v, 7).tolist() for k, v in measure(one).items()}} for one in cases]
path = pathlib.Path(__file__).parents[2] / "vae-source/tests/data/morphology.json"
path.write_text(json.dumps({"script": "scripts/golden/morphology.py", "cases": rows}, indent=1) + "\n")

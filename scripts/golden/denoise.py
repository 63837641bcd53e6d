"""Writes vae-source/tests/data/denoise.json: non-local means by its definition, pixel by pixel, on small images.

The definition below is first held against scikit-image's `denoise_nl_means` (Gaussian patches; a strength at which its cut of small
weights never acts), as near as that one's `fast_exp`, good to a few per cent, allows.

Usage: python scripts/golden/denoise.py (needs numpy, scipy and scikit-image)
"""

import json
import pathlib

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means


def non_local_means(image, sigma, patch_radius, search_radius, strength, patch=None):
    """Pixelwise; mirrored patches, a window cut at the border; `patch` weighs the squares (flat by default)."""
    side = 2 * patch_radius + 1
    patch = np.full((side, side), 1.0 / side**2) if patch is None else patch
    padded = np.pad(image, patch_radius, mode="reflect")
    height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            total = weights = 0.0
            for b in range(max(0, y - search_radius), min(height, y + search_radius + 1)):
                for a in range(max(0, x - search_radius), min(width, x + search_radius + 1)):
                    here, there = padded[y : y + side, x : x + side], padded[b : b + side, a : a + side]
                    distance = np.sum(patch * (here - there) ** 2)
                    weight = np.exp(-max(distance - 2.0 * sigma**2, 0.0) / (strength * sigma) ** 2)
                    total += weight * image[b, a]
                    weights += weight
            out[y, x] = total / weights
    return out


def mock(rng, height, width, sigma):
    y, x = np.mgrid[:height, :width]
    disc = np.exp(-np.hypot(x - 0.45 * width, (y - 0.5 * height) / 0.7) / (0.2 * width))
    clump = 0.5 * np.exp(-((x - 0.7 * width) ** 2 + (y - 0.6 * height) ** 2) / 2.0)
    return np.float32(disc + clump + sigma * rng.normal(size=(height, width))).astype(float)


def two_passes(image, sigma, patch_radius, search_radius, strength, smoothing):
    """The second pass on what the blurred result of the first leaves of the image; the first alone without smoothing."""
    settings = (sigma, patch_radius, search_radius, strength)
    first = non_local_means(image, *settings)
    if smoothing == 0:
        return first
    smooth = gaussian_filter(first, smoothing, mode="reflect", truncate=4.0)
    return smooth + non_local_means(image - smooth, sigma, patch_radius, search_radius, 0.6 * strength)


rng = np.random.default_rng(1)
image = mock(rng, 14, 17, 0.05)
axis = np.arange(-2, 3)
gauss = np.exp(-(axis[:, None] ** 2 + axis**2) / 2.0)
theirs = denoise_nl_means(image, patch_size=5, patch_distance=4, h=20 * 0.05, sigma=0.05, fast_mode=False)
ours = non_local_means(image, 0.05, 2, 4, 20.0, gauss / gauss.sum())
assert np.abs(theirs - ours).max() < 5e-3 < 0.1 < np.abs(image - ours).max()

cases = []
for height, width, sigma, patch_radius, search_radius, strength, smoothing in [
    (20, 16, 0.04, 2, 7, 1.0, 1.0),
    (9, 13, 0.02, 1, 3, 0.6, 0.0),
    (12, 11, 0.1, 3, 20, 1.5, 2.3),
    (5, 4, 0.05, 6, 2, 1.0, 1.5),
    (1, 15, 0.05, 2, 5, 1.0, 0.7),
    (10, 10, 0.05, 0, 4, 2.0, 0.0),
]:
    image = mock(rng, height, width, sigma)
    denoised = two_passes(image, sigma, patch_radius, search_radius, strength, smoothing)
    radii = {"patch_radius": patch_radius, "search_radius": search_radius}
    settings = {**radii, "strength": strength, "smoothing": smoothing}
    pixels = {"image": image.ravel().tolist(), "denoised": np.round(denoised.ravel(), 9).tolist()}
    cases.append({"width": width, "height": height, "sigma": sigma, "settings": settings, **pixels})

path = pathlib.Path(__file__).parents[2] / "vae-source/tests/data/denoise.json"
path.write_text(json.dumps({"script": "scripts/golden/denoise.py", "cases": cases}) + "\n")

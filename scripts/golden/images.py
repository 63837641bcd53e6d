"""Prints the constants of lens-models/tests/data_io.rs (pixels of the real files) and of psf.rs (scipy's convolution).

Usage: python scripts/golden/images.py [path to shared/data]
"""

import sys

import numpy as np
from astropy.io import fits
from scipy.signal import convolve2d

root = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"


def row(name, pixels):
    a = np.asarray(pixels, dtype="f4")
    h, w = a.shape
    values = [a[0, 0], a[h // 2, w // 2], a[h // 3, w // 4], a.min(), a.max()]
    print(f'("{name}", {w}, {h}, [{", ".join(repr(float(v)) for v in values)}], {float(a.astype("f8").sum())!r}),')


for folder in ["slacs/J0008-0004", "slacs/J1627-0053", "mock/tinylensgpu_benchmark", "mock/tinylensgpu_src_only"]:
    for name in ["image", "noise", "psf"]:
        row(f"{folder}/{name}.fits", fits.getdata(f"{root}/{folder}/{name}.fits"))
for name in ["demo", "psf"]:
    row(f"mock/gigalens_demo/{name}.npy", np.load(f"{root}/mock/gigalens_demo/{name}.npy"))

image = np.arange(1.0, 21.0).reshape(4, 5) ** 2
kernel = np.array([[0.1, 0.0, 0.2], [0.05, 0.3, 0.0], [0.15, 0.0, 0.2]])
print(np.round(convolve2d(image, kernel, mode="same"), 12).tolist())

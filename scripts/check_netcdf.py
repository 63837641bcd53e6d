"""Opens a posterior file with ArviZ, tells what is in it, and holds a summary of ours against ArviZ's.

    python scripts/check_netcdf.py posterior.nc [summary.json]

Fails where ArviZ cannot open the file or a number of the summary differs by more than 1e-6 relative.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
import arviz as az
import numpy as np

az.Numba.disable_numba()  # its path through `mcse` fails under NumPy 2.4


def statistics(x):
    """What a summary of ours holds for one scalar, `x` being [chain, draw], by ArviZ and NumPy."""
    quantiles = {f"q{q:02d}": np.quantile(x, q / 100) for q in (5, 16, 50, 84, 95)}
    return quantiles | {
        "mean": x.mean(),
        "sd": x.std(ddof=1),
        "mcse_mean": az.mcse(x, method="mean"),
        "ess_bulk": az.ess(x, method="bulk"),
        "ess_tail": az.ess(x, method="tail"),
        "r_hat": az.rhat(x) if len(x) > 1 else np.nan,
    }


def scalars(posterior):
    for name, array in posterior.data_vars.items():
        values = array.values
        for index in np.ndindex(values.shape[2:]):
            label = f"{name}[{', '.join(map(str, index))}]" if index else name
            yield label, values[(slice(None), slice(None), *index)]


def main(path, summary_path=None):
    data = az.from_netcdf(path)
    sizes = data.posterior.sizes
    print(f"posterior: chain {sizes['chain']}, draw {sizes['draw']}, {len(data.posterior.data_vars)} arrays")
    if "sample_stats" in data.groups():
        stats = data.sample_stats
        diverging = int(stats["diverging"].sum()) if "diverging" in stats else 0
        assert "diverging" not in stats or stats["diverging"].dtype == bool, stats["diverging"].dtype
        print(f"sample_stats: {len(stats.data_vars)} arrays, {diverging} diverging")
    if "observed_data" in data.groups():
        print("observed_data:", ", ".join(sorted(data.observed_data.data_vars)))
    print("attributes:", {key: value for key, value in data.posterior.attrs.items()})
    print(az.summary(data, kind="diagnostics").to_string())
    if summary_path is None:
        return

    with open(summary_path) as file:
        ours = {name.replace("/", "."): entry for name, entry in json.load(file).items()}
    seen = 0
    for name, x in scalars(data.posterior):
        for key, want in statistics(x).items():
            got = ours[name][key]
            got = np.nan if got is None else got
            if not np.isclose(got, want, rtol=1e-6, atol=0, equal_nan=True):
                sys.exit(f"{name}: {key} is {got}, ArviZ has {want}")
        seen += 1
    if seen != len(ours):
        sys.exit(f"the summary has {len(ours)} scalars, the file {seen}")
    print(f"{seen} scalars agree")


if __name__ == "__main__":
    main(*sys.argv[1:])

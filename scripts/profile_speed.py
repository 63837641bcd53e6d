"""Makes the table of speed in docs/profiles.md: what each profile takes here, in lenstronomy and in JAX, in one run on one core.

    python3 scripts/profile_speed.py [--python PYTHON] [--bench PROGRAM]      (PYTHON has lenstronomy and jax)

Builds and runs `cargo bench --workspace --bench profiles` (or PROGRAM, where that is built already) and both peers on core 0, and writes the lines between the two marks of the page, with the processor
and the load of the machine.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/profiles.md"
MARKS = "<!-- speed -->", "<!-- end of speed -->"


def lines(command, folder=ROOT):
    out = subprocess.run(["taskset", "-c", "0", *command], cwd=folder, capture_output=True, text=True, check=True).stdout
    return {(row["kind"], row["name"]): row for row in map(json.loads, (li for li in out.splitlines() if li.startswith("{")))}


def short(ns):
    return f"{ns:.1f}" if ns < 10 else f"{ns:,.0f}" if ns < 1e5 else f"{1e3 * round(ns / 1e3):,.0f}"


parser = argparse.ArgumentParser()
parser.add_argument("--python", default="python3")
parser.add_argument("--bench")
given = parser.parse_args()
python, bench = given.python, [given.bench] if given.bench else ["cargo", "bench", "--workspace", "--bench", "profiles"]
if not given.bench:
    subprocess.run([*bench, "--no-run"], cwd=ROOT, check=True)
load = os.getloadavg()[0]
ours = lines(bench)
lenstronomy = lines([python, "profiles_lenstronomy.py"], ROOT / "benches/peers")
jax = lines([python, "profiles_jax.py"], ROOT / "benches/peers")
model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
cell = lambda row, key: short(row[key]) if row and key in row else ""
table = [
    f"Nanoseconds a point on one core of {model.group(1) if model else 'this machine'}, {datetime.date.today()}, one run; load of the machine {load:.1f} on "
    f"{os.cpu_count()} cores before it.",
    "",
    "| `profile` | value | gradient by parameters | lenstronomy, value | JAX, value | JAX, gradient |",
    "|---|---|---|---|---|---|",
]
for key, row in ours.items():
    peer, other = lenstronomy.get(key), jax.get(key)
    table.append(f"| `{key[1]}` | {cell(row, 'value')} | {cell(row, 'gradient')} | {cell(peer, 'value')} | {cell(other, 'value')} | {cell(other, 'gradient')} |")
page = PAGE.read_text()
before, rest = page.split(MARKS[0] + "\n", 1)
PAGE.write_text(before + "\n".join([MARKS[0], *table, MARKS[1]]) + rest.split(MARKS[1], 1)[1])

"""Kills fits at random and holds what they come to against a fit that was left alone.

    cargo build --release && python3 scripts/kill_fits.py target/release/arclet --kills 30

A lens with light, fitted with all its stages, is killed (kill -9) at random: each time in a stage that has had the fewest kills so
far, as the journal of the fit shows it. A fit that was killed goes on by --resume and may be killed again; it is then compared with
the whole one, byte by byte but for the seconds in its summary.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SYSTEM = {
    "data": {"size": [40, 40], "pixel_scale": 0.1, "psf_fwhm": 0.2, "background_rms": 0.03},
    "lens": [
        {"name": "lens", "profile": "epl", "parameters": {
            "theta_E": {"value": 1.1}, "gamma": {"value": 2.05}, "e1": {"value": 0.1}, "e2": {"value": -0.06},
            "center_x": {"value": 0.03}, "center_y": {"value": -0.02}}},
        {"name": "shear", "profile": "shear", "parameters": {"gamma1": {"value": 0.03}, "gamma2": {"value": -0.02}}},
    ],
    "light": [{"name": "bulge", "profile": "sersic", "parameters": {
        "amp": {"value": 0.8}, "R_sersic": {"value": 0.4}, "n_sersic": {"value": 2.0}, "e1": {"value": 0.05},
        "e2": {"value": 0.0}, "center_x": {"value": 0.03}, "center_y": {"value": -0.02}}}],
    "source": [{"name": "source", "profile": "sersic", "parameters": {
        "amp": {"value": 1.0}, "R_sersic": {"value": 0.25}, "n_sersic": {"value": 1.0}, "e1": {"value": 0.12},
        "e2": {"value": 0.15}, "center_x": {"value": 0.07}, "center_y": {"value": 0.11}}}],
}
STAGES = ["lens light", "search", "maximum", "sub-pixels", "curvature", "sampling", "results"]


def command(program, *arguments):
    return [str(program), "--threads", "2", "--quiet", *map(str, arguments)]


def contents(folder):
    """Every file of a fit; of the summary all but the seconds."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name == ".arclet":
            continue
        data = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(data)
            del summary["seconds"]
            data = json.dumps(summary).encode()
        files[path.name] = data
    return files


def stage_ends(log):
    """The seconds of each stage, from the log of a whole fit, in order."""
    ends, now = [], 0.0
    for line in log.read_text().splitlines():
        name, _, rest = line[21:].partition(": ")
        if name in STAGES and rest.endswith(" s") and "," not in rest:
            now += float(rest[:-2])
            ends.append((name, now))
    return ends


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    program, dice = arguments.program.resolve(), random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        (root / "mock.json").write_text(json.dumps(SYSTEM))
        subprocess.run(command(program, "simulate", "mock.json", "--out", "mock", "--seed", 5), cwd=root, check=True)
        fit = ["fit", "mock/system.json", "--checkpoint", 0.2, "--chains", 2, "--warmup", 100, "--draws", 300, "--seed", 3]
        begun = time.monotonic()
        subprocess.run(command(program, *fit, "--out", "whole", "--log", "log"), cwd=root, check=True)
        took = time.monotonic() - begun
        whole = contents(root / "whole")
        ends = stage_ends(root / "log") + [("results", took)]
        starts = dict(zip((name for name, _ in ends), [0.0] + [end for _, end in ends]))
        print(f"whole fit: {took:.1f} s; stages end at " + ", ".join(f"{name} {end:.2f}" for name, end in ends))
        killed, fits, same = dict.fromkeys(starts, 0), 0, 0
        while sum(killed.values()) < arguments.kills:
            out = root / f"out{fits}"
            arguments_of_run = [*fit, "--out", out.name]
            resumed = 0
            while True:
                target = min(killed, key=lambda name: (killed[name], dice.random()))
                left = arguments.kills - sum(killed.values())
                process = subprocess.Popen(command(program, *arguments_of_run), cwd=root, stderr=subprocess.PIPE)
                if left > 0 and resumed < 3:
                    first, last = starts[target], dict(ends)[target]
                    # A fit that goes on has its first stages behind it: it is killed soon.
                    wait = dice.uniform(first, last) if resumed == 0 else dice.uniform(0.0, 0.3 * took)
                    try:
                        process.wait(timeout=wait)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
                        steps = len(list((out / "unfinished" / "journal").glob("*.step"))) if out.exists() else 0
                        killed[target if resumed == 0 else "search" if steps < 8 else "sampling"] += 1
                        print(f"fit {fits}: killed after {wait:.2f} s, {steps} steps in its journal")
                        resumed += 1
                        if (out / "unfinished" / "task.json").exists():
                            arguments_of_run = ["fit", "--resume", out.name]
                        continue
                error = process.communicate()[1].decode()
                if process.returncode != 0:
                    sys.exit(f"fit {fits} ended with {process.returncode}: {error}")
                break
            fits += 1
            now = contents(out)
            different = [name for name in whole.keys() | now.keys() if whole.get(name) != now.get(name)]
            same += not different
            print(f"fit {fits - 1}: {'the same bytes' if not different else 'DIFFERENT: ' + ', '.join(different)}")
        counts = ", ".join(f"{name} {count}" for name, count in killed.items())
        print(f"{sum(killed.values())} kills ({counts}) of {fits} fits; {same} of {fits} end with the bytes of the whole one")
        if same != fits:
            sys.exit(1)


if __name__ == "__main__":
    main()

"""Kills fits at random and holds what they come to against a fit that was left alone.

    cargo build --release && python3 scripts/kill_fits.py target/release/arclet --kills 30

A lens with light, fitted with all its stages, is killed (kill -9) at random: at a random time in the stage that has
had the fewest kills so far, or in the next if that is over. A fit that was killed goes on by --resume and may be killed again; it is then compared with
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
        {"name": "lens", "profile": "sie", "parameters": {
            "theta_E": {"value": 1.1}, "e1": {"value": 0.1}, "e2": {"value": -0.06},
            "center_x": {"value": 0.03}, "center_y": {"value": -0.02}}},
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


def stage_of(out):
    """Where a fit was killed, by what it left."""
    results = out / "unfinished" / "results"
    if results.exists() and any(results.iterdir()) or (out / "summary.json").exists():
        return "results"
    steps = sorted((out / "unfinished" / "journal").glob("*.step"))
    try:
        # The first bytes of a step name its engine.
        head = steps[-1].read_bytes()[:40] if steps else b""
    except FileNotFoundError:
        return "results"
    if b"NUTS" in head or b"curvature" in head:
        return "sampling"
    # Five rounds of the light, two maxima of the search and the evidence of where they end; the last of the maxima before the
    # curvature chose sub-pixels.
    return "lens light" if len(steps) < 5 else "search" if len(steps) < 8 else "maximum" if len(steps) < 9 else "sub-pixels"


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
        fit = ["fit", "mock/system.json", "--checkpoint", 0.2, "--chains", 2, "--warmup", 60, "--draws", 120, "--seed", 3]
        begun = time.monotonic()
        subprocess.run(command(program, *fit, "--out", "whole", "--log", "log"), cwd=root, check=True)
        took = time.monotonic() - begun
        whole = contents(root / "whole")
        ends = stage_ends(root / "log") + [("results", took)]
        lasts = [end for _, end in ends]
        seconds = dict(zip((name for name, _ in ends), (end - begin for end, begin in zip(lasts, [0.0, *lasts]))))
        print(f"whole fit: {took:.1f} s; stages end at " + ", ".join(f"{name} {end:.2f}" for name, end in ends))
        # What a kill during the curvature leaves is what one before it leaves.
        stages = [name for name in seconds if name != "curvature"]
        killed, aimed, fits, same = dict.fromkeys(stages, 0), dict.fromkeys(stages, 0), 0, 0
        while sum(killed.values()) < arguments.kills:
            out = root / f"out{fits}"
            arguments_of_run = [*fit, "--out", out.name]
            resumed = 0
            while True:
                target = min(aimed, key=lambda name: (aimed[name], dice.random()))
                left = arguments.kills - sum(killed.values())
                process = subprocess.Popen(command(program, *arguments_of_run), cwd=root, stderr=subprocess.PIPE)
                if left > 0 and resumed < 3:
                    # As soon as it has come to the stage, or past it, and some part of the stage later.
                    while process.poll() is None and STAGES.index(stage_of(out)) < STAGES.index(target):
                        time.sleep(0.001)
                    try:
                        process.wait(timeout=dice.uniform(0.0, 0.4 * seconds[target]))
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
                        stage = stage_of(out)
                        killed[stage] += 1
                        aimed[target] += 1
                        print(f"fit {fits}: killed, {stage}", flush=True)
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

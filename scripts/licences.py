#!/usr/bin/env python3
"""Holds the licence of every dependency against the list below.

    python3 scripts/licences.py

Reads `cargo metadata` for all platforms, builds and tests. A licence is an SPDX expression (SPDX 2.3, annex D): one that offers a
choice passes where one of its branches does, one that adds conditions where all of them do. Exit code 1 where a crate has no
licence, one that cannot be read, or one that is not on the list; the crate is named with the way by which it came in.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

# What may be compiled into a program under MIT or Apache-2.0 with no more than a notice.
ALLOWED = {"0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT",
           "MIT-0", "Unicode-3.0", "Unlicense", "Zlib"}


class Unreadable(Exception):
    """An expression that is none of SPDX."""


def passes(expression, allowed=ALLOWED):
    """Whether the expression can be met with allowed licences alone. OR binds weakest, WITH strongest; `/` is cargo's old OR."""
    tokens = re.findall(r"[()/]|[A-Za-z0-9.+:-]+|\S", expression)
    at = 0

    def take():
        nonlocal at
        token, at = (tokens[at], at + 1) if at < len(tokens) else (None, at)
        return token

    def ahead(*words):
        return at < len(tokens) and tokens[at] in words

    def name():
        token = take()
        if token is None or not re.fullmatch(r"[A-Za-z0-9.+:-]+", token) or token in ("AND", "OR", "WITH"):
            raise Unreadable(expression)
        return token

    def simple():
        if ahead("("):
            take()
            good = either()
            if take() != ")":
                raise Unreadable(expression)
            return good
        licence = name()
        if ahead("WITH"):
            take()
            licence = f"{licence} WITH {name()}"
        return licence in allowed

    def both():
        good = simple()
        while ahead("AND"):
            take()
            good = simple() and good
        return good

    def either():
        good = both()
        while ahead("OR", "/"):
            take()
            good = both() or good
        return good

    good = either()
    if at < len(tokens):
        raise Unreadable(expression)
    return good


def fault(package, allowed=ALLOWED):
    """What is wrong with the licence of a package, or None."""
    licence = package["license"]
    if not licence:
        return f"no SPDX licence (licence file: {package['license_file'] or 'none'})"
    try:
        return None if passes(licence, allowed) else f"`{licence}` is not allowed"
    except Unreadable:
        return f"`{licence}` is no SPDX expression"


def way_to(target, metadata):
    """The shortest chain of packages from the workspace to one."""
    below = {node["id"]: node["dependencies"] for node in metadata["resolve"]["nodes"]}
    before = dict.fromkeys(metadata["workspace_members"])
    queue = list(before)
    for package in queue:
        for other in below[package]:
            if other not in before:
                before[other] = package
                queue.append(other)
    way = [target]
    while before.get(way[-1]):
        way.append(before[way[-1]])
    return way[::-1]


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    root = Path(__file__).resolve().parent.parent
    return json.loads(subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True).stdout)


def main(found):
    names = {package["id"]: f"{package['name']} {package['version']}" for package in found["packages"]}
    faults = 0
    for package in found["packages"]:
        if said := fault(package):
            faults += 1
            print(f"{names[package['id']]}: {said}\n    by {' -> '.join(names[p] for p in way_to(package['id'], found))}", file=sys.stderr)
    print(f"{len(names)} packages, {faults} with a licence that is not allowed", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(metadata()))
    except subprocess.CalledProcessError:
        sys.exit("cargo metadata failed; it needs Cargo.lock as it is committed and, once, the registry")

#!/usr/bin/env python3
"""Draws what imports what in each crate, and refuses circles.

    python3 scripts/imports.py              # as text: every file and folder with what it imports
    python3 scripts/imports.py --dot        # as Graphviz DOT of files: | dot -Tsvg > imports.svg
    python3 scripts/imports.py --check      # the circles alone; what .ci/run calls

Exit code 1 where things of one folder (files, or folders with all that is in them) import each other in a circle, or where a
crate uses one that the arrows of ARCHITECTURE.md (`a -> b -> c`) do not lead to. Circles named in scripts/imports.allow pass.

What counts as an import: every `use`, and every path that begins with `crate`, `super`, `self`, a crate, or a name that a `use`
brought. It points to the file that defines the item: a path through re-exports is followed to its end. Code under
`#[cfg(test)]` does not count. A `mod.rs` or `lib.rs` is the face of its folder: that it declares, exports and lists what is in the
folder is no import; what it imports from elsewhere is.
"""

import argparse
import itertools
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES = {"arclet": "src", "vae-source": "vae-source/src", "lens-models": "lens-models/src",
          "ppl-infer": "ppl-infer/src", "ppl-core": "ppl-core/src"}
ITEM = re.compile(r"\b(?:struct|enum|union|trait|type|const|static|fn|macro_rules!)\s+(?:mut\s+)?(\w+)")
USE = re.compile(r"(?<![\w$])(pub(?:\s*\([^)]*\))?\s+)?use\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])(?:\$?\w+)(?:\s*::\s*\w+)+")
NOISE = re.compile(r"""//[^\n]* | /\*.*?\*/ | b?r(\#*)".*?"\1 | b?"(?:\\.|[^"\\])*" | b?'(?:\\.[^']*|[^'\\])'""", re.X | re.S)


def code(text):
    """The source without comments, strings and what is compiled for tests alone."""
    text = NOISE.sub(" ", text)
    while match := re.search(r"#\[cfg\(test\)\]", text):
        end = match.end()
        # Up to the `;` or the closing brace of the item that follows, whichever is first.
        depth = 0
        while end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
            if depth == 0 and text[end - 1] in ";}":
                break
        text = text[:match.start()] + text[end:]
    return text


def outermost(text):
    """The code outside all braces."""
    kept, depth = [], 0
    for piece in re.split(r"([{}])", text):
        if piece in ("{", "}"):
            depth += 1 if piece == "{" else -1
        elif depth == 0:
            kept.append(piece)
    return " ".join(kept)


def leaves(tree, before=()):
    """(path, name that it is known by) of every leaf of a `use` tree; the name of `a::*` is `*`."""
    tree = tree.strip()
    if match := re.fullmatch(r"(?s)(.*?)\{(.*)\}", tree):
        before += tuple(s for s in re.split(r"\s*::\s*", match[1].strip()) if s)
        depth, start = 0, 0
        inner = match[2] + ","
        for at, letter in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                if inner[start:at].strip():
                    yield from leaves(inner[start:at], before)
                start = at + 1
        return
    path, _, alias = re.sub(r"\s+", " ", tree).partition(" as ")
    path = before + tuple(s.strip() for s in path.split("::") if s.strip())
    if path[-1] == "self":
        path = path[:-1]
    yield path, alias.strip() or path[-1]


class Module:
    """One file: where it stands in the tree of modules, and what it defines, exports and names."""

    def __init__(self, file, path, text):
        self.file, self.path = file, path
        self.code = code(text)
        self.items = set(ITEM.findall(outermost(self.code)))
        self.uses = [(leaf, name, bool(m[1])) for m in USE.finditer(self.code) for leaf, name in leaves(m[2])]
        self.paths = {tuple(re.split(r"\s*::\s*", m[0])) for m in PATH.finditer(USE.sub(" ", self.code))}
        self.is_face = file.name in ("mod.rs", "lib.rs")


class Crate:
    """The modules of one crate by path, `()` being the root."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.modules = {}
        for_tests = set()
        files = sorted(folder.rglob("*.rs"))
        for file in files:
            parts = file.relative_to(folder).with_suffix("").parts
            path = parts[:-1] if parts[-1] in ("mod", "lib") else parts
            text = file.read_text()
            for child in re.findall(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", NOISE.sub(" ", text)):
                for_tests.add((() if path == ("main",) else path) + (child,))
            self.modules[path] = Module(file, path, text)
        self.modules = {p: m for p, m in self.modules.items() if not any(p[:len(t)] == t for t in for_tests)}

    def is_module(self, path):
        return any(p[:len(path)] == path for p in self.modules)

    def find(self, module, names, seen=()):
        """The file that defines `names` as they are written inside the module of that path; None for what is not of this crate."""
        module = tuple(module)
        if not names or names[0] == "*":
            return self.modules.get(module)
        if (module, names) in seen or not self.is_module(module):
            return None
        seen = (*seen, (module, names))
        first, rest = names[0], names[1:]
        if first in ("self", "crate", "$crate", "super", self.name.replace("-", "_")):
            return self.find({"self": module, "super": module[:-1]}.get(first, ()), rest, seen)
        if self.is_module(module + (first,)):
            return self.find(module + (first,), rest, seen)
        here = self.modules.get(module)
        if here is None or first in here.items:
            return here
        for leaf, name, _ in here.uses:
            if name == first and leaf != (first,):
                return self.find(module, leaf + rest, seen)
        for leaf, name, public in here.uses:
            if name == "*" and public and (found := self.find(module, leaf[:-1] + names, seen)) and first in found.items:
                return found
        # A macro may export it: then a file of the folder defines it.
        inside = [m for p, m in self.modules.items() if p[:-1] == module and first in m.items]
        return inside[0] if len(inside) == 1 else here


def imports(crate, names):
    """({file: files of the crate that it imports}, {other crate: a file that uses it})."""
    inside, outside = {m.file: set() for m in crate.modules.values()}, {}
    for module in crate.modules.values():
        at = () if module.path == ("main",) else module.path
        known = {"crate", "$crate", "self", "super", crate.name.replace("-", "_")}
        named = {name: leaf for leaf, name, _ in module.uses if name != "*"}
        written = [(leaf, public) for leaf, _, public in module.uses]
        # A bare `use` of a module says less than the paths that go on from it.
        longer = [(named[p[0]] + p[1:], False) for p in module.paths if p[0] in named]
        begun = {named[p[0]] for p in module.paths if p[0] in named}
        written = [(leaf, public) for leaf, public in written
                   if not (leaf in begun and (target := crate.find(at, leaf)) and target.path[-1:] == leaf[-1:])]
        written += longer + [(p, False) for p in module.paths if p[0] in known | names or crate.is_module(at + (p[0],))]
        for path, public in written:
            if path[0] in names and path[0] != crate.name.replace("-", "_"):
                outside.setdefault(path[0].replace("_", "-"), module.file)
                continue
            if path[0] not in known and not crate.is_module(at + (path[0],)):
                continue
            target = crate.find(at, path)
            below = target is not None and target.path[:len(at)] == at
            # The face of a folder shows what is in it, and any file may re-export its own children.
            if target is None or target is module or (below and (module.is_face or public)):
                continue
            inside[module.file].add(target.file)
    return inside, outside


def place_of(crate, file):
    """The parts of a file's path, `psf.rs` inside the folder `psf` of its own if there is one: the two are one to those beside."""
    *folders, name = file.relative_to(crate.folder).parts
    stem = name.removesuffix(".rs")
    return [*folders, stem, name] if crate.folder.joinpath(*folders, stem).is_dir() else [*folders, name]


def units(crate, inside):
    """{folder: {unit: {other unit of the folder: [(file, file)]}}}: the arrows between what stands side by side."""
    drawn = {}
    for file, targets in inside.items():
        a = place_of(crate, file)
        for depth in range(len(a)):
            drawn.setdefault(crate.folder.joinpath(*a[:depth]), {}).setdefault(a[depth], {})
        for target in targets:
            b = place_of(crate, target)
            shared = next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)
            drawn[crate.folder.joinpath(*a[:shared])][a[shared]].setdefault(b[shared], []).append((file, target))
    return drawn


def circles(arrows):
    """The strongly connected components of more than one node (Tarjan 1972), and an order with every arrow pointing down."""
    index, low, stack, found, order = {}, {}, [], [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = [stack.pop()]
            while component[-1] != node:
                component.append(stack.pop())
            order.extend(component)
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found, order[::-1]


def against(circle, arrows):
    """The arrows between units without which a circle is open: of the smallest such sets, the one of the fewest imports."""
    pairs = [(a, b) for a in circle for b in circle if b in arrows[a]]
    for size in (1, 2, 3):
        sets = sorted(itertools.combinations(pairs, size), key=lambda cut: sum(len(arrows[a][b]) for a, b in cut))
        for cut in sets:
            if not circles({a: [b for b in circle if (a, b) in pairs and (a, b) not in cut] for a in circle})[0]:
                return cut
    return pairs


def allowed_of(file):
    """{folder: [sets of units]} from lines `folder: unit unit ..`."""
    allowed = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        folder, _, names = line.partition("#")[0].partition(":")
        if names.strip():
            allowed.setdefault(folder.strip(), []).append(frozenset(names.split()))
    return allowed


def order_of(page):
    """{crate: crates that it may use} from the chains `a -> b -> c` of a page."""
    below = {}
    for chain in re.findall(r"[\w-]+(?: -> [\w-]+)+", page):
        chain = chain.split(" -> ")
        for upper, lower in zip(chain, chain[1:]):
            below.setdefault(upper, set()).add(lower)
    for _ in below:
        for reached in below.values():
            reached |= set().union(*(below.get(c, set()) for c in reached))
    return below


def draw_text(root, drawn):
    for folder, arrows in sorted(drawn.items()):
        print(f"\n{folder.relative_to(root)}/")
        _, order = circles(arrows)
        width = max(map(len, order))
        for unit in order:
            print(f"  {unit:<{width}}  {'-> ' if arrows[unit] else ''}{', '.join(sorted(arrows[unit]))}")


def draw_dot(root, graphs):
    print('digraph imports {\n  rankdir=TB; node [shape=box, fontsize=10];')
    for name, (inside, outside) in graphs.items():
        print(f'  subgraph "cluster_{name}" {{\n    label="{name}";')
        for file, targets in sorted(inside.items()):
            print(f'    "{file.relative_to(root)}";')
            for target in sorted(targets):
                print(f'    "{file.relative_to(root)}" -> "{target.relative_to(root)}";')
        print("  }")
    print("}")


def main(root=ROOT, crates=None, arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dot", action="store_true", help="draw the files as Graphviz DOT")
    parser.add_argument("--check", action="store_true", help="draw nothing")
    options = parser.parse_args(arguments)
    crates = crates or CRATES
    names = {name.replace("-", "_") for name in crates}
    allowed, below = allowed_of(root / "scripts/imports.allow"), order_of((root / "ARCHITECTURE.md").read_text())
    graphs, faults, known, used = {}, [], 0, set()
    for name, folder in crates.items():
        crate = Crate(name, root / folder)
        inside, outside = graphs[name] = imports(crate, names)
        drawn = units(crate, inside)
        if not options.check and not options.dot:
            draw_text(root, drawn)
            print(f"  crates: {', '.join(sorted(outside)) or 'none'}")
        for other, file in sorted(outside.items()):
            if other not in below.get(name, ()):
                faults.append(f"{file.relative_to(root)} uses {other}, but no arrow of ARCHITECTURE.md leads from {name} to {other}")
        for folder, arrows in sorted(drawn.items()):
            place = str(folder.relative_to(root))
            for circle in circles(arrows)[0]:
                within = [names for names in allowed.get(place, ()) if names >= set(circle)]
                used |= {(place, names) for names in within}
                if within:
                    known += 1
                    continue
                cut = sorted({f"    {a.relative_to(root)} -> {b.relative_to(root)}"
                              for unit, other in against(circle, arrows) for a, b in arrows[unit][other]})
                faults.append(f"circle in {place}: {' '.join(circle)}\n  it would be open without\n" + "\n".join(cut))
    if options.dot:
        draw_dot(root, graphs)
    stale = [f"{place}: {' '.join(sorted(names))}" for place in allowed for names in allowed[place] if (place, names) not in used]
    for line in stale:
        print(f"scripts/imports.allow: `{line}` is no circle any more; take the line away", file=sys.stderr)
    for fault in faults:
        print(fault, file=sys.stderr)
    files = sum(len(inside) for inside, _ in graphs.values())
    print(f"{files} files; circles and upward arrows: {len(faults)}, and {known} allowed by name", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

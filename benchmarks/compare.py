"""Two files of figures side by side: what a benchmark gave at one commit, and at another.

    python benchmarks/compare.py before.json after.json

Both are written by a benchmark with --json, best in turn on one quiet machine. A line gives the medians and the
ratio of the second to the first, below 1 where less is measured now; then how far repeats spread, largest to
smallest, which says what ratio chance alone makes.
"""

import argparse
import json
import sys
from pathlib import Path

from harness import describe

HEADINGS = ("before", "after", "ratio", "spread")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (options.before, options.after))
    for name, run in (("before", before), ("after", after)):
        print(
            f"{name:<6} {run['benchmark']} at {run['commit']}, {run['date']}, load {run['load_before']:.2f}"
        )
    for doubt in doubts(before, after):
        print(f"careful: {doubt}", file=sys.stderr)
    for line in lines(before["figures"], after["figures"]):
        print(line)


def doubts(before, after):
    """Yield why the two may not be comparable."""
    if before["benchmark"] != after["benchmark"]:
        yield "these are two different benchmarks"
    if before["machine"] != after["machine"]:
        yield f"the machines differ: {describe(before['machine'])}; {describe(after['machine'])}"
    for name in sorted({*before["options"], *after["options"]}):
        one, other = before["options"].get(name), after["options"].get(name)
        if one != other:
            yield f"{name} differs: {one}; {other}"


def lines(before, after):
    """Yield a heading and a line for each figure that one or both have."""
    names = [*before, *(name for name in after if name not in before)]
    width = max([len(name) for name in names], default=0) + 2
    yield " " * width + "".join(f"{heading:>12}" for heading in HEADINGS)
    for name in names:
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            yield f"{name:<{width}}only {'after' if one is None else 'before'}"
        else:
            yield f"{name:<{width}}{one['median']:>12.4g}{other['median']:>12.4g}{ratio(one, other)} {one['unit']}"


def ratio(one, other):
    """Ratio of the medians, and the larger spread of the two where there are repeats."""
    ratio = f"{other['median'] / one['median']:>12.3f}" if one["median"] else f"{'-':>12}"
    repeats = [figure["values"] for figure in (one, other) if len(figure["values"]) > 1]
    spreads = [max(values) / min(values) for values in repeats if min(values) > 0]
    return ratio + (f"{max(spreads):>12.3f}" if spreads else f"{'-':>12}")


if __name__ == "__main__":
    main()

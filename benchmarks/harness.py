"""What the benchmarks share: a look at the machine, repeats, and figures in a file that commits are compared by.

A benchmark reads its options with `parse`, which adds ``--json FILE``, says on stderr what machine this is and
warns where others use it, and hands each figure that it prints to `note`, too. The file is written anew with
every figure, so a run that is stopped leaves what it has found. `compare.py` lays two such files side by side.
"""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

__all__ = ["machine", "note", "parse", "repeated", "since", "started"]

QUIET_LOAD = 0.3  # processes that want a core, on average over the last minute
PACKAGES = ("numpy", "numba", "scipy", "scikit-learn")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_run = {"path": None, "facts": {}, "figures": {}}


def parse(parser, words=None):
    """The options of a benchmark, ``--json`` among them; from here on `note` knows where to write."""
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there, for compare.py")
    options = parser.parse_args(words)
    described, load = machine(), os.getloadavg()[0]
    print(describe(described), file=sys.stderr)
    if load > QUIET_LOAD:
        print(f"the machine is busy (load {load:.2f}): times will be too long, by chance", file=sys.stderr)
    given = {name: str(value) for name, value in vars(options).items() if name != "json"}
    _run.update(path=options.json, figures={}, facts=_facts(given, described, load))
    return options


def note(name, values, unit):
    """Keep a figure, one number or one for each repeat, and write the file that ``--json`` names.

    Parameters
    ----------
    name : str
        What was measured; figures of the same name are compared.
    values : float or sequence of float
    unit : str
        Such as ``"s"``; of times, memory and ratios to another program less is better.
    """
    values = [float(values)] if isinstance(values, (int, float)) else [float(value) for value in values]
    _run["figures"][name] = {"unit": unit, "median": statistics.median(values), "values": values}
    if _run["path"] is not None:
        text = json.dumps({**_run["facts"], "figures": _run["figures"]}, indent=2)
        _run["path"].write_text(text + "\n", encoding="utf-8")


def repeated(call, repeats, warm_up=True):
    """What ``call(repeat)`` gives for each repeat; with `warm_up` once before, which is forgotten."""
    first = 0 if warm_up else 1
    return [call(repeat) for repeat in range(first, repeats + 1)][1 - first :]


def started():
    """CPU and wall-clock seconds as `since` takes them."""
    return time.process_time(), time.perf_counter()


def since(start):
    """CPU and wall-clock seconds since `started`; on a shared machine the first can be compared."""
    return tuple(now - then for now, then in zip(started(), start, strict=True))


def machine():
    """What a time depends on, as far as Linux tells: processor, vector units, caches, cores, versions."""
    cpu = _cpu_facts()
    flags = cpu.get("flags", "").split()
    return {
        "processor": cpu.get("model name") or platform.processor() or platform.machine(),
        "vectors": next((name for name in ("avx512f", "avx2") if name in flags), "neither AVX-512 nor AVX2"),
        "l2": _second_cache(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
    }


def describe(facts):
    """The machine in one line."""
    vectors = {"avx512f": "AVX-512", "avx2": "AVX2"}.get(facts["vectors"], facts["vectors"])
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", *PACKAGES))
    threads = "".join(f", {name}={value}" for name, value in facts["threads"].items())
    return f"{facts['processor']}, {vectors}, L2 {facts['l2']}, cores: {facts['cores']}; {versions}{threads}"


def _facts(given, described, load):
    return {
        "benchmark": Path(sys.argv[0]).stem,
        "options": given,
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": described,
        "load_before": load,
    }


def _commit():
    """The commit of this checkout, with "-dirty" where files differ from it; None outside of one."""
    words = [
        "git",
        "-C",
        str(Path(__file__).parent),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _cpu_facts():
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _second_cache():
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (folder / "level").read_text().strip() == "2":
            return (folder / "size").read_text().strip()
    return "unknown"

"""What damage and kills do to dpmix: nothing but its own errors, and no draw that differs.

    python benchmarks/reliability.py flips [--cases 10000] [--seed 0] [--json FILE]
    python benchmarks/reliability.py mutations [--cases 10000] [--seed 0]
    python benchmarks/reliability.py kills [--cases 200] [--seed 0]

`flips` flips one bit, and `mutations` changes the structure or the values, checksums made right again, of a file
of every format that dpmix reads; then the file is read and used. What must come is an `InputError` or a right
answer, in 2 s and 300 MB. Cases run in forked children, so that a crash shows as one. `kills` kills the program
``dpmix fit`` or ``dpmix resume`` with SIGKILL at random moments, until its workers are gone, and compares each
run that comes to its end with one that nothing disturbed, bit for bit. The exit status is 1 where anything failed.
"""

import argparse
import contextlib
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from damaged_files import flip, make_subjects, mutate
from harness import note, parse

import dpmix
from dpmix import InputError

MOST_SECONDS, MOST_BYTES = 2.0, 300e6
BATCH = 250  # cases of one child
PLAN = ("--classes", "2,3", "--chains", "2", "--sweeps", "200", "--init", "random:40", "--seed", "5")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("flips", "mutations", "kills"))
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parse(parser)
    with tempfile.TemporaryDirectory(prefix="dpmix-reliability-") as folder:
        if options.what == "kills":
            failed = kills(Path(folder), options.cases or 200, options.seed)
        else:
            failed = damage(folder, options.what, options.cases or 10_000, options.seed)
    sys.exit(1 if failed else 0)


def damage(folder, what, n_cases, seed):
    """Run all cases, say what was found; the number of failures."""
    subjects = make_subjects(folder)
    right = {subject.name: subject.use() for subject in subjects}
    outcomes, seconds, peaks, failures = Counter(), [], [], []
    begun = time.perf_counter()
    for first in range(0, n_cases, BATCH):
        cases = range(first, min(first + BATCH, n_cases))
        for case, name, outcome, took, peak in batch(subjects, right, what, seed, cases):
            outcomes[name, outcome.partition(":")[0]] += 1
            seconds.append(took)
            peaks.append(peak)
            if outcome.startswith("FAILED") or took > MOST_SECONDS or peak > MOST_BYTES:
                failures.append(f"case {case}, {name}: {outcome}, {took:.2f} s, {peak / 1e6:.0f} MB")
                print(failures[-1], flush=True)
    print(f"\n{'file':<20} {'refused':>8} {'the same':>9} {'other':>7} {'failed':>7}")
    for subject in subjects:
        row = [outcomes[subject.name, kind] for kind in ("refused", "same", "other", "FAILED")]
        print(f"{subject.name:<20} {row[0]:>8,} {row[1]:>9,} {row[2]:>7,} {row[3]:>7,}")
    print(
        f"{n_cases:,} {what} in {time.perf_counter() - begun:.0f} s: {len(failures)} failures; at most "
        f"{max(seconds):.2f} s and {max(peaks) / 1e6:.0f} MB, in the middle {np.median(seconds) * 1e3:.1f} ms"
    )
    note(f"{what}, failures", len(failures), "cases")
    note(f"{what}, longest", max(seconds), "s")
    note(f"{what}, most memory", max(peaks) / 1e6, "MB")
    return len(failures)


def batch(subjects, right, what, seed, cases):
    """Outcomes of `cases` from forked children; one that dies or hangs fails its case, the next goes on."""
    context, found, left = multiprocessing.get_context("fork"), [], list(cases)
    while left:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=work, args=(theirs, subjects, right, what, seed, left))
        child.start()
        theirs.close()
        done = 0
        with contextlib.suppress(EOFError):
            while done < len(left) and ours.poll(30):
                found.append(ours.recv())
                done += 1
        if done < len(left):
            child.kill()
        child.join()
        if done < len(left):
            name = subject_of(subjects, left[done]).name
            found.append((left[done], name, f"FAILED: ended with {child.exitcode}", 30.0, 0.0))
            done += 1
        left = left[done:]
    return found


def work(connection, subjects, right, what, seed, cases):
    warnings.simplefilter("ignore")
    for case in cases:
        subject = subject_of(subjects, case)
        generator = np.random.default_rng([seed, case, what == "flips"])
        content = flip(subject.content, generator) if what == "flips" else mutate(subject, generator)
        subject.path.write_bytes(content)
        before, begun = resident(reset=True), time.perf_counter()
        outcome = outcome_of(subject, right[subject.name], what)
        took, peak = time.perf_counter() - begun, resident() - before
        subject.path.write_bytes(subject.content)
        connection.send((case, subject.name, outcome, took, max(0.0, peak)))


def subject_of(subjects, case):
    return subjects[case % len(subjects)]


def outcome_of(subject, right, what):
    try:
        found = subject.use()
    except InputError as error:
        text = str(error)
        fine = text.isprintable() and (subject.path.name in text or subject.path.parent.name in text)
        return "refused" if fine else f"FAILED: says {text!r}"
    except BaseException as error:  # noqa: BLE001 (which one it is, is the finding)
        return f"FAILED: {type(error).__name__}: {error}"
    if found == right:
        return "same"
    return f"FAILED: a wrong answer of {subject.name}" if what == "flips" and subject.guarded else "other"


def resident(reset=False):
    """Bytes that this process holds, or, without `reset`, the most that it held since then; as Linux tells."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    key = "VmRSS:" if reset else "VmHWM:"
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return 1024.0 * int(line.split()[1])
    return 0.0


def kills(folder, n_kills, seed):
    """Kill the program again and again; the number of runs that differ or end otherwise."""
    begun = time.perf_counter()
    program("fit", "digits", "-o", folder / "undisturbed", *PLAN).wait()
    whole, wanted = time.perf_counter() - begun, bits(folder / "undisturbed")
    moments, run, lingering, compared, failures = np.random.default_rng(seed), folder / "run", [], 0, 0
    while len(lingering) < n_kills:
        process = program(*words_for(run))
        if strike(process, moments.uniform(0.1, whole), lingering):
            if len(lingering) < n_kills:
                continue
            process = program(*words_for(run))
        if process.wait() or bits(run) != wanted:
            failures += 1
            print(f"after {len(lingering)} kills: status {process.returncode}, or a run differs", flush=True)
        compared += 1
        print(f"{len(lingering)} kills, {compared} runs compared", file=sys.stderr, flush=True)
        shutil.rmtree(run)
    late = sum(seconds > MOST_SECONDS for seconds in lingering)
    print(
        f"{len(lingering)} kills over {compared} runs in {time.perf_counter() - begun:.0f} s: {failures} failures; no "
        f"process left after {np.median(lingering):.2f} s in the middle, {max(lingering):.2f} s at most, later "
        f"than {MOST_SECONDS:g} s in {late}"
    )
    note("kills, failures", failures, "runs")
    note("kills, seconds until no process is left", lingering, "s")
    return failures


def words_for(run):
    return (
        ("resume", run) if (run / "run.json").exists() else ("fit", "digits", "-o", run, "--overwrite", *PLAN)
    )


def program(*words):
    words = [sys.executable, "-m", "dpmix", *map(str, words), "--quiet", "--jobs", "2"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def strike(process, seconds, lingering):
    """Kill `process` after so many seconds; False where it has ended before."""
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        family = descendants(process.pid)
        process.kill()
        begun = time.perf_counter()
        process.wait()
    while any(map(alive, family)) and time.perf_counter() - begun < 20:
        time.sleep(0.005)
    lingering.append(time.perf_counter() - begun)
    return True


def descendants(pid):
    """Processes below `pid`."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def bits(run):
    """All that the seed decides of the run, as bytes."""
    records = dpmix.load(run).records
    parts = [np.asarray(value).tobytes() for record in records for value in record.state]
    for record in records:
        parts += [values.tobytes() for values in record.draws.kept.values()]
        parts += [values.tobytes() for name, values in record.draws.trace.items() if "seconds" not in name]
    return b"".join(parts)


if __name__ == "__main__":
    main()

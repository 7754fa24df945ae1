"""What was run: the data, the model, and the command that does it again."""

import shlex

from dpmix.base.escaping import for_terminal
from dpmix.base.text import count
from dpmix.report.words import duration, share

__all__ = ["repeating_command", "run_section"]

_COLUMNS = 60  # of a table that are named
_MODEL = "Dirichlet process mixture of independent Bernoulli pixels with Beta priors"
_STARTS = {
    "near": "each image in the cluster that predicts it best, of those around {k} random images",
    "seeds": "each image with the nearest of {k} random ones",
    "random": "{k} random groups",
    "one": "all in one cluster",
    "crp": "a random partition of the prior",
    "labels": "a partition that was given",
}


def run_section(subject):
    """Facts by name, names of columns, and how to repeat it."""
    posterior = subject.posterior
    plan, table = posterior.plan, posterior.table
    command, remarks = repeating_command(subject)
    return {
        "facts": [
            ("Data", _data(subject)),
            ("Source", subject.source or "not recorded"),
            ("SHA-256 of the data", table.digest),
            ("Model", _MODEL),
            *((f"Prior of {name}", text) for name, text in _prior(plan.prior.to_json(), table.n_classes)),
            ("Chains", _chains(plan)),
            ("Start", _start(plan.init)),
            ("Seed", str(plan.seed)),
            ("Moves of a sweep", _moves(plan.schedule)),
            ("Time", _time(posterior)),
            ("Version", f"dpmix {posterior.version}"),
            *([("Begun", subject.created)] if subject.created else []),
        ],
        "columns": _columns(posterior),
        "command": command,
        "remarks": remarks,
    }


def _data(subject):
    posterior = subject.posterior
    table = posterior.table
    height, width = posterior.image_shape
    ones, gaps, _ = table.totals
    missing = int(gaps.sum())
    seen = table.n * table.d - missing
    size = count(table.d, "column") if subject.table else f"{height:,} × {width:,} pixels"
    parts = [f"{subject.things()} of {size}", f"{share(int(ones.sum()), seen)} of what is observed is on"]
    if missing:
        parts.append(f"{share(missing, table.n * table.d)} not observed")
    if table.n_classes:
        known = int((table.classes >= 0).sum())
        parts.append(f"labels of {table.n_classes:,} classes, known for {known:,}")
    if posterior.names is not None:
        parts.append(f"called {subject.name(0)}, {subject.name(table.n - 1)} and the like")
    return ", ".join(parts)


def _prior(fields, n_classes):
    meaning = {"alpha": "alpha", "a": "a (on)", "b": "b (off)", "c": "c (labels)"}
    return [(told, _prior_words(fields[name])) for name, told in meaning.items() if name != "c" or n_classes]


def _prior_words(value):
    if isinstance(value, dict):
        shape, rate = value["gamma"]
        return f"learned, from Gamma({shape:g}, {rate:g})"
    if isinstance(value, list):
        return f"fixed, {len(value):,} values from {min(value):g} to {max(value):g}"
    return f"fixed at {value:g}"


def _chains(plan):
    kept = "every sweep" if plan.thin == 1 else f"every {plan.thin:,}. sweep"
    shards = f", each over {plan.shards:,} shards" if plan.shards > 1 else ""
    counts = ", kept as counts" if plan.keep == "counts" else ""
    return (
        f"{count(plan.chains, 'chain')} of {count(plan.sweeps, 'sweep')}{shards}; "
        f"a draw of {kept} after a burn-in of {plan.burn_in:,}{counts}"
    )


def _start(init):
    name, _, k = init.partition(":")
    if k == "1":  # seed or group
        name = "one"
    return _STARTS[name].format(k=k) if name in _STARTS else init


def _moves(schedule):
    return (
        f"{schedule.split_merge:,} splits and merges and {schedule.birth_death:,} births and deaths proposed, every "
        f"image reassigned, pseudo-counts of one in {schedule.pixel_step:,} pixels"
    )


def _time(posterior):
    total = sum(float(record.draws.trace["seconds"].sum()) for record in posterior.records if record.sweeps)
    return f"{duration(total)} of computing, all chains together"


def _columns(posterior):
    """What the columns are called, with what stands for off and on, some of them where they are many."""
    if posterior.columns is None:
        return None
    names = posterior.columns.names
    told = [(name, *(posterior.columns.values.get(name) or ("0", "1"))) for name in names[:_COLUMNS]]
    return {"rows": told, "rest": max(len(names) - _COLUMNS, 0)}


def repeating_command(subject):
    """The command that gives the same draws, and what it cannot say: a str, and sentences."""
    plan = subject.posterior.plan
    prior, options = plan.prior.to_json(), []
    remarks = [] if subject.source else ["SOURCE stands for the data, whose origin a run does not record."]
    for name in ("alpha", "a", "b"):
        if isinstance(prior[name], list):
            remarks.append(f"The values of {name} differ by pixel, which only a script can say.")
        else:
            options.append((f"--{name}", _option(prior[name])))
    if subject.posterior.table.n_classes:
        options.append(("--labels", None))
        options.append(("--c", _option(prior["c"])))
    schedule = ",".join(f"{name.replace('_', '-')}={n}" for name, n in plan.schedule.to_json().items())
    for name in ("chains", "sweeps", "burn_in", "thin", "seed"):
        options.append((f"--{name.replace('_', '-')}", str(getattr(plan, name))))
    if plan.init == "labels":
        remarks.append("The chains started from a partition that was given, which only a script can say.")
    else:
        options.append(("--init", plan.init))
    options.append(("--schedule", schedule))
    options += [("--shards", str(plan.shards))] if plan.shards > 1 else []
    options += [("--keep", plan.keep)] if plan.keep != "labels" or plan.shards > 1 else []
    words = ["dpmix", "fit", *_source_words(subject.source), "-o", _quoted(subject.folder or "RUN")]
    for name, value in options:
        words += [name] if value is None else [name, shlex.quote(value)]
    return " ".join(words), remarks


def _source_words(source):
    """The source and its options as they were given; a single name is quoted where it needs that."""
    return [for_terminal(source)] if source else ["SOURCE"]


def _quoted(text):
    return shlex.quote(for_terminal(text))


def _option(value):
    return f"gamma({value['gamma'][0]!r},{value['gamma'][1]!r})" if isinstance(value, dict) else repr(value)

"""What commands say about a run, as text and as JSON."""

import json

from dpmix.base.escaping import for_terminal
from dpmix.base.text import count, table
from dpmix.tables.columns import Columns

__all__ = ["agreement_text", "as_json", "chain_table", "run_fields", "run_text"]

_COLUMNS = 12  # of a table that are named


def as_json(fields):
    """Return `fields` as JSON text; what is not a number there is null."""
    return json.dumps(fields, indent=2, allow_nan=False)


def run_fields(folder, records, state):
    """Return what ``dpmix info --json`` shows.

    Parameters
    ----------
    folder : dpmix.store.run_folder.RunFolder
    records : list of dpmix.chain.record.ChainRecord or None
        Where each chain stands; None where that is not known, before its first sweep.
    state : {"complete", "running", "stopped"}

    Returns
    -------
    dict
        The run, and `chain_fields`.
    """
    table = folder.table
    return {
        "version": folder.version,
        "created": folder.created,
        "state": state,
        "n": table.n,
        "d": table.d,
        "shape": [int(side) for side in table.shape],
        **({"columns": table.columns.to_json()} if table.columns else {}),
        **folder.plan.to_json(),
        **chain_fields(records),
    }


def chain_fields(records):
    """Return where chains stand as lists with one value a chain.

    ``n_clusters``, ``log_joint`` (nats) and ``alpha`` are those of the last sweep, None before the first one;
    ``seconds`` is the computing time of all sweeps.
    """
    return {
        "sweeps_done": [record.sweeps if record else 0 for record in records],
        "draws": [len(record.draws.kept["alpha"]) if record else 0 for record in records],
        "n_clusters": [_last(record, "n_clusters") for record in records],
        "log_joint": [_last(record, "log_joint") for record in records],
        "alpha": [_last(record, "alpha") for record in records],
        "seconds": [float(record.draws.trace["seconds"].sum()) if record else 0.0 for record in records],
    }


def run_text(fields):
    """Return what ``dpmix info`` shows, from the dictionary of `run_fields`."""
    height, width = fields["shape"]
    prior = ", ".join(f"{name} {_short(fields['prior'][name])}" for name in ("alpha", "a", "b"))
    state = {
        "complete": "complete",
        "running": "still running",
        "stopped": "stopped before its end; 'dpmix resume' goes on with it",
    }[fields["state"]]
    shards = f", each over {fields['shards']} shards" if "shards" in fields else ""
    kept = ", kept as counts" if fields.get("keep") == "counts" else ""
    chains = f"{fields['chains']} of {count(fields['sweeps'], 'sweep')}{shards}"
    lines = [
        f"rows     {fields['n']:,} of a table of {width:,} columns"
        if "columns" in fields and height == 1
        else f"images   {fields['n']:,} of {height} x {width} pixels",
        *_column_lines(fields),
        f"prior    {prior}",
        f"chains   {chains}, from {fields['init']}, seed {fields['seed']}",
        f"draws    every {_ordinal(fields['thin'])}sweep after a burn-in of {fields['burn_in']:,}{kept}",
        f"state    {state}",
        "",
    ]
    return "\n".join(lines) + "\n" + _chain_rows(fields)


def _column_lines(fields):
    """What the columns are called, and what 0 and 1 stand for."""
    if "columns" not in fields:
        return []
    columns = Columns.from_json(fields["columns"])
    some = ", ".join(map(for_terminal, columns.names[:_COLUMNS]))
    rest = len(columns) - _COLUMNS
    lines = [f"columns  {some}{f', and {rest:,} more' if rest > 0 else ''}"]
    return lines + [f"         {for_terminal(note)}" for note in columns.notes[:_COLUMNS]]


def agreement_text(summary, moves):
    """Return the part of ``dpmix info`` that says whether the chains agree and what the moves did.

    Parameters
    ----------
    summary : dpmix.posterior.summary.Summary
    moves : dict
        What `Posterior.moves` gave.
    """
    rows = [(name, moves["proposals"][name], moves["accepted"][name]) for name in moves["accepted"]]
    lines = [f"{name:<12} {proposed:>12,} {accepted:>12,}" for name, proposed, accepted in rows]
    total = sum(moves["seconds"].values())
    shares = ", ".join(
        f"{name.replace('_', '-')} {seconds / total:.0%}" for name, seconds in moves["seconds"].items()
    )
    head = f"{'move':<12} {'proposed':>12} {'accepted':>12}"
    return "\n".join(["", str(summary), "", head, *lines, f"time         {shares}"])


def chain_table(records):
    """Return the table of chains with which ``dpmix fit`` ends."""
    return _chain_rows(chain_fields(records))


def _chain_rows(fields):
    columns = {
        "chain": range(len(fields["seconds"])),
        "sweeps": fields["sweeps_done"],
        "draws": fields["draws"],
        "clusters": fields["n_clusters"],
        "log joint": [None if value is None else f"{value:,.1f}" for value in fields["log_joint"]],
        "alpha": [None if value is None else f"{value:.4g}" for value in fields["alpha"]],
        "seconds": [f"{value:,.1f}" for value in fields["seconds"]],
    }
    cells = [[name, *map(_cell, values)] for name, values in columns.items()]
    return "\n".join(table(list(zip(*cells, strict=True))))


def _cell(value):
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"


def _last(record, name):
    return record.draws.trace[name][-1].item() if record and record.sweeps else None


def _short(value):
    if isinstance(value, dict):
        shape, rate = value["gamma"]
        return f"~ Gamma({shape:g}, {rate:g})"
    if isinstance(value, list):
        return f"= {len(value)} values from {min(value):g} to {max(value):g}"
    return f"= {value:g}"


def _ordinal(number):
    """Return "" for 1, "2nd " for 2, "3rd " for 3, "11th " for 11, and so on."""
    if number == 1:
        return ""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} "

"""run.json: what a run is, for people and programs, with a checksum over its content."""

import hashlib
import json
import re
import secrets
from datetime import UTC, datetime

from dpmix.base.errors import InputError, RunError
from dpmix.base.reading import MOST_JSON, parse_json, read_whole
from dpmix.base.version import __version__
from dpmix.store.names_file import has_names, names_digest

__all__ = ["FORMAT", "describe", "facts_writer", "read_facts"]

FORMAT, _FORMAT_VERSION = "dpmix run", 1
_MOST_TEXT = 100  # characters of the run's name, of a version and of a date


def describe(version, table, plan):
    """The content of run.json for a new run."""
    data = {
        "n": table.n,
        "d": table.d,
        "shape": [int(side) for side in table.shape],
        "masked": table.masked,
        "n_classes": table.n_classes,
        "digest": table.digest,
    }
    if has_names(table):
        data["names"] = names_digest(table)
    return {
        "format": FORMAT,
        "format_version": _FORMAT_VERSION,
        "run": secrets.token_hex(16),
        "dpmix": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data,
        **plan.to_json(),
    }


def facts_writer(facts):
    """A function that writes run.json with these `facts` to a binary file."""
    text = json.dumps({**facts, "sha256": _checksum(facts)}, indent=2)
    text = re.sub(
        r'\[\s+([^][{}"]*?)\s+\]', lambda row: f"[{' '.join(row[1].split())}]", text
    )  # numbers on one line
    return lambda file: file.write(text.encode() + b"\n")


def read_facts(path):
    """The facts in the run.json at `path`, of this version, and as they were written; their values are not checked.

    Raises
    ------
    RunError
        It is damaged, foreign, or of another version.
    OSError
        It cannot be read.
    """
    try:
        facts = parse_json(read_whole(path, MOST_JSON))
    except InputError as error:
        raise RunError(f"{path} is damaged, or not of dpmix: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise RunError(f"{path} is damaged, or not of dpmix: it does not say that its format is {FORMAT!r}")
    version = facts.get("format_version")
    if version != _FORMAT_VERSION or isinstance(version, bool):
        raise RunError(
            f"{path} has format version {version!r} (written by dpmix {facts.get('dpmix')}); this dpmix "
            f"{__version__} reads version {_FORMAT_VERSION}; use the dpmix that wrote it"
        )
    if facts.pop("sha256", None) != _checksum(facts):
        raise RunError(
            f"{path} is damaged or was changed by hand: its checksum does not match what it says; "
            "restore it from a copy"
        )
    for name in ("run", "dpmix", "created"):
        if not isinstance(facts.get(name), str) or len(facts[name]) > _MOST_TEXT:
            raise RunError(
                f"{path} does not describe a run: {name} must be a text of at most {_MOST_TEXT} characters"
            )
    return facts


def _checksum(facts):
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

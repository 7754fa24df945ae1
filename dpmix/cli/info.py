"""The command ``info``: what a run is and where its chains stand."""

import dataclasses

from dpmix.cli.options import add_command, add_run
from dpmix.cli.streams import show
from dpmix.cli.told import agreement_text, as_json, run_fields, run_text
from dpmix.cli.wording import in_shell_words

__all__ = ["add_to"]

_INFO = """\
For each chain: the sweeps it has done, the draws kept, and, of its last sweep, the number of
clusters, the log joint of images and clusters (nats) and alpha; then the seconds it computed.
Once there are draws: whether the chains agree (R-hat, effective draws, distances between the
partitions of one chain and of different ones, in nats) and what each move proposed and achieved.
It works while the run goes on, too."""


def add_to(commands):
    """Add the command ``info``."""
    info = add_command(
        commands, "info", _info, "show what a run is and where its chains stand", _INFO, "RUN [--json]"
    )
    add_run(info)
    info.add_argument("--json", action="store_true", default=False, help="as JSON")


def _info(arguments):
    from dpmix.base.files import is_held
    from dpmix.posterior.posterior import Posterior
    from dpmix.store.run_folder import RunFolder

    # Looked at first: a run that ends meanwhile is then complete, or else running, but not stopped.
    running = is_held(arguments.folder)
    folder = RunFolder.open(arguments.folder)
    records = [folder.read_chain(chain) for chain in range(folder.plan.chains)]
    complete = all(record and record.sweeps >= folder.plan.sweeps for record in records)
    state = "complete" if complete else "running" if running else "stopped"
    fields = run_fields(folder, records, state)
    has_draws = all(record and record.draws.n_kept for record in records)
    posterior = Posterior(folder.table, folder.plan, records, folder.version) if has_draws else None
    if posterior:
        summary = posterior.summary()
        notes = tuple(in_shell_words(text, arguments.folder) for text in summary.notes)
        summary = dataclasses.replace(summary, notes=notes)
        fields |= {"summary": summary.to_dict(), "moves": posterior.moves}
    if arguments.json:
        show(as_json(fields))
    else:
        show(run_text(fields) + ("\n" + agreement_text(summary, posterior.moves) if posterior else ""))

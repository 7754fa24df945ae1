"""`load`: the posterior in a run folder."""

from dpmix.base.annotations import PathLike
from dpmix.base.checks import check_bool
from dpmix.posterior.posterior import Posterior
from dpmix.store.run_folder import RunFolder

__all__ = ["load"]


def load(path: PathLike, burn_in: bool = False) -> Posterior:
    """Read the posterior in the run folder at `path`.

    Parameters
    ----------
    path : str or path-like
        A folder written by ``dpmix.sample(..., out=path)``, finished or not, or by `Posterior.save`.
    burn_in : bool, default False
        What to give where some chain has no draw yet: by default no draws, which no query takes for an
        answer, but the trace; if True, where each chain stands, as a posterior that is `in_burn_in`.

    Returns
    -------
    Posterior
        The draws that all chains have, and the images.

    Raises
    ------
    InputTypeError
        A `burn_in` that is neither True nor False.
    RunError
        No run folder, one of another version, a file that is missing or damaged, or a run no chain of
        which has finished a segment yet; the text names the file.
    """
    burn_in = check_bool("burn_in", burn_in)
    folder = RunFolder.open(path)
    return Posterior(folder.table, folder.plan, folder.read_chains(), folder.version, burn_in)

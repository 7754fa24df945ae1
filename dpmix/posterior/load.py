"""`load`: the posterior in a run folder."""

from dpmix.posterior.posterior import Posterior
from dpmix.store.run_folder import RunFolder

__all__ = ["load"]


def load(path):
    """Read the posterior in the run folder at `path`.

    Parameters
    ----------
    path : str or path-like
        A folder written by ``dpmix.sample(..., out=path)``, finished or not, or by `Posterior.save`.

    Returns
    -------
    Posterior
        The draws that all chains have, and the images.

    Raises
    ------
    RunError
        No run folder, one of another version, a file that is missing or damaged, or a run no chain of
        which has finished a segment yet; the text names the file.
    """
    folder = RunFolder.open(path)
    return Posterior(folder.table, folder.plan, folder.read_chains(), folder.version)

"""What becomes of work that an executor did not do: tried again, or told, always as an error of dpmix.

Work is tried again where its worker died or lacked memory, which is nothing about the work; an executor of the
caller that does anything else is told of, with the cause, and what it says is never left bare.
"""

import contextlib
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from dpmix.base.errors import WorkerError
from dpmix.sampling.shortage import described, described_object, is_killed, memory_remedy
from dpmix.sampling.workers import WorkerDied

__all__ = ["Attempts", "checked_future", "ended_of", "error_of"]

_ATTEMPTS = 4  # the first and three more
_SECONDS_TO_LOOK = 5.0  # after which futures are looked at, where none has said that it is done


class Attempts:
    """Keeps count of failures, and says what failed.

    Pieces of work are named by a chain and what else a subclass needs. It gives ``_told(what, *piece)``, which says
    of which piece `what` is true; ``_kept(chain)``, what is not lost; and ``_try_again(*piece)``.

    Parameters
    ----------
    table : dpmix.model.table.BinaryTable
    records : list of dpmix.chain.record.ChainRecord
        Where the chains stand.
    is_own : bool
        Whether the executor is ours: what it raises is then what the work itself raised.
    """

    def __init__(self, table, records, is_own):
        self.table, self.records, self.is_own = table, records, is_own
        self._failures = Counter()  # of each piece, in a row

    def _succeed(self, *piece):
        self._failures[piece] = 0

    def _fail(self, error, *piece):
        """Try a piece again whose worker died or lacked memory; raise for all other errors."""
        if isinstance(error, (WorkerDied, BrokenExecutor, MemoryError)):
            self._count_failure(error, *piece)
        elif isinstance(error, WorkerError):  # workers cannot even start: trying again has been tried
            raise self._stopped(error.text, *piece, remedy=error.remedy) from error
        elif isinstance(error, KeyboardInterrupt) or (self.is_own and isinstance(error, Exception)):
            raise error  # of the work itself
        else:
            raise self._stopped(f"the executor failed: {described(error)}", *piece) from error

    def _count_failure(self, error, *piece):
        self._failures[piece] += 1
        if self._failures[piece] < _ATTEMPTS:
            self._try_again(*piece)
            return
        lacks_memory = isinstance(error, MemoryError)
        told = self._told(f"{'ran out of memory' if lacks_memory else 'failed'} {_ATTEMPTS} times", *piece)
        remedy = memory_remedy(self.table, self.records) if lacks_memory or is_killed(error) else None
        raise WorkerError(f"{told}: {described(error)}; {self._kept(piece[0])}", remedy) from error

    @contextlib.contextmanager
    def _handing_over(self, *piece):
        """Within the block a piece is handed to the executor; one that takes no work is told of."""
        try:
            yield
        except (MemoryError, WorkerError):
            raise
        except Exception as error:
            raise self._stopped(f"the executor takes no work: {described(error)}", *piece) from error

    def _stopped(self, why, *piece, remedy=None):
        return WorkerError(f"{self._told('stopped', *piece)}: {why}; {self._kept(piece[0])}", remedy)


def checked_future(future):
    """Return what `submit` of an executor returned, which must be a future that can be waited for."""
    if isinstance(future, Future):
        return future
    raise TypeError(f"submit must return a concurrent.futures.Future; it returned {described_object(future)}")


def ended_of(futures):
    """Those of `futures` that are done, waiting some seconds for the first one.

    Waiting alone would take for ever where futures are cancelled and nobody is told of it, as a
    ``ThreadPoolExecutor`` does that is shut down with ``cancel_futures=True``.
    """
    wait(futures, _SECONDS_TO_LOOK, FIRST_COMPLETED)
    return [future for future in futures if future.done()]


def error_of(future):
    """What `future`, which is done, raises in the place of a result, or None."""
    try:
        future.result()
    except BaseException as error:
        return error
    return None

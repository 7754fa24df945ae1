"""When training ends before its last epoch."""

from collections import deque

__all__ = ["EarlyStopping", "Plateau"]


class EarlyStopping:
    """Stop when a loss on validation data has not fallen for some epochs.

    Parameters
    ----------
    patience : int
        Epochs without improvement that are borne.
    tolerance : float, default 0
        Smallest fall that counts as an improvement.

    Attributes
    ----------
    best : float
        Lowest loss so far.
    improved : bool
        Whether the last loss was that.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.update(loss) for loss in (3.0, 2.0, 2.5, 2.1)]
    [False, False, False, True]
    """

    def __init__(self, patience, tolerance=0.0):
        self.best = float("inf")
        self.improved = False
        self._patience = patience
        self._tolerance = tolerance
        self._waited = 0

    def update(self, loss):
        """Note the `loss` of one more epoch and return whether to stop."""
        self.improved = loss < self.best - self._tolerance
        self._waited = 0 if self.improved else self._waited + 1
        if self.improved:
            self.best = loss
        return self._waited >= self._patience


class Plateau:
    """Stop when an error has changed by less than some share of itself over the last epochs.

    Parameters
    ----------
    share : float, default 0.01
        Of the error `n_epochs` ago.
    n_epochs : int, default 5

    Examples
    --------
    >>> plateau = Plateau(0.01, 2)
    >>> [plateau.update(error) for error in (1.0, 0.9, 0.8, 0.895, 0.799)]
    [False, False, False, True, True]
    """

    def __init__(self, share=0.01, n_epochs=5):
        self._share = share
        self._errors = deque(maxlen=int(n_epochs) + 1)  # a deque takes no numpy integer

    def update(self, error):
        """Note the `error` of one more epoch and return whether to stop."""
        self._errors.append(error)
        first = self._errors[0]
        return len(self._errors) == self._errors.maxlen and abs(error - first) < self._share * first

"""When training ends before its last epoch."""

__all__ = ["EarlyStopping"]


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

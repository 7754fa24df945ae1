"""Progress of a training, on stderr."""

__all__ = ["EpochBar"]


class EpochBar:
    """A bar of epochs with the latest figures; ``show=False`` shows nothing.

    Parameters
    ----------
    name : str
        What is trained.
    n_epochs : int
    show : bool
    """

    def __init__(self, name, n_epochs, show):
        self._bar = None
        if show:
            from tqdm import tqdm

            self._bar = tqdm(total=n_epochs, desc=name, unit="epoch")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.close()

    def update(self, **figures):
        """One more epoch is done."""
        if self._bar is not None:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in figures.items()}, refresh=False)
            self._bar.update()

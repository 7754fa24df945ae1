"""An executor that runs each call at once, in this process."""

from concurrent.futures import Executor, Future

__all__ = ["HereExecutor"]


class HereExecutor(Executor):
    """Runs each call at once in this process; Ctrl-C and the like go through to the caller of `submit`."""

    runs_at_once = True

    def submit(self, fn, /, *args, **kwargs):
        """Run ``fn(*args, **kwargs)`` and return its future, which is done."""
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

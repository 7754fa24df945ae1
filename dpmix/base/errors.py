"""The exceptions of dpmix: what the caller did wrong, and what went wrong underneath.

Every mistake of the caller is an `InputError` (a ``ValueError``); its text names the argument,
what is allowed, what came, and the way out. The command line turns these into one line and exit
status 2, and lets anything else (our own mistakes) show its traceback.
"""

__all__ = ["InputError", "InputTypeError", "Interrupted", "RunError", "WorkerError"]


class InputError(ValueError):
    """An argument, a file or a combination of them that dpmix cannot work with."""


class InputTypeError(InputError, TypeError):
    """An argument of a type that dpmix cannot work with."""


class RunError(InputError):
    """A run folder or posterior file that is missing, damaged, foreign or in use."""


class WorkerError(RuntimeError):
    """A worker process died or failed, and running its work again did not help."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during sampling; nothing that a finished segment produced is lost.

    Attributes
    ----------
    posterior : dpmix.Posterior or None
        The draws that every chain had completed, or None where some chain had none.
    """

    def __init__(self, message, posterior=None):
        super().__init__(message)
        self.posterior = posterior

"""The exceptions of dpmix: what the caller did wrong, and what went wrong underneath.

Every mistake of the caller is an `InputError` (a ``ValueError``). Its text names the argument, what is
allowed and what came; its remedy is the way out. Where that is called otherwise in a shell than in a
script, one or the other is a `dpmix.base.wording.Wording`. The command line turns these errors into one
line and exit status 2, and lets anything else (our own mistakes) show its traceback.
"""

from typing import Any, Self

from dpmix.base.escaping import for_terminal, shortened
from dpmix.base.wording import Wording

__all__ = ["InputError", "InputTypeError", "Interrupted", "RunError", "WorkerError"]


class _WithRemedy:
    """What the exceptions here have in common: ``str(error)`` is ``"text; remedy"``, as a terminal may show it.

    Parameters
    ----------
    text : str
        What is wrong.
    remedy : str, optional
        The way out of it.
    """

    def __init__(self, text: str, remedy: str | None = None) -> None:
        super().__init__(text if remedy is None else Wording("{text}; {remedy}", text=text, remedy=remedy))
        self.text, self.remedy = text, remedy

    def __str__(self) -> str:
        return for_terminal(shortened(super().__str__()))

    def within(self, place: str) -> Self:
        """Return the same error, its text preceded by where it was found, such as the name of a file."""
        return type(self)(Wording("{place}: {text}", place=place, text=self.text), self.remedy)


class InputError(_WithRemedy, ValueError):
    """An argument, a file or a combination of them that dpmix cannot work with."""


class InputTypeError(InputError, TypeError):
    """An argument of a type that dpmix cannot work with."""


class _WithDraws(_WithRemedy):
    """What errors that can end a run have in common: nothing that a finished segment produced is lost.

    Attributes
    ----------
    posterior : dpmix.Posterior or None
        What was drawn; of chains without a draw where they stand (`Posterior.in_burn_in`). None where no
        sweep was done.
    """

    def __init__(self, text: str, remedy: str | None = None, posterior: Any = None) -> None:
        super().__init__(text, remedy)
        self.posterior = posterior

    def extend(self, remedy: str | None, posterior: Any) -> None:
        """Give this error, which keeps its kind and its traceback, another remedy and what was drawn."""
        _WithDraws.__init__(self, self.text, remedy, posterior)


class RunError(_WithDraws, InputError):
    """A run folder or posterior file that is missing, damaged, foreign or in use, or cannot be written.

    Attributes
    ----------
    posterior : dpmix.Posterior or None
        What was drawn, where it ended a run; None otherwise, and where no sweep was done.
    """


class WorkerError(_WithDraws, RuntimeError):
    """A worker process or an executor died or failed, or memory ran out, and trying again did not help.

    Attributes
    ----------
    posterior : dpmix.Posterior or None
        What was drawn; None where no sweep was done.
    """


class Interrupted(_WithDraws, KeyboardInterrupt):
    """Ctrl-C during sampling; nothing that a finished segment produced is lost.

    Attributes
    ----------
    posterior : dpmix.Posterior or None
        What was drawn; None where no sweep was done.
    """

    def __init__(self, text: str, posterior: Any = None, remedy: str | None = None) -> None:
        super().__init__(text, remedy, posterior)

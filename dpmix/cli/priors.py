"""Priors and schedules as words of the shell: ``2.5``, ``gamma(2,1)``, ``split-merge=50,birth-death=10``."""

import argparse
import re

from dpmix.base.errors import InputError
from dpmix.base.text import read_integer, read_number, shown
from dpmix.cli.options import given

__all__ = ["prior_of", "read_prior", "schedule_of"]


def read_prior(text):
    """Return a number, or the shape and the rate of ``gamma(SHAPE,RATE)``; `prior_of` makes a prior of them."""
    gamma = re.fullmatch(r"gamma\((.*),(.*)\)", text.replace(" ", ""), re.IGNORECASE)
    numbers = [read_number(word) for word in gamma.groups()] if gamma else [read_number(text)]
    if None in numbers:
        rule = "a number, such as 0.5, or a prior, such as gamma(2,1)"
        raise argparse.ArgumentTypeError(f"must be {rule}; got {shown(text)}")
    return tuple(numbers) if gamma else numbers[0]


def prior_of(arguments):
    """Return the `dpmix.Prior` that --alpha, --a, --b and --c say."""
    import dpmix

    values = given(arguments, "alpha", "a", "b", "c")
    return dpmix.Prior(
        **{name: dpmix.Gamma(*value) if isinstance(value, tuple) else value for name, value in values.items()}
    )


def schedule_of(arguments):
    """Return the `dpmix.Schedule` that --schedule says."""
    import dataclasses

    import dpmix

    moves = [field.name.replace("_", "-") for field in dataclasses.fields(dpmix.Schedule)]
    numbers = {}
    for word in arguments.schedule.split(","):
        name, _, number = (part.strip() for part in word.partition("="))
        if name not in moves or read_integer(number) is None or name in numbers:
            raise InputError(
                f"--schedule must be such as split-merge=50,birth-death=10, of {', '.join(moves)}, each once; "
                f"got {shown(word)}"
            )
        numbers[name] = read_integer(number)
    return dpmix.Schedule(**{name.replace("-", "_"): number for name, number in numbers.items()})

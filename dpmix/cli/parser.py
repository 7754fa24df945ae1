"""The parser of commands: help by groups, and one line about what it cannot understand, with what was meant."""

import argparse

from dpmix.base.text import shown
from dpmix.cli.streams import complain, show

__all__ = ["Parser", "by_groups"]

_BAD_USAGE = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, what was probably meant, and where help is."""

    def parse_known_args(self, args=None, namespace=None):
        """Refuse what is not understood here, where the command is known whose help is of use."""
        self._words = list(args or ())
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def error(self, message):
        complain(f"error: {message}{self._meant()}; see '{self.prog} --help'")
        raise SystemExit(_BAD_USAGE)

    def _meant(self):
        """The option that the first unknown one among the words looks like, as a question."""
        known = self._option_string_actions
        unknown = (word.partition("=")[0] for word in self._words if word.startswith("--") and word != "--")
        return next((_near(word, known) for word in unknown if word not in known), "")

    def _check_value(self, action, value):
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            text = f"there is no command {shown(value)}{_near(value, action.choices)}"
            raise argparse.ArgumentError(None, text)
        super()._check_value(action, value)

    def _print_message(self, message, file=None):
        """Write help to stdout as a result; argparse would not look whether it could be written."""
        show(message.rstrip("\n"))


def by_groups(parser, commands, groups):
    """Let the help of `parser` list commands by groups: the name of each, and the modules that add its commands."""
    lines = [parser.description]
    for title, modules in groups.items():
        before = len(commands._choices_actions)
        for module in modules:
            module.add_to(commands)
        added = commands._choices_actions[before:]
        lines += ["", f"{title}:", *(f"  {command.dest:<12} {command.help}" for command in added)]
    parser.description = "\n".join(lines)


def _near(word, known):
    """A question after the one of `known` that `word` looks like, or nothing."""
    from difflib import get_close_matches

    return "".join(f"; did you mean {match!r}?" for match in get_close_matches(word, known, n=1))

"""Completion of words in a shell, by argcomplete, the extra ``shell``."""

__all__ = ["complete_words"]


def complete_words(parser):
    """Answer the shell, which called the program for that, and end; go on as usual without argcomplete."""
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser)

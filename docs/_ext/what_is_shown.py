"""What the reference shows and links: methods that dpmix gives a class, and names that are there."""

import inspect

INSIDE = (
    "dpmix.kernels",
    "dpmix.sharding",
    "dpmix.chain",
    "dpmix.base",
)  # told of in docstrings, without a page


def skip_member(app, what, name, member, skip, options):
    """Leave out what a class has from elsewhere, such as methods of scikit-learn, and fields, which are in the text."""
    if what != "class" or skip:
        return skip
    static = getattr(member, "__func__", getattr(member, "fget", member))
    return not (inspect.isfunction(static) and static.__module__.startswith("dpmix"))


def plain_where_missing(app, env, node, content):
    """Let a word in single backticks that names nothing of dpmix, such as a parameter, stand as it is."""
    target = node["reftarget"]
    of_dpmix = target.startswith("dpmix.") and not target.startswith(INSIDE)
    return None if node["reftype"] != "obj" or of_dpmix else content


def setup(app):
    """Connect both."""
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", plain_where_missing, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

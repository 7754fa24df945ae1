"""What the reference shows and links: methods that dpmix gives a class, and names that are there."""

import inspect

from docutils import nodes

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


def link_names(app, doctree, page):
    """Make links of code in sentences that is the name of something here, such as ``dpmix.sample`` or ``dpmix fit``."""
    for node in list(doctree.findall(nodes.literal)):
        inside_link = isinstance(node.parent, nodes.reference | nodes.title)
        target = None if inside_link else _place_of(node.astext(), app.env.domains)
        if target is not None and target[0] != page:
            address = f"{app.builder.get_relative_uri(page, target[0])}#{target[1]}"
            node.replace_self(nodes.reference("", "", node.deepcopy(), refuri=address, internal=True))


def _place_of(text, domains):
    """Page and anchor of what `text` names, or None."""
    if text.startswith("dpmix "):
        return domains["std"].anonlabels.get(f"command-{text.removeprefix('dpmix ')}")
    name = text.partition("(")[0]
    found = domains["py"].objects.get(name if name.startswith("dpmix.") else f"dpmix.{name}")
    return None if found is None else (found.docname, found.node_id)


def setup(app):
    """Connect all three."""
    app.connect("doctree-resolved", link_names)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", plain_where_missing, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

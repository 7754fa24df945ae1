"""The public callables of dpmix, what their docstrings say, and what their code does."""

import ast
import dataclasses
import functools
import inspect
import re
import textwrap
from importlib import import_module
from typing import NamedTuple

import dpmix
from dpmix.base import errors

PLACES = (
    "dpmix",
    "datasets",
    "datasets.masks",
    "features",
    "partitions",
    "playground",
    "plot",
    "posterior.pictures",
    "queries",
    "report",
)
ERRORS = {name: getattr(errors, name) for name in errors.__all__}


class Public(NamedTuple):
    """A function, or the method `name` of `owner`, or (`function` None) the class `owner` itself."""

    path: str
    function: object
    owner: type | None

    @property
    def doc(self):
        return inspect.getdoc(self.function or self.owner) or ""


def public_callables():
    """Every public function and class of dpmix, once, and the methods that dpmix gives the classes."""
    found = {}
    for place in PLACES:
        path = place if place == "dpmix" else f"dpmix.{place}"
        module = import_module(path)
        for name in dir(dpmix) if module is dpmix else module.__all__:
            each = getattr(module, name)
            if callable(each) and id(each) not in found and not _is_error(each):
                found[id(each)] = Public(
                    f"{path}.{name}", *((None, each) if inspect.isclass(each) else (each, None))
                )
    return [each for public in found.values() for each in (public, *_methods(public))]


def _is_error(each):
    return inspect.isclass(each) and issubclass(each, BaseException)


def _methods(public):
    for name in dir(public.owner) if public.owner else ():
        static = inspect.getattr_static(public.owner, name)
        function = getattr(static, "__func__", static)
        if (
            inspect.isfunction(function)
            and not name.startswith("_")
            and function.__module__.startswith("dpmix")
        ):
            yield Public(f"{public.path}.{name}", function, public.owner)


def parameters(public):
    """Names of the arguments, without ``self``; of a record its fields, of an estimator those of the class."""
    if public.function is None and dataclasses.is_dataclass(public.owner):
        return [field.name for field in dataclasses.fields(public.owner)]
    names = list(inspect.signature(public.function or public.owner).parameters)
    return names[1:] if public.function and names[:1] in (["self"], ["cls"]) else names


def sections(doc):
    """Text of each section of a numpydoc docstring, by heading; that before the first one is under ""."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", doc + "\n", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def names_in(text):
    """Names that a section lists: ``x, y : what they are`` counts as two."""
    heads = [line.split(" : ")[0] for line in (text or "").splitlines() if line[:1].strip()]
    return [name.strip() for head in heads for name in head.split(",")]


@functools.cache
def tree_of(function):
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


def own_nodes(tree):
    """Nodes of a function, those of functions inside it left out."""
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def returns_something(function):
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        or (isinstance(node, ast.Return) and node.value is not None)
        for node in own_nodes(tree_of(inspect.unwrap(function)))
    )


def errors_of(public):
    """Names of the errors of dpmix that the code raises, in functions that it calls, too."""
    made_by = "__post_init__" if dataclasses.is_dataclass(public.owner) else "__init__"
    function = inspect.unwrap(public.function or vars(public.owner).get(made_by, public.owner))
    return _errors_of(function, public.owner, set()) if inspect.isfunction(function) else set()


def _errors_of(function, owner, visited):
    if function in visited:
        return set()
    visited.add(function)
    found = set()
    for node in ast.walk(tree_of(function)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            named = getattr(node.exc, "func", node.exc)
            found |= {named.id} & set(ERRORS) if isinstance(named, ast.Name) else set()
        elif isinstance(node, ast.Call):
            called, its_owner = _called(node.func, function, owner)
            if called is not None:
                found |= _errors_of(called, its_owner, visited)
    return found


def _called(node, function, owner):
    """The Python function of dpmix that is called, or None, and the class that its ``self`` is of."""
    called = None
    if isinstance(node, ast.Name):
        called, owner = function.__globals__.get(node.id), None
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id in ("self", "cls"):
            called = getattr(owner, node.attr, None)
        else:
            called, owner = getattr(function.__globals__.get(node.value.id), node.attr, None), None
    if inspect.isclass(called):
        written = "__post_init__" if dataclasses.is_dataclass(called) else "__init__"
        owner, called = called, called.__dict__.get(written)
    called = inspect.unwrap(getattr(called, "__func__", called)) if callable(called) else None
    if (
        inspect.isfunction(called)
        and called.__module__.startswith("dpmix.")
        and ".kernels." not in called.__module__
    ):
        return called, owner
    return None, None

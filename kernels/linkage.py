"""Kernels that are compiled once, where Numba would compile them anew into all that call them.

Numba copies whatever a function calls into it, optimises everything once more, and makes machine code of it
once more: a proposal that is four calls deep compiles the same logarithms a dozen times. An `Outlined` kernel is
copied into nobody. Who calls it finds its address in a *slot*, eight bytes of this process that LLVM knows by
a name; the name, unlike the address, is the same in every process, so that callers can be kept on disk. A caller
that is read from there is told which slots it needs (`slots_used`, `fill_slots`), since nobody asks for those.

What this costs is a call that cannot be inlined, some 50 nanoseconds where all records are handed over.
"""

import ctypes
import hashlib
from typing import NamedTuple

from numba.core import cgutils, types
from numba.core.codegen import ll, llvmir
from numba.core.registry import CPUDispatcher

__all__ = ["Kernel", "Linked", "Outlined", "fill_slots", "slots_used"]

_PREFIX = "dpmix.kernel."
_slots = {}


class _Slot(NamedTuple):
    """Where the address of one kernel, compiled for arguments of some types, is found."""

    kernel: "Outlined"
    arguments: tuple
    address: ctypes.c_void_p


class Kernel(CPUDispatcher):
    """A kernel as Python calls it. Kernels that call it have it compiled for themselves, `for_kernels`.

    That one is without the code that takes Python's objects apart, and without counts of references, which
    no kernel changes: most kernels are called by kernels alone, most others by Python alone.
    """

    for_kernels = None

    def get_call_template(self, args, kws):
        """What a kernel that calls this one is told of it."""
        return self.for_kernels.get_call_template(args, kws)

    def get_overload(self, sig):
        """What a kernel that calls this one calls."""
        return self.for_kernels.get_overload(sig)

    def compile(self, sig):
        """Compile for arguments of these types, or read from the cache, and let others go on that wait for that."""
        try:
            return super().compile(sig)
        finally:
            self._cache.let_go()


class Linked(CPUDispatcher):
    """A kernel as Numba copies it into kernels that call it."""

    def compile(self, sig):
        """Compile for arguments of these types, or read from the cache, and let others go on that wait for that."""
        try:
            return super().compile(sig)
        finally:
            self._cache.let_go()

    def add_overload(self, cres):
        """Take what was compiled or read; without counts of references no array may be handed back."""
        super().add_overload(cres)
        if not _is_plain(cres.fndesc.restype):
            raise TypeError(
                f"{_full_name(self)} returns {cres.fndesc.restype}: kernels can return numbers only"
            )


class Outlined(Linked):
    """A kernel that kernels call through its slot."""

    def add_overload(self, cres):
        """Fill the slot of what was compiled or read, and let callers use it from now on."""
        super().add_overload(cres)
        name, descriptor = _slot_name(self, cres.signature.args), cres.fndesc
        address = ctypes.c_void_p(cres.library.get_pointer_to_function(descriptor.llvm_func_name))
        _slots[name] = _Slot(self, tuple(cres.signature.args), address)
        ll.add_symbol(name, ctypes.addressof(address))
        call = _call_by(name, descriptor)
        self.targetctx.remove_user_function(cres.entry_point)
        self.targetctx._defns[cres.entry_point].append(call, call.signature)


def slots_used(cres):
    """The outlined kernels that this compiled one calls, each with the types of its arguments."""
    names = (variable.name for variable in cres.library._final_module.global_variables)
    return [(_full_name(_slots[name].kernel), _slots[name].arguments) for name in names if name in _slots]


def fill_slots(kernels, used):
    """Make what `slots_used` has listed ready; `kernels` are all there are, by full name."""
    for name, arguments in used:
        kernels[name].compile(arguments)


def _full_name(kernel):
    return f"{kernel.py_func.__module__}.{kernel.py_func.__qualname__}"


def _slot_name(kernel, arguments):
    digest = hashlib.sha256(str(arguments).encode()).hexdigest()[:16]
    return f"{_PREFIX}{_full_name(kernel)}.{digest}"


def _is_plain(kind):
    if isinstance(kind, types.BaseTuple):
        return all(_is_plain(part) for part in kind)
    return isinstance(kind, (types.Number, types.Boolean, types.NoneType))


def _call_by(name, descriptor):
    """What Numba is to put where the kernel is called, in place of a call that links it in."""

    def call(context, builder, signature, arguments):
        convention, result, taken = context.call_conv, descriptor.restype, descriptor.argtypes
        slot = builder.module.globals.get(name)
        if slot is None:
            kind = convention.get_function_type(result, taken).as_pointer()
            slot = llvmir.GlobalVariable(builder.module, kind, name)
            slot.linkage = "external"
        status, found = convention.call_function(builder, builder.load(slot), result, taken, arguments)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return found

    call.signature, call.libs = descriptor.argtypes, ()
    return call

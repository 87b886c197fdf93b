"""The tricks that make Numba vectorise, one line each saying why: decorators, and numbers of arrays one by one.

Nothing here knows about households. With ``NUMBA_DISABLE_JIT=1`` every function has a plain Python twin, so
that tests can run the same kernels without a compiler.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from resilience_sim.kernels.compiling import Helper, Loop
from resilience_sim.kernels.lanes import (
    FLOAT_FLAGS,
    LOOKUP,
    TILE,
    AtHand,
    alias_scope,
    element,
    finder,
    is_compiled,
    laid_at_hand,
)


def _cache_folder() -> str:
    """Folder of compiled kernels, keyed by all kernel sources: Numba sees edits in the called file only."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    root = os.environ.get("RESILIENCE_SIM_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"),
        "resilience-sim",
    )
    return os.path.join(root, "kernels-" + digest.hexdigest()[:16])


CACHE_FOLDER = _cache_folder()

_OPTIONS = {"fastmath": FLOAT_FLAGS, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a scalar helper that is always inlined: a call left inside a loop stops vectorisation."""
    return Helper(function, _OPTIONS) if is_compiled else function


def loop_kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over households, villages or states; cached on disk and free of the interpreter lock."""
    if not is_compiled:
        return function
    user_folder = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = CACHE_FOLDER  # read once, when the function is decorated
    try:
        return Loop(function, _OPTIONS)
    finally:
        numba.config.CACHE_DIR = user_folder


def apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Promise that arrays among a loop's arguments do not overlap: else each pair is asked at every call."""
    function.is_apart = True  # type: ignore[attr-defined]
    return function


def abreast(n: int) -> Callable[[Any], Any]:
    """Have a loop kernel's loops work on `n` vectors in turns: while one waits, the next are at work."""

    def mark(function: Any) -> Any:
        function.n_abreast = n
        return function

    return mark


if is_compiled:

    @intrinsic
    def load_table(typing_context, array, index):
        """Load from an array that the loop only reads, and that no array it writes overlaps.

        Without this LLVM gives up on the loop: it would have to prove every pair of arrays apart.
        """

        def generate(context, builder, signature, args):
            at = args[1]
            if at.type.width == 32:  # the widest gather takes indices of 32 bits, with a sign
                at = builder.sext(at, ir.IntType(64))
            value = builder.load(element(context, builder, signature.args[0], args[0], at))
            value.set_metadata("alias.scope", alias_scope(builder))
            return value

        def find(context, builder, signature, args):
            given = context.make_array(array)(context, builder, args[0])
            place = builder.ptrtoint(given.data, ir.IntType(64))
            found = finder(context, builder.module)
            return builder.call(found, [place, given.nitems, args[1]])

        if isinstance(array, AtHand):
            return array.dtype(array, types.int32), find
        return array.dtype(array, index), generate

    @intrinsic
    def at_hand(typing_context, table):
        """A short table, or a tuple of them, close at hand: `load_table` finds what it asks for in registers.

        The vectoriser makes a gather of a load. For a table at hand it meets a call, and is told of
        another function that takes LANES cells at once, which is inlined later. Tables of more
        than LOOKUP numbers are gathered from.
        """

        def laid(kind):
            return AtHand(kind.dtype) if LOOKUP and isinstance(kind, types.Array) else kind

        def lay(context, builder, kind, given):
            return given if laid(kind) == kind else laid_at_hand(context, builder, kind, given)

        def lay_all(context, builder, signature, args):
            parts = cgutils.unpack_tuple(builder, args[0])
            made = [lay(context, builder, *each) for each in zip(table.types, parts, strict=True)]
            return context.make_tuple(builder, result, made)

        def lay_one(context, builder, signature, args):
            return lay(context, builder, table, args[0])

        if isinstance(table, types.Array):
            return laid(table)(table), lay_one
        result = types.NamedTuple([laid(kind) for kind in table.types], table.instance_class)
        return result(table), lay_all

    @intrinsic
    def load(typing_context, array, index):
        """Load from a state array that overlaps no array which is only read."""

        def generate(context, builder, signature, args):
            value = builder.load(element(context, builder, signature.args[0], args[0], args[1]))
            value.set_metadata("noalias", alias_scope(builder))
            return value

        return array.dtype(array, index), generate

    @intrinsic
    def store(typing_context, array, index, value):
        """Store to a state array that overlaps no array which is only read."""

        def generate(context, builder, signature, args):
            place = element(context, builder, signature.args[0], args[0], args[1])
            builder.store(args[2], place).set_metadata("noalias", alias_scope(builder))
            return context.get_dummy_value()

        return types.void(array, index, array.dtype), generate

    @intrinsic
    def put(typing_context, array, index, value):
        """Store to an array that a later loop of the same function reads as a table: no promise is made.

        Like the other three it takes indices as they are: plain ones are looked at for a sign, and
        where the compiler cannot tell it, the loop does not vectorise.
        """

        def generate(context, builder, signature, args):
            builder.store(args[2], element(context, builder, signature.args[0], args[0], args[1]))
            return context.get_dummy_value()

        return types.void(array, index, array.dtype), generate

    @intrinsic
    def flat(typing_context, array):
        """An array that lies in one piece, by one index; who holds the array holds it, and nobody counts."""
        view = types.Array(array.dtype, 1, "C")

        def generate(context, builder, signature, args):
            given = context.make_array(array)(context, builder, args[0])
            made = context.make_array(view)(context, builder)
            populate_array(made, given.data, [given.nitems], [given.itemsize], given.itemsize, None)
            return made._getvalue()

        return (view(array), generate) if array.layout == "C" else None

    @intrinsic(prefer_literal=True)
    def tile(typing_context, kind, n_rows):
        """`n_rows` rows of TILE numbers on the stack, flat: one loop hands them to the next."""
        dtype = kind.dtype
        array = types.Array(dtype, 1, "C")
        size = TILE * n_rows.literal_value

        def generate(context, builder, signature, args):
            place = cgutils.alloca_once(builder, context.get_value_type(dtype), size)
            place.align = 64
            made = context.make_array(array)(context, builder)
            width = context.get_abi_sizeof(context.get_value_type(dtype))
            n, each = (context.get_constant(types.intp, value) for value in (size, width))
            populate_array(made, place, [n], [each], each, None)
            return made._getvalue()

        return array(kind, n_rows), generate

    @intrinsic
    def fused(typing_context, a, b, c):
        """A product and a sum as one operation wherever the machine has it, also out of a loop.

        The compiler contracts products and sums that stand together; here a product may be moved
        out of a loop, away from its sum, and the last bit would depend on how the loop is written.
        """

        def generate(context, builder, signature, args):
            single = ir.FloatType()
            kind = ir.FunctionType(single, [single] * 3)
            function = builder.module.declare_intrinsic("llvm.fmuladd", [single], kind)
            return builder.call(function, args)

        return types.float32(types.float32, types.float32, types.float32), generate

    def _bit_cast(source: Any, target: Any, target_ir: Any) -> Any:
        @intrinsic
        def cast(typing_context, value):
            if value != source:
                return None

            def generate(context, builder, signature, args):
                return builder.bitcast(args[0], target_ir)

            return target(source), generate

        return cast

    @intrinsic
    def nearest(typing_context, value):
        """Nearest integer to a double, ties to even: one instruction where a rounding and a cast are two."""

        def generate(context, builder, signature, args):
            kind = ir.FunctionType(ir.IntType(64), [ir.DoubleType()])
            to_long = cgutils.get_or_insert_function(builder.module, kind, "llvm.llrint.i64.f64")
            return builder.call(to_long, args)

        return types.int64(types.float64), generate

    # The bits of a float as an integer and back: the exponent of a power of two, without a library
    # call.
    float_bits = _bit_cast(types.float32, types.int32, ir.IntType(32))
    bits_float = _bit_cast(types.int32, types.float32, ir.FloatType())

else:

    def load_table(array, index):
        """Plain twin of the gather."""
        return array[index]

    def at_hand(table):
        """Plain twin of the table close at hand."""
        return table

    def load(array, index):
        """Plain twin of the load."""
        return array[index]

    def store(array, index, value):
        """Plain twin of the store."""
        array[index] = value

    def put(array, index, value):
        """Plain twin of the store without a promise."""
        array[index] = value

    def flat(array):
        """Plain twin of the array by one index."""
        return array.reshape(-1)

    def tile(kind, n_rows):
        """Plain twin of the rows on the stack."""
        return np.empty(TILE * n_rows, kind)

    def fused(a, b, c):
        """Plain twin of a product and a sum as one operation."""
        return a * b + c

    def nearest(value):
        """Plain twin of the rounding."""
        return np.int64(np.rint(value))

    def float_bits(value):
        """Plain twin: the bits of a float as an integer."""
        return np.float32(value).view(np.int32)

    def bits_float(value):
        """Plain twin: an integer's bits as a float."""
        return np.int32(value).view(np.float32)

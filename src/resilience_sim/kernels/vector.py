"""The tricks that make Numba vectorise, one line each saying why.

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
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

is_compiled = not numba.config.DISABLE_JIT

# Sums and products keep the order in which they are written, so results do not depend on vector
# width, on block tails or on threads; contraction to fused multiply-add alone is allowed,
# everywhere alike.
FLOAT_FLAGS = {"contract", "nnan", "ninf", "nsz"}


def _widen_vectors() -> None:
    """Let LLVM use 512-bit registers where the processor has them; it prefers 256 bits, at half the speed."""
    wanted = os.environ.get("RESILIENCE_SIM_WIDE_VECTORS", "1") != "0"
    features = binding.get_host_cpu_features()
    if wanted and is_compiled and features.get("avx512f") and not numba.config.CPU_FEATURES:
        numba.config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"
        numba.config.CPU_NAME = binding.get_host_cpu_name()


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


_widen_vectors()
CACHE_FOLDER = _cache_folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a scalar helper that is always inlined: a call left inside a loop stops vectorisation."""
    return numba.njit(forceinline=True, fastmath=FLOAT_FLAGS, error_model="numpy")(function)


def loop_kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over households, villages or states; cached on disk and free of the interpreter lock."""
    user_folder = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = CACHE_FOLDER  # read once, when the function is decorated
    try:
        return numba.njit(nogil=True, cache=True, fastmath=FLOAT_FLAGS, error_model="numpy")(
            function
        )
    finally:
        numba.config.CACHE_DIR = user_folder


def _alias_scope(builder: Any) -> Any:
    """Metadata that puts all lookup tables into one alias scope of their own."""
    module = builder.module
    domain = module.add_metadata([ir.MetaDataString(module, "resilience_sim")])
    scope = module.add_metadata([ir.MetaDataString(module, "table"), domain])
    return module.add_metadata([scope])


def _element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    if index.type.width < 64:
        index = builder.zext(index, ir.IntType(64))
    return builder.gep(data, [index])


if is_compiled:

    @intrinsic
    def load_table(typing_context, array, index):
        """Load from an array that the loop only reads, and that no array it writes overlaps.

        Without this LLVM gives up on the loop: it would have to prove every pair of arrays apart.
        """

        def generate(context, builder, signature, args):
            value = builder.load(_element(context, builder, signature.args[0], args[0], args[1]))
            value.set_metadata("alias.scope", _alias_scope(builder))
            return value

        return array.dtype(array, index), generate

    @intrinsic
    def load(typing_context, array, index):
        """Load from a state array that overlaps no array which is only read."""

        def generate(context, builder, signature, args):
            value = builder.load(_element(context, builder, signature.args[0], args[0], args[1]))
            value.set_metadata("noalias", _alias_scope(builder))
            return value

        return array.dtype(array, index), generate

    @intrinsic
    def store(typing_context, array, index, value):
        """Store to a state array that overlaps no array which is only read."""

        def generate(context, builder, signature, args):
            place = _element(context, builder, signature.args[0], args[0], args[1])
            builder.store(args[2], place).set_metadata("noalias", _alias_scope(builder))
            return context.get_dummy_value()

        return types.void(array, index, array.dtype), generate

    def _bit_cast(source: Any, target: Any, target_ir: Any) -> Any:
        @intrinsic
        def cast(typing_context, value):
            if value != source:
                return None

            def generate(context, builder, signature, args):
                return builder.bitcast(args[0], target_ir)

            return target(source), generate

        return cast

    # The bits of a float as an integer and back: the exponent of a power of two, without a library
    # call.
    float_bits = _bit_cast(types.float32, types.int32, ir.IntType(32))
    bits_float = _bit_cast(types.int32, types.float32, ir.FloatType())
    double_bits = _bit_cast(types.float64, types.int64, ir.IntType(64))
    bits_double = _bit_cast(types.int64, types.float64, ir.DoubleType())

else:

    def load_table(array, index):
        """Plain twin of the gather."""
        return array[index]

    def load(array, index):
        """Plain twin of the load."""
        return array[index]

    def store(array, index, value):
        """Plain twin of the store."""
        array[index] = value

    def float_bits(value):
        """Plain twin: the bits of a float as an integer."""
        return np.float32(value).view(np.int32)

    def bits_float(value):
        """Plain twin: an integer's bits as a float."""
        return np.int32(value).view(np.float32)

    def double_bits(value):
        """Plain twin: the bits of a double as an integer."""
        return np.float64(value).view(np.int64)

    def bits_double(value):
        """Plain twin: an integer's bits as a double."""
        return np.int64(value).view(np.float64)

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
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

is_compiled = not numba.config.DISABLE_JIT

# Sums and products keep the order in which they are written, so results do not depend on vector
# width, on block tails or on threads; contraction to fused multiply-add alone is allowed,
# everywhere alike.
FLOAT_FLAGS = {"contract", "nnan", "ninf", "nsz"}

LANES = 16  # numbers of single precision in the widest vector
TILE = 128  # households in whose numbers several loops take turns, close at hand


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

_features = numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten()
#: Numbers that fit into four of the widest vectors, from which they are looked up without a gather.
LOOKUP = 64 if is_compiled and "+avx512f" in _features.split(",") else 0


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


def _lanes(builder: Any, low: Any, high: Any, lanes: list[int]) -> Any:
    """Lanes of two vectors laid end to end, by their numbers."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(low, high, mask)


def _mixed(builder: Any, low: Any, high: Any, place: Any) -> Any:
    """`low + place * (high - low)` in every lane, to the bit as a scalar kernel has it."""
    flags = tuple(sorted(FLOAT_FLAGS))
    whole = builder.insert_element(ir.Constant(low.type, ir.Undefined), place, _FIRST_LANE)
    whole = _lanes(builder, whole, whole, [0] * low.type.count)
    part = builder.fmul(whole, builder.fsub(high, low, flags=flags), flags=flags)
    return builder.fadd(low, part, flags=flags)


_FIRST_LANE = ir.Constant(ir.IntType(32), 0)


class _Lanes:
    """Whole vectors of an intrinsic's arrays, by the number of the argument."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.builder, self.kinds, self.args = context, builder, signature.args, args

    def _place(self, n: int, index: Any) -> Any:
        kind = self.context.get_value_type(self.kinds[n].dtype)
        place = _element(self.context, self.builder, self.kinds[n], self.args[n], index)
        return self.builder.bitcast(place, ir.VectorType(kind, LANES).as_pointer())

    def load(self, n: int, index: Any, is_table: bool = True) -> Any:
        """Lanes from `index` on."""
        loaded = self.builder.load(self._place(n, index), align=2)
        loaded.set_metadata("alias.scope" if is_table else "noalias", _alias_scope(self.builder))
        return loaded

    def store(self, n: int, index: Any, value: Any) -> None:
        """Store lanes from `index` on."""
        stored = self.builder.store(value, self._place(n, index), align=4)
        stored.set_metadata("noalias", _alias_scope(self.builder))

    def cells(self, n: int, at: int) -> Any:
        """Lanes of cells, in 32 bits."""
        whole = ir.VectorType(ir.IntType(32), LANES)
        return self.builder.zext(self.load(n, self.args[at]), whole)

    def spread(self, value: Any) -> Any:
        """One number in all lanes."""
        undefined = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
        one = self.builder.insert_element(undefined, value, _FIRST_LANE)
        return _lanes(self.builder, one, one, [0] * LANES)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """`a * b + c`, contracted as everywhere."""
        flags = tuple(sorted(FLOAT_FLAGS))
        return self.builder.fadd(self.builder.fmul(a, b, flags=flags), c, flags=flags)

    def look_up(self, n: int, first: Any, cell: Any) -> Any:
        """Of LOOKUP entries from `first` on, those of `cell`: shuffles that the machine has for it."""
        builder, whole = self.builder, ir.IntType(32)
        parts = [
            self.load(n, builder.add(first, ir.Constant(whole, LANES * k)))
            for k in range(LOOKUP // LANES)
        ]
        wide = parts[0].type
        kind = ir.FunctionType(wide, [wide, cell.type, wide])
        name = "llvm.x86.avx512.vpermi2var.ps.512"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        low, high = (builder.call(function, [parts[k], cell, parts[k + 1]]) for k in (0, 2))
        half = ir.Constant(cell.type, [LOOKUP // 2] * LANES)
        return builder.select(builder.icmp_unsigned(">=", cell, half), high, low)


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

    @intrinsic
    def put(typing_context, array, index, value):
        """Store to an array that a later loop of the same function reads as a table: no promise is made.

        Like the other three it takes indices as they are: plain ones are looked at for a sign, and
        where the compiler cannot tell it, the loop does not vectorise.
        """

        def generate(context, builder, signature, args):
            builder.store(args[2], _element(context, builder, signature.args[0], args[0], args[1]))
            return context.get_dummy_value()

        return types.void(array, index, array.dtype), generate

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

    @intrinsic(prefer_literal=True)
    def mix_corners(typing_context, table, width, corners, row, places):
        """`width` values mixed from sixteen nodes: a row of lanes a node, not a gather a node and household.

        Nodes next to each other lie next to each other in memory, so eight wide loads fetch all; a
        gather would fetch each number by itself. Each of four mixes halves the lanes.
        """
        n = width.literal_value
        result = types.UniTuple(table.dtype, n)

        def generate(context, builder, signature, args):
            pair = ir.VectorType(context.get_value_type(table.dtype), 2 * n)
            low, high = [], []
            for corner in cgutils.unpack_tuple(builder, args[2]):
                for row_of, at in ((low, corner), (high, builder.add(corner, args[3]))):
                    place = _element(context, builder, table, args[0], at)
                    loaded = builder.load(builder.bitcast(place, pair.as_pointer()), align=4)
                    loaded.set_metadata("alias.scope", _alias_scope(builder))
                    row_of.append(loaded)
            lanes = [low[t] for t in (0, 2, 1, 3)] + [high[t] for t in (0, 2, 1, 3)]
            while len(lanes) > 2:  # laid end to end, two by two
                both = list(range(2 * lanes[0].type.count))
                lanes = [_lanes(builder, *lanes[i : i + 2], both) for i in range(0, len(lanes), 2)]
            every = range(2 * lanes[0].type.count)
            left, right = ([i for i in every if i // n % 2 == side] for side in (0, 1))
            money, *others = cgutils.unpack_tuple(builder, args[4])
            mixed = _mixed(
                builder, _lanes(builder, *lanes, left), _lanes(builder, *lanes, right), money
            )
            for place in others:
                half = mixed.type.count // 2
                low_half = _lanes(builder, mixed, mixed, list(range(half)))
                high_half = _lanes(builder, mixed, mixed, list(range(half, 2 * half)))
                mixed = _mixed(builder, low_half, high_half, place)
            values = [
                builder.extract_element(mixed, ir.Constant(ir.IntType(32), i)) for i in range(n)
            ]
            return context.make_tuple(builder, result, values)

        return result(table, width, corners, row, places), generate

    @intrinsic
    def _add_curve(typing_context, low, slope, bent, first, cells, inside, at, share, sums, j):
        """Add, in LANES lanes from `j` on, `share` times what curves are worth at `inside` their cells.

        A curve is `low + place * (slope + bent * place)`; its cells are looked up in LOOKUP entries
        of each table from `first` on, which stay in registers, instead of being gathered.
        """

        def generate(context, builder, signature, args):
            row = _Lanes(context, builder, signature, args)
            cell, place = row.cells(4, 6), row.load(5, args[6])
            value, rise, bend = (row.look_up(n, args[3], cell) for n in range(3))
            value = row.fused(place, row.fused(bend, place, rise), value)
            row.store(8, args[9], row.fused(row.spread(args[7]), value, row.load(8, args[9], False)))
            return context.get_dummy_value()

        signature = types.void(low, slope, bent, first, cells, inside, at, share, sums, j)
        return signature, generate

    @intrinsic
    def _take_higher(typing_context, low, rise, first, cells, inside, at, number, best, chosen, j):
        """In LANES lanes from `j` on, note `number` and what lines are worth at `inside` their cells where higher.

        Cells are looked up in LOOKUP entries of `low` and `rise` from `first` on, as `add_curve` does.
        """

        def generate(context, builder, signature, args):
            row = _Lanes(context, builder, signature, args)
            cell, place = row.cells(3, 5), row.load(4, args[5])
            value = row.fused(place, row.look_up(1, args[2], cell), row.look_up(0, args[2], cell))
            before, node = row.load(7, args[9], False), row.load(8, args[9], False)
            is_higher = builder.fcmp_ordered(">", value, before)
            row.store(7, args[9], builder.select(is_higher, value, before))
            row.store(8, args[9], builder.select(is_higher, row.spread(args[6]), node))
            return context.get_dummy_value()

        signature = types.void(low, rise, first, cells, inside, at, number, best, chosen, j)
        return signature, generate

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

    def put(array, index, value):
        """Plain twin of the store without a promise."""
        array[index] = value

    def tile(kind, n_rows):
        """Plain twin of the rows on the stack."""
        return np.empty(TILE * n_rows, kind)

    def mix_corners(table, width, corners, row, places):
        """Plain twin of the mix of sixteen nodes."""
        money, assets, along, across = places

        def mix(low, high, place):
            return low + place * (high - low)

        def of_type(at):
            near, far = (
                mix(table[side : side + width], table[side + width : side + 2 * width], money)
                for side in (at, at + row)
            )
            return mix(near, far, assets)

        a, b, c, d = (of_type(corner) for corner in corners)
        return tuple(mix(mix(a, b, along), mix(c, d, along), across))

    def fused(a, b, c):
        """Plain twin of a product and a sum as one operation."""
        return a * b + c

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


if LOOKUP:
    add_curve, take_higher = _add_curve, _take_higher
else:

    @kernel
    def add_curve(low, slope, bent, first, cells, inside, at, share, sums, j):
        """Plain twin of curves looked up in lanes."""
        for n in range(LANES):
            cell, place = first + cells[at + n], inside[at + n]
            sums[j + n] += share * (low[cell] + place * (slope[cell] + bent[cell] * place))

    @kernel
    def take_higher(low, rise, first, cells, inside, at, number, best, chosen, j):
        """Plain twin of lines looked up in lanes."""
        for n in range(LANES):
            cell = first + cells[at + n]
            value = low[cell] + inside[at + n] * rise[cell]
            if value > best[j + n]:
                best[j + n], chosen[j + n] = value, number

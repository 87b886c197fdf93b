"""The tricks that make Numba vectorise, one line each saying why.

Nothing here knows about households. With ``NUMBA_DISABLE_JIT=1`` every function has a plain Python twin, so
that tests can run the same kernels without a compiler.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import populate_array

from resilience_sim.kernels.compiling import Helper, Loop

is_compiled = not numba.config.DISABLE_JIT

# Sums and products keep the order in which they are written, so results do not depend on vector
# width, on block tails or on threads; contraction to fused multiply-add alone is allowed,
# everywhere alike.
FLOAT_FLAGS = {"contract", "nnan", "ninf", "nsz"}

TILE = 128  # households in whose numbers several loops take turns, close at hand
LANES = 16  # single-precision numbers in the widest vector


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
LOOKUP = 4 * LANES if is_compiled and "+avx512f" in _features.split(",") else 0


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


def _spread(builder: Any, value: Any) -> Any:
    """A number in every one of LANES lanes."""
    one = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined), value, _FIRST_LANE
    )
    return _lanes(builder, one, one, [0] * LANES)


def _row(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Where LANES numbers of a tile stand, as one vector."""
    place = _element(context, builder, array_type, array, index)
    of = ir.VectorType(context.get_value_type(array_type.dtype), LANES)
    return builder.bitcast(place, of.as_pointer())


def _load_row(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    value = builder.load(_row(context, builder, array_type, array, index), align=64)
    value.set_metadata("noalias", _alias_scope(builder))
    return value


def _store_row(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, value: Any
) -> None:
    place = _row(context, builder, array_type, array, index)
    builder.store(value, place, align=64).set_metadata("noalias", _alias_scope(builder))


def _of_table(builder: Any, place: Any, n: int) -> Any:
    """`n` numbers that lie side by side in a table."""
    of = ir.VectorType(ir.FloatType(), n)
    value = builder.load(builder.bitcast(place, of.as_pointer()), align=4)
    value.set_metadata("alias.scope", _alias_scope(builder))
    return value


def _side_by_side(builder: Any, parts: list[Any]) -> Any:
    """Short vectors laid end to end, each put in its place straight from memory."""
    n = parts[0].type.count
    whole = None
    for k, part in enumerate(parts):
        wide = _lanes(builder, part, part, [*range(n), *[0] * (LANES - n)])
        taken = [*range(k * n), *range(LANES, LANES + n), *[0] * (LANES - k * n - n)]
        whole = wide if whole is None else _lanes(builder, whole, wide, taken)
    return whole


def _mixer(builder: Any) -> Callable[[Any, Any, Any], Any]:
    """`low + place * (high - low)` lane by lane, to the bit as a scalar kernel has it."""
    flags = tuple(sorted(FLOAT_FLAGS))

    def mix(low: Any, high: Any, place: Any) -> Any:
        part = builder.fmul(place, builder.fsub(high, low, flags=flags), flags=flags)
        return builder.fadd(low, part, flags=flags)

    return mix


def _mixed_nodes(mix: Callable[[Any, Any, Any], Any], nodes: list[Any], places: list[Any]) -> Any:
    """Eight nodes, those of assets next to each other, then of other income, then of skill, made one."""
    for place in places:
        nodes = [mix(*nodes[i : i + 2], place) for i in range(0, len(nodes), 2)]
    return nodes[0]


def _pairs_of_lanes(
    builder: Any, of_all: Any, corners: list[Any], bases: list[Any], places: list[Any]
) -> list[Any]:
    """Two values of LANES households: four numbers a node lie side by side, and two households share a quarter.

    A household's eight nodes are read one after another, so that its corner is fetched once.
    """
    mix, quarters, halves = _mixer(builder), range(0, LANES, 4), []
    for k in (0, 2):
        quads = []
        for lane in (k, k + 1):
            rows: list[list[Any]] = [[] for _ in bases]
            for corner in corners[lane::4]:
                for row, base in zip(rows, bases, strict=True):
                    row.append(_of_table(builder, builder.gep(base, [corner]), 4))
            quads.append([_side_by_side(builder, row) for row in rows])
        twice = [q + k + i for q in quarters for i in (0, 0, 1, 1)]
        money, *others = (_lanes(builder, place, place, twice) for place in places)
        left, right = (
            [q + side + i for q in quarters for i in (0, 1, LANES, LANES + 1)] for side in (0, 2)
        )
        nodes = [
            mix(_lanes(builder, a, b, left), _lanes(builder, a, b, right), money)
            for a, b in zip(*quads, strict=True)
        ]
        halves.append(_mixed_nodes(mix, nodes, others))
    return [
        _lanes(builder, *halves, [q + v + i for q in quarters for i in (0, 2, LANES, LANES + 2)])
        for v in (0, 1)
    ]


def _ones_of_lanes(
    builder: Any, of_all: Any, corners: list[Any], bases: list[Any], places: list[Any]
) -> list[Any]:
    """One value of LANES households: two numbers a node lie side by side."""
    mix, (money, *others) = _mixer(builder), places
    sides = [list(range(side, 2 * LANES, 2)) for side in (0, 1)]
    nodes = []
    for base in bases:
        parts = _pairs_at(builder, base, of_all, corners)
        nodes.append(mix(*(_lanes(builder, *parts, side) for side in sides), money))
    return [_mixed_nodes(mix, nodes, others)]


def _pairs_at(builder: Any, base: Any, of_all: Any, corners: list[Any]) -> list[Any]:
    """Two numbers side by side at each of LANES places, in two vectors: gathered as one double each."""
    if LOOKUP:
        half, doubles = LANES // 2, ir.VectorType(ir.DoubleType(), LANES // 2)
        kinds = [doubles, ir.PointerType(), ir.VectorType(ir.IntType(32), half)]
        kinds += [ir.VectorType(ir.IntType(1), half), ir.IntType(32)]
        gather = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(doubles, kinds),
            "llvm.x86.avx512.mask.gather.dpd.512",
        )  # fmt: skip
        none, every = ir.Constant(doubles, [0.0] * half), ir.Constant(kinds[3], [1] * half)
        width = ir.Constant(ir.IntType(32), 4)
        told = [
            builder.call(gather, [none, base, _lanes(builder, of_all, of_all, some), every, width])
            for some in (list(range(half)), list(range(half, LANES)))
        ]
        return [builder.bitcast(each, ir.VectorType(ir.FloatType(), LANES)) for each in told]
    parts = [_of_table(builder, builder.gep(base, [corner]), 2) for corner in corners]
    while len(parts) > 2:
        both = list(range(2 * parts[0].type.count))
        parts = [_lanes(builder, *parts[i : i + 2], both) for i in range(0, len(parts), 2)]
    return parts


def _picked(builder: Any, parts: list[Any], cells: Any) -> Any:
    """Of four vectors laid end to end, the numbers at LANES places; AVX-512 has shuffles for it."""
    real = parts[0].type
    pick = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(real, [real, cells.type, real]),
        "llvm.x86.avx512.vpermi2var.ps.512",
    )  # fmt: skip
    low, high = (builder.call(pick, [parts[k], cells, parts[k + 1]]) for k in (0, 2))
    half = _spread(builder, ir.Constant(ir.IntType(32), 2 * LANES))
    return builder.select(builder.icmp_signed("<", cells, half), low, high)


def _load_some(builder: Any, place: Any, n: Any, kind: Any) -> Any:
    """LANES numbers in memory, of which the first `n` alone are there and read; nothing for the others."""
    whole, name = ir.VectorType(kind, LANES), "f32" if kind == ir.FloatType() else "i32"
    count, some = ir.VectorType(ir.IntType(32), LANES), ir.VectorType(ir.IntType(1), LANES)
    takes = ir.FunctionType(whole, [ir.PointerType(), ir.IntType(32), some, whole])
    masked = cgutils.get_or_insert_function(
        builder.module, takes, f"llvm.masked.load.v{LANES}{name}.p0"
    )
    lane = ir.Constant(count, list(range(LANES)))
    is_there = builder.icmp_signed("<", lane, _spread(builder, builder.trunc(n, ir.IntType(32))))
    none = ir.Constant(whole, [kind(0)] * LANES)
    return builder.call(masked, [place, ir.Constant(ir.IntType(32), 4), is_there, none])


def _parts(builder: Any, nodes: Any) -> list[Any]:
    """A short array in vectors; what lies beyond its end is not touched."""
    parts = []
    for n in range(0, LOOKUP, LANES):
        first = ir.Constant(nodes.nitems.type, n)
        place, left = builder.gep(nodes.data, [first]), builder.sub(nodes.nitems, first)
        parts.append(_load_some(builder, place, left, ir.FloatType()))
        parts[-1].set_metadata("alias.scope", _alias_scope(builder))
    return parts


def _gathered(builder: Any, nodes: Any, cells: Any) -> Any:
    """Numbers at LANES places of an array, one by one."""
    out = ir.Constant(ir.VectorType(ir.FloatType(), LANES), ir.Undefined)
    for lane in range(LANES):
        at = ir.Constant(ir.IntType(32), lane)
        cell = builder.zext(builder.extract_element(cells, at), ir.IntType(64))
        value = builder.load(builder.gep(nodes.data, [cell]))
        value.set_metadata("alias.scope", _alias_scope(builder))
        out = builder.insert_element(out, value, at)
    return out


class _AtHand(types.Array):
    """A short table that `at_hand` has laid out, with room for a whole look-up."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype, 1, "C", name=f"at_hand({dtype})")


register_model(_AtHand)(models.ArrayModel)
_FIND = "resilience_sim_find"


def _laid_at_hand(context: Any, builder: Any, kind: Any, table: Any) -> Any:
    """A copy on the stack, where there is room for a whole look-up; a longer table as it is."""
    given = context.make_array(kind)(context, builder, table)
    made = context.make_array(_AtHand(kind.dtype))(context, builder)
    room = cgutils.alloca_once(builder, context.get_value_type(kind.dtype), LOOKUP)
    room.align = 64
    is_short = builder.icmp_signed("<=", given.nitems, ir.Constant(given.nitems.type, LOOKUP))
    with builder.if_then(is_short):
        for k, part in enumerate(_parts(builder, given)):
            place = builder.gep(room, [ir.Constant(ir.IntType(64), k * LANES)])
            builder.store(part, builder.bitcast(place, part.type.as_pointer()), align=64)
    data = builder.select(is_short, room, given.data)
    populate_array(made, data, [given.nitems], [given.itemsize], given.itemsize, None)
    return made._getvalue()


def _function(module: Any, name: str, of: Callable[[Any], Any], *words: str) -> Any:
    """A function that finds a number of a table by its cell, or several at once; `words` say how."""
    place, n = ir.FloatType().as_pointer(), ir.IntType(64)
    kind = ir.FunctionType(of(ir.FloatType()), [n, n, of(ir.IntType(32))])
    made = ir.Function(module, kind, name)
    made.linkage = "linkonce_odr"
    for word in ("nounwind", "willreturn", "memory(read)", *words):
        set.add(made.attributes, word)
    builder = ir.IRBuilder(made.append_basic_block())
    nodes = SimpleNamespace(data=builder.inttoptr(made.args[0], place), nitems=made.args[1])
    return made, builder, nodes


def _finder(context: Any, module: Any) -> Any:
    """The function that finds a number, and names the one for LANES by which the vectoriser replaces it.

    The vectoriser replaces no call that takes a pointer: where the table lies is handed over as a
    number. Nothing calls the one for LANES before, so that it is listed as used lest it be dropped.
    """
    if _FIND in module.globals:
        return module.globals[_FIND]

    def many(kind: Any) -> Any:
        return ir.VectorType(kind, LANES)

    slowly, builder, nodes = _function(module, _FIND + "_slowly", many, "noinline", "cold")
    builder.ret(_gathered(builder, nodes, slowly.args[2]))
    all_lanes, builder, nodes = _function(module, _FIND + "_all", many, "alwaysinline")
    is_short = builder.icmp_signed("<=", nodes.nitems, ir.Constant(ir.IntType(64), LOOKUP))
    with builder.if_else(is_short, likely=True) as (short, long):
        with short:
            parts = []
            for first in range(0, LOOKUP, LANES):
                place = builder.gep(nodes.data, [ir.Constant(ir.IntType(64), first)])
                place = builder.bitcast(place, many(ir.FloatType()).as_pointer())
                parts.append(builder.load(place, align=64))
            found = _picked(builder, parts, all_lanes.args[2])
            found_block = builder.block
        with long:
            other = builder.call(slowly, all_lanes.args)
            other_block = builder.block
    value = builder.phi(found.type)
    value.add_incoming(found, found_block)
    value.add_incoming(other, other_block)
    builder.ret(value)
    variant = f'"vector-function-abi-variant"="_ZGV_LLVM_N{LANES}uuv_{_FIND}({_FIND}_all)"'
    one, builder, nodes = _function(module, _FIND, lambda kind: kind, "noinline", variant)
    cell = builder.zext(one.args[2], ir.IntType(64))
    builder.ret(builder.load(builder.gep(nodes.data, [cell])))
    kept = ir.GlobalVariable(module, ir.ArrayType(ir.PointerType(), 1), "llvm.compiler.used")
    kept.linkage, kept.section = "appending", "llvm.metadata"
    kept.initializer = ir.Constant(kept.value_type, [all_lanes.bitcast(ir.PointerType())])
    return one


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

    def single(self, n: int, index: Any) -> Any:
        """One number of a table."""
        place = _element(self.context, self.builder, self.kinds[n], self.args[n], index)
        value = self.builder.load(place)
        value.set_metadata("alias.scope", _alias_scope(self.builder))
        return value

    def size(self, n: int) -> Any:
        """How many numbers an array has."""
        return self.context.make_array(self.kinds[n])(
            self.context, self.builder, self.args[n]
        ).nitems

    def cells(self, n: int, index: Any) -> Any:
        """Lanes of cells, in 32 bits."""
        return self.builder.zext(self.load(n, index), ir.VectorType(ir.IntType(32), LANES))

    def after(self, index: Any, k: int) -> Any:
        """Where the k-th vector from `index` on begins."""
        return self.builder.add(index, ir.Constant(index.type, k * LANES))

    def spread(self, value: Any) -> Any:
        """One number in all lanes."""
        return _spread(self.builder, value)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """`a * b + c` as one operation, as everywhere."""
        kind = ir.FunctionType(a.type, [a.type] * 3)
        name = f"llvm.fmuladd.v{LANES}f32"
        return self.builder.call(
            cgutils.get_or_insert_function(self.builder.module, kind, name), [a, b, c]
        )

    def table(self, n: int, first: Any) -> list[Any]:
        """LOOKUP entries from `first` on, in vectors."""
        return [self.load(n, self.after(first, k)) for k in range(LOOKUP // LANES)]


def _in_registers(generate: Callable[..., Any]) -> Callable[..., Any]:
    """Of an intrinsic that is asked for only where LOOKUP is not zero: elsewhere it does nothing."""

    def generate_if(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if LOOKUP:
            generate(builder, _Lanes(context, builder, signature, args), args)
        return context.get_dummy_value()

    return generate_if


class _Highest:
    """The highest numbers so far at LOOKUP places, and the rows that they come from; in registers."""

    def __init__(self, row: _Lanes) -> None:
        self.row, builder = row, row.builder
        lowest, none = ir.Constant(ir.FloatType(), -1e20), ir.Constant(ir.IntType(32), 0)
        self.kept = [
            [cgutils.alloca_once_value(builder, row.spread(each)) for each in (lowest, none)]
            for _ in range(LOOKUP // LANES)
        ]

    def note(self, k: int, number: Any, value: Any) -> None:
        """Note row `number` and what the k-th vector of places has there, where it is higher."""
        builder, (best, chosen) = self.row.builder, self.kept[k]
        before, node = builder.load(best), builder.load(chosen)
        is_higher = builder.fcmp_ordered(">", value, before)
        number = self.row.spread(builder.trunc(number, ir.IntType(32)))
        builder.store(builder.select(is_higher, value, before), best)
        builder.store(builder.select(is_higher, number, node), chosen)

    def store(self, best: int, chosen: int) -> None:
        """Store them in two of the intrinsic's arrays."""
        for k, kept in enumerate(self.kept):
            at = ir.Constant(ir.IntType(64), k * LANES)
            for n, place in zip((best, chosen), kept, strict=True):
                self.row.store(n, at, self.row.builder.load(place))


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
            value = builder.load(_element(context, builder, signature.args[0], args[0], at))
            value.set_metadata("alias.scope", _alias_scope(builder))
            return value

        def find(context, builder, signature, args):
            given = context.make_array(array)(context, builder, args[0])
            place = builder.ptrtoint(given.data, ir.IntType(64))
            finder = _finder(context, builder.module)
            return builder.call(finder, [place, given.nitems, args[1]])

        if isinstance(array, _AtHand):
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
            return _AtHand(kind.dtype) if LOOKUP and isinstance(kind, types.Array) else kind

        def lay(context, builder, kind, given):
            return given if laid(kind) == kind else _laid_at_hand(context, builder, kind, given)

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
    def add_curves(
        typing_context, low, slope, bent, first, cells, inside, at, step, shares, sums, j
    ):
        """Add up what curves are worth in their cells, times `shares`: fill LANES lanes of `sums` from `j` on.

        A curve is `low + place * (slope + bent * place)`. Cells are looked up in LOOKUP entries of
        each table from `first` on, which stay in registers, instead of being gathered; the first
        share's lie from `at` on, the next share's `step` further.
        """

        @_in_registers
        def generate(builder, row, args):
            tables = [row.table(n, args[3]) for n in range(3)]
            total = cgutils.alloca_once_value(builder, row.spread(ir.Constant(ir.FloatType(), 0.0)))
            with cgutils.for_range(builder, row.size(8)) as loop:
                here = builder.add(args[6], builder.mul(loop.index, args[7]))
                cell, place = row.cells(4, here), row.load(5, here)
                value, rise, bend = (_picked(builder, table, cell) for table in tables)
                value = row.fused(place, row.fused(bend, place, rise), value)
                share = row.spread(row.single(8, loop.index))
                builder.store(row.fused(share, value, builder.load(total)), total)
            row.store(9, args[10], builder.load(total))

        given = (low, slope, bent, first, cells, inside, at, step, shares, sums, j)
        return types.void(*given), generate

    @intrinsic
    def highest_lines(typing_context, low, rise, cells, inside, start, best, chosen):
        """Of lines, one to a row of LOOKUP places, the highest at each: fill `best` and `chosen` (LOOKUP,).

        Line `n` is `low + place * rise` in a cell of row `n` of these tables, looked up as `add_curves`
        does; its cells and places lie in row `n` of theirs, from `start` on.
        """

        @_in_registers
        def generate(builder, row, args):
            highest = _Highest(row)
            width = ir.Constant(args[4].type, LOOKUP)
            with cgutils.for_range(builder, builder.sdiv(row.size(0), width)) as loop:
                first = builder.mul(loop.index, width)
                tables = [row.table(n, first) for n in (0, 1)]
                for k in range(LOOKUP // LANES):
                    at = row.after(builder.add(args[4], first), k)
                    value, slope = (_picked(builder, table, row.cells(2, at)) for table in tables)
                    highest.note(k, loop.index, row.fused(row.load(3, at), slope, value))
            highest.store(5, 6)

        return types.void(low, rise, cells, inside, start, best, chosen), generate

    @intrinsic
    def highest_sums(typing_context, factor, ahead, rows, best, chosen):
        """Of rows of LOOKUP numbers, each with `factor * ahead[n]` added to row `n`, the highest at each place.

        Fill `best` and `chosen` (LOOKUP,), which stay in registers until the last row.
        """

        @_in_registers
        def generate(builder, row, args):
            highest, times = _Highest(row), row.spread(args[0])
            with cgutils.for_range(builder, row.size(1)) as loop:
                plus = row.spread(row.single(1, loop.index))
                first = builder.mul(loop.index, ir.Constant(loop.index.type, LOOKUP))
                for k in range(LOOKUP // LANES):
                    highest.note(
                        k, loop.index, row.fused(times, plus, row.load(2, row.after(first, k)))
                    )
            highest.store(3, 4)

        return types.void(factor, ahead, rows, best, chosen), generate

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

    @intrinsic
    def shelve(typing_context, nodes, shelf, at):
        """Copy a short array's numbers into a tile, from `at` on, where `place_lanes` looks them up."""

        def generate(context, builder, signature, args):
            nodes_type, shelf_type, _ = signature.args
            given = context.make_array(nodes_type)(context, builder, args[0])
            for n in range(0, LOOKUP, LANES):
                first, here = (ir.Constant(each.type, n) for each in (given.nitems, args[2]))
                part = _load_some(
                    builder, builder.gep(given.data, [first]), builder.sub(given.nitems, first),
                    ir.FloatType(),
                )  # fmt: skip
                _store_row(context, builder, shelf_type, args[1], builder.add(args[2], here), part)
            return context.get_dummy_value()

        return types.void(nodes, shelf, at), generate

    @intrinsic
    def place_lanes(typing_context, nodes, widths, shelf, at, cells, k, rows, r):
        """Turn LANES numbers into places within their cells, 0 to 1, by a grid's nodes and inverse widths.

        The numbers stand in `rows` from `r` on, their cells from `k` on. Grids are short: their nodes
        come from a shelf in two shuffles, where a gather would go to memory for each.
        """

        def generate(context, builder, signature, args):
            (nodes_type, widths_type, shelf_type, _, cells_type, _, rows_type, _) = signature.args
            grids = [
                context.make_array(kind)(context, builder, given)
                for kind, given in ((nodes_type, args[0]), (widths_type, args[1]))
            ]
            cell = _load_row(context, builder, cells_type, args[4], args[5])

            def shelved(first: int) -> Any:
                def part(n: int) -> Any:
                    here = builder.add(args[3], ir.Constant(args[3].type, first + n * LANES))
                    return _load_row(context, builder, shelf_type, args[2], here)

                return _picked(builder, [part(n) for n in range(LOOKUP // LANES)], cell)

            if LOOKUP:
                most = ir.Constant(ir.IntType(64), LOOKUP)
                is_short = builder.icmp_signed("<=", grids[0].nitems, most)
                with builder.if_else(is_short, likely=True) as (short, long):
                    with short:
                        low, low_block = [shelved(0), shelved(LOOKUP)], builder.block
                    with long:
                        high = [_gathered(builder, each, cell) for each in grids]
                        high_block = builder.block
                found = []
                for one, other in zip(low, high, strict=True):
                    found.append(builder.phi(one.type))
                    found[-1].add_incoming(one, low_block)
                    found[-1].add_incoming(other, high_block)
            else:
                found = [_gathered(builder, each, cell) for each in grids]
            flags = tuple(sorted(FLOAT_FLAGS))
            x = _load_row(context, builder, rows_type, args[6], args[7])
            place = builder.fmul(builder.fsub(x, found[0], flags=flags), found[1], flags=flags)
            for end, sign in ((0.0, ">"), (1.0, "<")):
                limit = ir.Constant(place.type, [end] * LANES)
                is_inside = builder.fcmp_ordered(sign, place, limit, flags=flags)
                place = builder.select(is_inside, place, limit)
            _store_row(context, builder, rows_type, args[6], args[7], place)
            return context.get_dummy_value()

        return types.void(nodes, widths, shelf, at, cells, k, rows, r), generate

    @intrinsic
    def where_lanes(typing_context, counts, j, n, value):
        """Bits of LANES whole numbers from `j` on, before `n`: set where they are `value`."""

        def generate(context, builder, signature, args):
            counts, j, n, value = args
            row = _element(context, builder, signature.args[0], counts, j)
            given = _load_some(builder, row, builder.sub(n, j), ir.IntType(32))
            lane = ir.Constant(given.type, list(range(LANES)))
            left = _spread(builder, builder.trunc(builder.sub(n, j), ir.IntType(32)))
            bits = builder.and_(
                builder.icmp_signed("<", lane, left),
                builder.icmp_signed("==", given, _spread(builder, value)),
            )
            return builder.zext(builder.bitcast(bits, ir.IntType(LANES)), ir.IntType(32))

        return types.uint32(counts, types.int64, types.int64, types.int32), generate

    @intrinsic
    def lowest(typing_context, bits):
        """Number of the lowest bit that is set, of some."""

        def generate(context, builder, signature, args):
            return builder.zext(builder.cttz(args[0], cgutils.true_bit), ir.IntType(64))

        return types.int64(types.uint32), generate

    @intrinsic(prefer_literal=True)
    def mix_lanes(typing_context, table, width, corners, k, steps, rows):
        """LANES households' `width` values, each mixed from sixteen nodes of its own.

        From `k` on, `corners` holds their lowest nodes and `rows` four rows of places; the values
        follow in the next rows. `steps` lead to the next node of assets, of other income and of
        skill. To the bit what `mix_corners` has for each.
        """
        n = width.literal_value

        def generate(context, builder, signature, args):
            table_type, _, corners_type, _, _, rows_type = signature.args
            data, _, corners_array, k_value, steps_value, rows_array = args
            row, other_step, skill_step = cgutils.unpack_tuple(builder, steps_value)

            def at(of_row):
                return builder.add(k_value, ir.Constant(k_value.type, of_row * TILE))

            places = [_load_row(context, builder, rows_type, rows_array, at(r)) for r in range(4)]
            corner_row = _load_row(context, builder, corners_type, corners_array, k_value)
            lane_corners = []
            for lane in range(LANES):
                here = builder.add(k_value, ir.Constant(k_value.type, lane))
                corner = builder.load(_element(context, builder, corners_type, corners_array, here))
                corner.set_metadata("noalias", _alias_scope(builder))
                lane_corners.append(builder.zext(corner, ir.IntType(64)))
            start = context.make_array(table_type)(context, builder, data).data
            offsets = [ir.Constant(row.type, 0)]
            for step in (skill_step, other_step, row):
                offsets = [to for of in offsets for to in (of, builder.add(of, step))]
            bases = [builder.gep(start, [builder.zext(of, ir.IntType(64))]) for of in offsets]
            read = _pairs_of_lanes if n == 2 else _ones_of_lanes
            found = read(builder, corner_row, lane_corners, bases, places)
            for v, value in enumerate(found):
                _store_row(context, builder, rows_type, rows_array, at(4 + v), value)
            return context.get_dummy_value()

        return types.void(table, width, corners, k, steps, rows), generate

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

    def shelve(nodes, shelf, at):
        """Plain twin of the shelf, which it does not need."""

    def place_lanes(nodes, widths, shelf, at, cells, k, rows, r):
        """Plain twin of the places."""
        cell = cells[k : k + LANES]
        place = (rows[r : r + LANES] - nodes[cell]) * widths[cell]
        rows[r : r + LANES] = np.minimum(np.maximum(place, np.float32(0)), np.float32(1))

    def where_lanes(counts, j, n, value):
        """Plain twin of the bits."""
        given = counts[j : min(j + LANES, n)]
        return np.uint32(sum(1 << int(lane) for lane in np.flatnonzero(given == value)))

    def lowest(bits):
        """Plain twin of the lowest bit."""
        return (int(bits) & -int(bits)).bit_length() - 1

    def add_curves(low, slope, bent, first, cells, inside, at, step, shares, sums, j):
        """Plain twin of curves added up."""
        sums[j : j + LANES] = 0.0
        for n, share in enumerate(shares):
            here = slice(at + n * step, at + n * step + LANES)
            cell, place = first + cells[here], inside[here]
            sums[j : j + LANES] += share * (low[cell] + place * (slope[cell] + bent[cell] * place))

    def highest_lines(low, rise, cells, inside, start, best, chosen):
        """Plain twin of the highest line; asked for where LOOKUP is not zero."""
        raise NotImplementedError

    def highest_sums(factor, ahead, rows, best, chosen):
        """Plain twin of the highest sum; asked for where LOOKUP is not zero."""
        raise NotImplementedError

    def mix_lanes(table, width, corners, k, steps, rows):
        """Plain twin of the mix for LANES households."""
        row, other_step, skill_step = steps
        for at in range(k, k + LANES):
            corner = corners[at]
            above = corner + skill_step
            found = mix_corners(
                table, width, (corner, corner + other_step, above, above + other_step), row,
                tuple(rows[at + r * TILE] for r in range(4)),
            )  # fmt: skip
            for v in range(width):
                rows[at + (4 + v) * TILE] = found[v]

    def nearest(value):
        """Plain twin of the rounding."""
        return np.int64(np.rint(value))

    def float_bits(value):
        """Plain twin: the bits of a float as an integer."""
        return np.float32(value).view(np.int32)

    def bits_float(value):
        """Plain twin: an integer's bits as a float."""
        return np.int32(value).view(np.float32)


@kernel
def find(counts, first, n, value, few):
    """List which of whole numbers from `first` to before `n` are `value`, and return how many are.

    Where few are, that is faster than to ask each, as a loop does that is not vectorised.
    """
    n_found = 0
    for j in range(first, n, LANES):
        bits = where_lanes(counts, j, n, value)
        while bits != 0:
            few[n_found] = j + lowest(bits)
            n_found += 1
            bits &= bits - np.uint32(1)
    return n_found

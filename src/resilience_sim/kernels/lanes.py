"""What LLVM is told: whole vectors of numbers, looked up and mixed by instructions of the machine.

Numba's intrinsics in `vector` and `lookups` are made of these. Nothing here knows about households.
"""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model
from numba.np.arrayobj import populate_array

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


_widen_vectors()
_features = numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten()
#: Numbers that fit into four of the widest vectors, from which they are looked up without a gather.
LOOKUP = 4 * LANES if is_compiled and "+avx512f" in _features.split(",") else 0


def alias_scope(builder: Any) -> Any:
    """Metadata that puts all lookup tables into one alias scope of their own."""
    module = builder.module
    domain = module.add_metadata([ir.MetaDataString(module, "resilience_sim")])
    scope = module.add_metadata([ir.MetaDataString(module, "table"), domain])
    return module.add_metadata([scope])


def element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Where a number of an array stands."""
    data = context.make_array(array_type)(context, builder, array).data
    if index.type.width < 64:
        index = builder.zext(index, ir.IntType(64))
    return builder.gep(data, [index])


def lanes_of(builder: Any, low: Any, high: Any, lanes: list[int]) -> Any:
    """Lanes of two vectors laid end to end, by their numbers."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(low, high, mask)


def spread(builder: Any, value: Any, n: int = LANES) -> Any:
    """A number in every one of `n` lanes."""
    first, none = (
        ir.Constant(ir.IntType(32), 0),
        ir.Constant(ir.VectorType(value.type, n), ir.Undefined),
    )
    one = builder.insert_element(none, value, first)
    return lanes_of(builder, one, one, [0] * n)


def _row(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Where LANES numbers of a tile stand, as one vector."""
    place = element(context, builder, array_type, array, index)
    of = ir.VectorType(context.get_value_type(array_type.dtype), LANES)
    return builder.bitcast(place, of.as_pointer())


def load_row(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """LANES numbers of a tile, as one vector."""
    value = builder.load(_row(context, builder, array_type, array, index), align=64)
    value.set_metadata("noalias", alias_scope(builder))
    return value


def store_row(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, value: Any
) -> None:
    """Store LANES numbers to a tile."""
    place = _row(context, builder, array_type, array, index)
    builder.store(value, place, align=64).set_metadata("noalias", alias_scope(builder))


def _of_table(builder: Any, place: Any, n: int) -> Any:
    """`n` numbers that lie side by side in a table."""
    of = ir.VectorType(ir.FloatType(), n)
    value = builder.load(builder.bitcast(place, of.as_pointer()), align=4)
    value.set_metadata("alias.scope", alias_scope(builder))
    return value


def _side_by_side(builder: Any, parts: list[Any]) -> Any:
    """Short vectors laid end to end, each put in its place straight from memory."""
    n = parts[0].type.count
    whole = None
    for k, part in enumerate(parts):
        wide = lanes_of(builder, part, part, [*range(n), *[0] * (LANES - n)])
        taken = [*range(k * n), *range(LANES, LANES + n), *[0] * (LANES - k * n - n)]
        whole = wide if whole is None else lanes_of(builder, whole, wide, taken)
    return whole


def _mixer(builder: Any) -> Callable[[Any, Any, Any], Any]:
    """`low + place * (high - low)` lane by lane, to the bit as a scalar kernel has it."""
    flags = tuple(sorted(FLOAT_FLAGS))

    def mix(low: Any, high: Any, place: Any) -> Any:
        part = builder.fmul(place, builder.fsub(high, low, flags=flags), flags=flags)
        return builder.fadd(low, part, flags=flags)

    return mix


def mixed_at(builder: Any, low: Any, high: Any, place: Any) -> Any:
    """The same at one place for all lanes."""
    return _mixer(builder)(low, high, spread(builder, place, low.type.count))


def _mixed_nodes(mix: Callable[[Any, Any, Any], Any], nodes: list[Any], places: list[Any]) -> Any:
    """Eight nodes, those of assets next to each other, then of other income, then of skill, made one."""
    for place in places:
        nodes = [mix(*nodes[i : i + 2], place) for i in range(0, len(nodes), 2)]
    return nodes[0]


def pairs_of_lanes(
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
        money, *others = (lanes_of(builder, place, place, twice) for place in places)
        left, right = (
            [q + side + i for q in quarters for i in (0, 1, LANES, LANES + 1)] for side in (0, 2)
        )
        nodes = [
            mix(lanes_of(builder, a, b, left), lanes_of(builder, a, b, right), money)
            for a, b in zip(*quads, strict=True)
        ]
        halves.append(_mixed_nodes(mix, nodes, others))
    return [
        lanes_of(builder, *halves, [q + v + i for q in quarters for i in (0, 2, LANES, LANES + 2)])
        for v in (0, 1)
    ]


def ones_of_lanes(
    builder: Any, of_all: Any, corners: list[Any], bases: list[Any], places: list[Any]
) -> list[Any]:
    """One value of LANES households: two numbers a node lie side by side."""
    mix, (money, *others) = _mixer(builder), places
    sides = [list(range(side, 2 * LANES, 2)) for side in (0, 1)]
    nodes = []
    for base in bases:
        parts = _pairs_at(builder, base, of_all, corners)
        nodes.append(mix(*(lanes_of(builder, *parts, side) for side in sides), money))
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
            builder.call(
                gather, [none, base, lanes_of(builder, of_all, of_all, some), every, width]
            )
            for some in (list(range(half)), list(range(half, LANES)))
        ]
        return [builder.bitcast(each, ir.VectorType(ir.FloatType(), LANES)) for each in told]
    parts = [_of_table(builder, builder.gep(base, [corner]), 2) for corner in corners]
    while len(parts) > 2:
        both = list(range(2 * parts[0].type.count))
        parts = [lanes_of(builder, *parts[i : i + 2], both) for i in range(0, len(parts), 2)]
    return parts


def picked(builder: Any, parts: list[Any], cells: Any) -> Any:
    """Of four vectors laid end to end, the numbers at LANES places; AVX-512 has shuffles for it."""
    real = parts[0].type
    pick = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(real, [real, cells.type, real]),
        "llvm.x86.avx512.vpermi2var.ps.512",
    )  # fmt: skip
    low, high = (builder.call(pick, [parts[k], cells, parts[k + 1]]) for k in (0, 2))
    half = spread(builder, ir.Constant(ir.IntType(32), 2 * LANES))
    return builder.select(builder.icmp_signed("<", cells, half), low, high)


def load_some(builder: Any, place: Any, n: Any, kind: Any) -> Any:
    """LANES numbers in memory, of which the first `n` alone are there and read; nothing for the others."""
    whole, name = ir.VectorType(kind, LANES), "f32" if kind == ir.FloatType() else "i32"
    count, some = ir.VectorType(ir.IntType(32), LANES), ir.VectorType(ir.IntType(1), LANES)
    takes = ir.FunctionType(whole, [ir.PointerType(), ir.IntType(32), some, whole])
    masked = cgutils.get_or_insert_function(
        builder.module, takes, f"llvm.masked.load.v{LANES}{name}.p0"
    )
    lane = ir.Constant(count, list(range(LANES)))
    is_there = builder.icmp_signed("<", lane, spread(builder, builder.trunc(n, ir.IntType(32))))
    none = ir.Constant(whole, [kind(0)] * LANES)
    return builder.call(masked, [place, ir.Constant(ir.IntType(32), 4), is_there, none])


def _parts(builder: Any, nodes: Any) -> list[Any]:
    """A short array in vectors; what lies beyond its end is not touched."""
    parts = []
    for n in range(0, LOOKUP, LANES):
        first = ir.Constant(nodes.nitems.type, n)
        place, left = builder.gep(nodes.data, [first]), builder.sub(nodes.nitems, first)
        parts.append(load_some(builder, place, left, ir.FloatType()))
        parts[-1].set_metadata("alias.scope", alias_scope(builder))
    return parts


def gathered(builder: Any, nodes: Any, cells: Any) -> Any:
    """Numbers at LANES places of an array, one by one."""
    out = ir.Constant(ir.VectorType(ir.FloatType(), LANES), ir.Undefined)
    for lane in range(LANES):
        at = ir.Constant(ir.IntType(32), lane)
        cell = builder.zext(builder.extract_element(cells, at), ir.IntType(64))
        value = builder.load(builder.gep(nodes.data, [cell]))
        value.set_metadata("alias.scope", alias_scope(builder))
        out = builder.insert_element(out, value, at)
    return out


class AtHand(types.Array):
    """A short table that `at_hand` has laid out, with room for a whole look-up."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype, 1, "C", name=f"at_hand({dtype})")


register_model(AtHand)(models.ArrayModel)
_FIND = "resilience_sim_find"


def laid_at_hand(context: Any, builder: Any, kind: Any, table: Any) -> Any:
    """A copy on the stack, where there is room for a whole look-up; a longer table as it is."""
    given = context.make_array(kind)(context, builder, table)
    made = context.make_array(AtHand(kind.dtype))(context, builder)
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


def finder(context: Any, module: Any) -> Any:
    """The function that finds a number, and names the one for LANES by which the vectoriser replaces it.

    The vectoriser replaces no call that takes a pointer: where the table lies is handed over as a
    number. Nothing calls the one for LANES before, so that it is listed as used lest it be dropped.
    """
    if _FIND in module.globals:
        return module.globals[_FIND]

    def many(kind: Any) -> Any:
        return ir.VectorType(kind, LANES)

    slowly, builder, nodes = _function(module, _FIND + "_slowly", many, "noinline", "cold")
    builder.ret(gathered(builder, nodes, slowly.args[2]))
    all_lanes, builder, nodes = _function(module, _FIND + "_all", many, "alwaysinline")
    is_short = builder.icmp_signed("<=", nodes.nitems, ir.Constant(ir.IntType(64), LOOKUP))
    with builder.if_else(is_short, likely=True) as (short, long):
        with short:
            parts = []
            for first in range(0, LOOKUP, LANES):
                place = builder.gep(nodes.data, [ir.Constant(ir.IntType(64), first)])
                place = builder.bitcast(place, many(ir.FloatType()).as_pointer())
                parts.append(builder.load(place, align=64))
            found = picked(builder, parts, all_lanes.args[2])
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
        place = element(self.context, self.builder, self.kinds[n], self.args[n], index)
        return self.builder.bitcast(place, ir.VectorType(kind, LANES).as_pointer())

    def load(self, n: int, index: Any, is_table: bool = True) -> Any:
        """Lanes from `index` on."""
        loaded = self.builder.load(self._place(n, index), align=2)
        loaded.set_metadata("alias.scope" if is_table else "noalias", alias_scope(self.builder))
        return loaded

    def store(self, n: int, index: Any, value: Any) -> None:
        """Store lanes from `index` on."""
        stored = self.builder.store(value, self._place(n, index), align=4)
        stored.set_metadata("noalias", alias_scope(self.builder))

    def single(self, n: int, index: Any) -> Any:
        """One number of a table."""
        place = element(self.context, self.builder, self.kinds[n], self.args[n], index)
        value = self.builder.load(place)
        value.set_metadata("alias.scope", alias_scope(self.builder))
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
        return spread(self.builder, value)

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


def in_registers(generate: Callable[..., Any]) -> Callable[..., Any]:
    """Of an intrinsic that is asked for only where LOOKUP is not zero: elsewhere it does nothing."""

    def generate_if(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if LOOKUP:
            generate(builder, _Lanes(context, builder, signature, args), args)
        return context.get_dummy_value()

    return generate_if


class Highest:
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

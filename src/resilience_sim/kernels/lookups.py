"""Short tables looked up and many nodes mixed for LANES numbers at once, where a gather would fetch each.

Nothing here knows about households. As in `vector`, every function has a plain Python twin.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from resilience_sim.kernels.lanes import (
    FLOAT_FLAGS,
    LANES,
    LOOKUP,
    TILE,
    Highest,
    alias_scope,
    element,
    gathered,
    in_registers,
    is_compiled,
    lanes_of,
    load_row,
    load_some,
    mixed_at,
    ones_of_lanes,
    pairs_of_lanes,
    picked,
    spread,
    store_row,
)
from resilience_sim.kernels.vector import kernel

if is_compiled:

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
                    place = element(context, builder, table, args[0], at)
                    loaded = builder.load(builder.bitcast(place, pair.as_pointer()), align=4)
                    loaded.set_metadata("alias.scope", alias_scope(builder))
                    row_of.append(loaded)
            lanes = [low[t] for t in (0, 2, 1, 3)] + [high[t] for t in (0, 2, 1, 3)]
            while len(lanes) > 2:  # laid end to end, two by two
                both = list(range(2 * lanes[0].type.count))
                lanes = [
                    lanes_of(builder, *lanes[i : i + 2], both) for i in range(0, len(lanes), 2)
                ]
            every = range(2 * lanes[0].type.count)
            left, right = ([i for i in every if i // n % 2 == side] for side in (0, 1))
            money, *others = cgutils.unpack_tuple(builder, args[4])
            mixed = mixed_at(
                builder, lanes_of(builder, *lanes, left), lanes_of(builder, *lanes, right), money
            )
            for place in others:
                half = mixed.type.count // 2
                low_half = lanes_of(builder, mixed, mixed, list(range(half)))
                high_half = lanes_of(builder, mixed, mixed, list(range(half, 2 * half)))
                mixed = mixed_at(builder, low_half, high_half, place)
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

        @in_registers
        def generate(builder, row, args):
            tables = [row.table(n, args[3]) for n in range(3)]
            total = cgutils.alloca_once_value(builder, row.spread(ir.Constant(ir.FloatType(), 0.0)))
            with cgutils.for_range(builder, row.size(8)) as loop:
                here = builder.add(args[6], builder.mul(loop.index, args[7]))
                cell, place = row.cells(4, here), row.load(5, here)
                value, rise, bend = (picked(builder, table, cell) for table in tables)
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

        @in_registers
        def generate(builder, row, args):
            highest = Highest(row)
            width = ir.Constant(args[4].type, LOOKUP)
            with cgutils.for_range(builder, builder.sdiv(row.size(0), width)) as loop:
                first = builder.mul(loop.index, width)
                tables = [row.table(n, first) for n in (0, 1)]
                for k in range(LOOKUP // LANES):
                    at = row.after(builder.add(args[4], first), k)
                    value, slope = (picked(builder, table, row.cells(2, at)) for table in tables)
                    highest.note(k, loop.index, row.fused(row.load(3, at), slope, value))
            highest.store(5, 6)

        return types.void(low, rise, cells, inside, start, best, chosen), generate

    @intrinsic
    def highest_sums(typing_context, factor, ahead, rows, best, chosen):
        """Of rows of LOOKUP numbers, each with `factor * ahead[n]` added to row `n`, the highest at each place.

        Fill `best` and `chosen` (LOOKUP,), which stay in registers until the last row.
        """

        @in_registers
        def generate(builder, row, args):
            highest, times = Highest(row), row.spread(args[0])
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
    def shelve(typing_context, nodes, shelf, at):
        """Copy a short array's numbers into a tile, from `at` on, where `place_lanes` looks them up."""

        def generate(context, builder, signature, args):
            nodes_type, shelf_type, _ = signature.args
            given = context.make_array(nodes_type)(context, builder, args[0])
            for n in range(0, LOOKUP, LANES):
                first, here = (ir.Constant(each.type, n) for each in (given.nitems, args[2]))
                part = load_some(
                    builder, builder.gep(given.data, [first]), builder.sub(given.nitems, first),
                    ir.FloatType(),
                )  # fmt: skip
                store_row(context, builder, shelf_type, args[1], builder.add(args[2], here), part)
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
            cell = load_row(context, builder, cells_type, args[4], args[5])

            def shelved(first):
                def part(n):
                    here = builder.add(args[3], ir.Constant(args[3].type, first + n * LANES))
                    return load_row(context, builder, shelf_type, args[2], here)

                return picked(builder, [part(n) for n in range(LOOKUP // LANES)], cell)

            if LOOKUP:
                most = ir.Constant(ir.IntType(64), LOOKUP)
                is_short = builder.icmp_signed("<=", grids[0].nitems, most)
                with builder.if_else(is_short, likely=True) as (short, long):
                    with short:
                        low, low_block = [shelved(0), shelved(LOOKUP)], builder.block
                    with long:
                        high = [gathered(builder, each, cell) for each in grids]
                        high_block = builder.block
                found = []
                for one, other in zip(low, high, strict=True):
                    found.append(builder.phi(one.type))
                    found[-1].add_incoming(one, low_block)
                    found[-1].add_incoming(other, high_block)
            else:
                found = [gathered(builder, each, cell) for each in grids]
            flags = tuple(sorted(FLOAT_FLAGS))
            x = load_row(context, builder, rows_type, args[6], args[7])
            place = builder.fmul(builder.fsub(x, found[0], flags=flags), found[1], flags=flags)
            for end, sign in ((0.0, ">"), (1.0, "<")):
                limit = ir.Constant(place.type, [end] * LANES)
                is_inside = builder.fcmp_ordered(sign, place, limit, flags=flags)
                place = builder.select(is_inside, place, limit)
            store_row(context, builder, rows_type, args[6], args[7], place)
            return context.get_dummy_value()

        return types.void(nodes, widths, shelf, at, cells, k, rows, r), generate

    @intrinsic
    def where_lanes(typing_context, counts, j, n, value):
        """Bits of LANES whole numbers from `j` on, before `n`: set where they are `value`."""

        def generate(context, builder, signature, args):
            counts, j, n, value = args
            row = element(context, builder, signature.args[0], counts, j)
            given = load_some(builder, row, builder.sub(n, j), ir.IntType(32))
            lane = ir.Constant(given.type, list(range(LANES)))
            left = spread(builder, builder.trunc(builder.sub(n, j), ir.IntType(32)))
            bits = builder.and_(
                builder.icmp_signed("<", lane, left),
                builder.icmp_signed("==", given, spread(builder, value)),
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

            places = [load_row(context, builder, rows_type, rows_array, at(r)) for r in range(4)]
            corner_row = load_row(context, builder, corners_type, corners_array, k_value)
            lane_corners = []
            for lane in range(LANES):
                here = builder.add(k_value, ir.Constant(k_value.type, lane))
                corner = builder.load(element(context, builder, corners_type, corners_array, here))
                corner.set_metadata("noalias", alias_scope(builder))
                lane_corners.append(builder.zext(corner, ir.IntType(64)))
            start = context.make_array(table_type)(context, builder, data).data
            offsets = [ir.Constant(row.type, 0)]
            for step in (skill_step, other_step, row):
                offsets = [to for of in offsets for to in (of, builder.add(of, step))]
            bases = [builder.gep(start, [builder.zext(of, ir.IntType(64))]) for of in offsets]
            read = pairs_of_lanes if n == 2 else ones_of_lanes
            found = read(builder, corner_row, lane_corners, bases, places)
            for v, value in enumerate(found):
                store_row(context, builder, rows_type, rows_array, at(4 + v), value)
            return context.get_dummy_value()

        return types.void(table, width, corners, k, steps, rows), generate

else:

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
        """Plain twin of the highest line."""
        rows = low.reshape(-1, best.size), rise.reshape(-1, best.size)
        n_rows = len(rows[0])
        cell, place = (
            each[start : start + n_rows * best.size].reshape(n_rows, -1) for each in (cells, inside)
        )
        lows, rises = (np.take_along_axis(each, cell.astype(int), 1) for each in rows)
        _note_highest(lows + place * rises, best, chosen)

    def highest_sums(factor, ahead, rows, best, chosen):
        """Plain twin of the highest sum."""
        _note_highest(factor * ahead[:, None] + rows.reshape(len(ahead), -1), best, chosen)

    def _note_highest(rows, best, chosen):
        """The highest of each column, and the first row that it stands in."""
        best[:], chosen[:] = rows.max(axis=0), rows.argmax(axis=0)

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

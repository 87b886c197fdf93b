"""Everything that is compiled: one household, one village block, one planner type.

Kernels take numbers and arrays, never names or tables. They do not raise: inputs are checked before
they are called. Imports point down: population_step | bellman > household | interpolation | draws >
elementary > primitives > lookups > vector > compiling, lanes.
"""

"""How kernels are compiled: each of them once.

Numba makes machine code and wrappers for whatever a function calls, links it into the caller as well,
and optimises and translates it there again. Here a helper stays as it was lowered, for its callers to
inline; a loop is compiled once, and its callers call what was compiled. Nothing here knows about
households.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from importlib import import_module
from pickle import UnpicklingError
from typing import Any

import numba
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.cpu import CPUContext
from numba.core.datamodel import ArgPacker
from numba.core.environment import Environment
from numba.core.imputils import user_function
from numba.core.ir import Arg, Assign, Del, Jump, Stmt
from numba.core.lowering import Lower
from numba.core.pythonapi import NativeValue, PythonAPI
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys
from numba.core.typed_passes import BaseNativeLowering, NativeLowering

# What is decorated


class Helper(CPUDispatcher):
    """A helper that kernels inline; called from Python, it is compiled as Numba has it."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        options = options | {"forceinline": True}
        self._plain = numba.njit(**options)(function)
        super().__init__(function, targetoptions=options | _BARE, pipeline_class=_HelperCompiler)

    def __call__(self, *given: Any) -> Any:
        """Call it from Python."""
        return self._plain(*given)


class Loop(CPUDispatcher):
    """A loop that kernels call, compiled by itself and kept on disk.

    The door through which Python comes in is large where tuples of arrays are taken: it is compiled
    when Python first knocks.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        options = options | _BARE | {"forceinline": False}  # said, or Numba has it as a caller has
        super().__init__(function, targetoptions=options, pipeline_class=_LoopCompiler)
        self._cache, self._door_cache = _LoopCache(function), _DoorCache(function)
        # By kinds of arguments, and kept alive: Numba's dispatcher knows their addresses alone.
        self._doors: dict[tuple[Any, ...], Any] = {}
        _loops[function.__module__, function.__qualname__] = self

    def add_overload(self, cres: Any) -> None:
        """Remember what was compiled, for kernels to call; Python has to knock."""
        self.overloads[tuple(cres.signature.args)] = cres
        call = user_function(cres.fndesc, [cres.library])

        def pass_pointers(context: Any, *given: Any) -> Any:
            return call(_for_loops(context), *given)

        pass_pointers.libs = call.libs  # type: ignore[attr-defined]
        self.targetctx.remove_user_function(cres.entry_point)
        self.targetctx._defns[cres.entry_point].append(pass_pointers, call.signature)

    def _compile_for_args(self, *given: Any) -> Any:
        with global_compiler_lock, _no_collector():
            kinds = tuple(self.typeof_pyval(each) for each in given)
            if (
                kinds not in self._doors
            ):  # else another thread came first; Numba cannot tell two apart
                super()._compile_for_args(*given)
                door = self._door_cache.load_overload(kinds, self.targetctx)
                if door is None:
                    door = _door_to(self.overloads[kinds])
                    self._door_cache.save_overload(kinds, door)
                self._doors[kinds] = door.entry_point
                self._insert([kind._code for kind in kinds], door.entry_point, False)
        return self._doors[kinds]


_loops: dict[tuple[str, str], Loop] = {}
"""All loops, by module and name."""
_BARE = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@contextmanager
def _no_collector() -> Iterator[None]:
    """Let no garbage be looked for: a compiler makes millions of objects and keeps nearly all of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# What becomes of code


class _Code(JITCodeLibrary):
    """Code that knows which loops it calls: their modules, names and types of arguments."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self.calls: dict[tuple[Any, ...], None] = {}

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout  # all is optimised when it is together

    def add_linking_library(self, library: Any) -> None:
        if library is rtsys.library:
            return  # see `_link_counting`
        super().add_linking_library(library)
        if isinstance(library, _LoopCode):
            self.calls[library.itself] = None
        elif isinstance(library, _Code):
            self.calls |= library.calls

    def _link_counting(self) -> None:
        """Add what counts references to arrays where it is called: it is translated with all else."""
        counting = {each.name for each in rtsys.library.get_defined_functions()}
        if any(each.name in counting for each in self._final_module.functions):
            self._final_module.link_in(rtsys.library._get_module_for_linking(), preserve=True)


class _HelperCode(_Code):
    """What is only ever inlined: tidied up, but neither optimised as a whole nor translated."""

    def _optimize_functions(self, module: Any) -> None:
        super()._optimize_functions(module)
        for each in module.functions:
            passes, builder = self._codegen._function_pass_manager(opt=1)
            passes.run(each, builder)

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    @property
    def codegen(self) -> Any:
        return self  # Numba asks it to set the environment, of which there is none in memory

    def set_env(self, name: str, environment: Any) -> None:
        pass


class _LoopCode(_Code):
    """What callers find in memory by its name, as nothing is there for them to inline."""

    itself: tuple[Any, ...]

    def _optimize_final_module(self) -> None:
        self._link_counting()
        super()._optimize_final_module()
        self._inline_vectors()

    def _inline_vectors(self) -> None:
        """Inline what the vectoriser called: functions that take whole vectors."""
        passes = binding.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.run(self._final_module, self._codegen._pass_builder())

    def _get_module_for_linking(self) -> Any:
        return binding.parse_assembly(str(self._codegen._create_empty_module(self.name)))


class _DoorCode(_Code):
    """What runs once a call, and is not worth optimising."""

    def _optimize_final_module(self) -> None:
        self._link_counting()

    def _get_module_for_linking(self) -> Any:
        """Names alone, as nobody links it: Numba asks for them when it is read from disk."""
        text = str(self._codegen._create_empty_module(self.name))
        for each in self._final_module.functions:
            if not each.is_declaration:
                text += f'define void @"{each.name}"() {{ unreachable }}\n'
        return binding.parse_assembly(text)


@contextmanager
def _making(kind: type[_Code], codegen: Any) -> Iterator[None]:
    """Let Numba make libraries of one kind."""
    before, codegen._library_class = codegen._library_class, kind
    try:
        yield
    finally:
        codegen._library_class = before


# How arguments are passed


class _LoopContext(CPUContext):
    """Declares and calls loops: they take tuples, some of hundreds of numbers, by pointer."""

    def get_arg_packer(self, kinds: Any) -> Any:
        return ArgPacker(self, kinds)

    def lookup(self, kind: Any) -> Any:
        """How an argument is passed."""
        model = self.data_model_manager.lookup(kind)
        return _PointedTo(model) if isinstance(kind, types.BaseNamedTuple) else model


class _PointedTo:
    """How a tuple is passed."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def get_argument_type(self) -> Any:
        return self._model.get_value_type().as_pointer()

    def as_argument(self, builder: Any, value: Any) -> Any:
        passed_on = getattr(value, "pointer", None)
        return passed_on or cgutils.alloca_once_value(builder, value)

    def from_argument(self, builder: Any, pointer: Any) -> Any:
        return pointer


def _for_loops(context: Any, kind: type[CPUContext] = _LoopContext) -> Any:
    """The same context, in which loops are declared and called."""
    context = context.subtarget()
    context.__class__ = kind
    return context


class _DoorContext(_LoopContext):
    """Takes arguments from Python."""

    def get_python_api(self, builder: Any) -> Any:
        return _DoorApi(self, builder)


class _DoorApi(PythonAPI):
    """Lays the fields of a tuple one by one where a loop looks for them."""

    def to_native_value(self, kind: Any, given: Any) -> Any:
        if not isinstance(kind, types.BaseNamedTuple) or self.context.enable_nrt:
            return super().to_native_value(kind, given)
        place = cgutils.alloca_once(self.builder, self.context.get_value_type(kind))
        failed = cgutils.alloca_once_value(self.builder, cgutils.false_bit)
        self._lay(kind, given, place, failed)
        value = ir.Constant(place.type.pointee, ir.Undefined)
        value.pointer = place
        return NativeValue(value, is_error=self.builder.load(failed))

    def _lay(self, kind: Any, given: Any, place: Any, failed: Any) -> None:
        builder = self.builder
        for at, each in enumerate(kind):
            here, part = cgutils.gep_inbounds(builder, place, 0, at), self.tuple_getitem(given, at)
            if isinstance(each, types.BaseNamedTuple):
                self._lay(each, part, here, failed)
                continue
            native = self.to_native_value(each, part)
            builder.store(native.value, here)
            builder.store(builder.or_(builder.load(failed), native.is_error), failed)


def _door_to(inside: Any) -> Any:
    """Compile what takes arguments from Python and hands them to a loop that is compiled."""
    told = copy(inside.fndesc)
    told.env_name += ".door"
    environment = Environment.from_fndesc(told)
    models = inside.target_context.data_model_manager
    makes_arrays = models[inside.signature.return_type].contains_nrt_meminfo()
    context = inside.target_context.subtarget(
        environment=environment, fndesc=told, enable_nrt=makes_arrays
    )
    context = _for_loops(context, _DoorContext)
    library = _DoorCode(context.codegen(), told.qualname)
    library.enable_object_caching()
    context.create_cpython_wrapper(library, told, environment, None, release_gil=True)
    entry = context.get_executable(library, told, environment)
    return inside._replace(library=library, fndesc=told, environment=environment, entry_point=entry)


# How functions are lowered


class _Lower(Lower):
    """Leaves what is passed in to the caller, who holds it: no copy of it and no reference is kept."""

    def _find_singly_assigned_variable(self) -> None:
        super()._find_singly_assigned_variable()
        assigned = [each.target.name for each in self._statements(Assign)]
        self._passed = {name for name in self.func_ir.arg_names if assigned.count(name) == 1}
        if self._disable_sroa_like_opt:  # for debuggers, everything lies in memory
            self._passed = set()
        self._singly_assigned_vars |= self._passed

    def _statements(self, kind: type) -> list[Any]:
        return [each for block in self.blocks.values() for each in block.find_insts(kind)]

    def lower_assign(self, kind: Any, statement: Any) -> Any:
        if isinstance(statement.value, Arg) and statement.target.name in self._passed:
            return self.fnargs[statement.value.index]
        return super().lower_assign(kind, statement)

    def delvar(self, name: str) -> None:
        if self.context.enable_nrt and name not in self._passed:
            super().delvar(name)


class _LoopLower(_Lower):
    """Is handed tuples by pointer, and reads what it uses of them."""

    def setup_function(self, fndesc: Any) -> None:
        with self._by_pointer():
            super().setup_function(fndesc)

    def extract_function_arguments(self) -> list[Any]:
        with self._by_pointer():
            super().extract_function_arguments()
        for at, kind in enumerate(self.fndesc.argtypes):
            if isinstance(kind, types.BaseNamedTuple):
                self.fnargs[at] = self._taken(self.func_ir.arg_names[at], kind, self.fnargs[at])
        return self.fnargs

    def lower_inst(self, statement: Any) -> None:
        super().lower_inst(statement)
        n_abreast = getattr(self.func_ir.func_id.func, "n_abreast", None)
        if n_abreast and isinstance(statement, Jump) and self.blkmap[statement.target].instructions:
            back = self.builder.block.terminator  # to where there is code already
            back.set_metadata("llvm.loop", _told_of_loop(self.builder.module, n_abreast))

    @contextmanager
    def _by_pointer(self) -> Iterator[None]:
        before, self.context = self.context, _for_loops(self.context)
        try:
            yield
        finally:
            self.context = before

    def _taken(self, name: str, kind: Any, pointer: Any) -> Any:
        """A tuple with the fields that are used: loaded at the start, before anything is written."""
        value = ir.Constant(pointer.type.pointee, ir.Undefined)
        for at in self._fields_used(name, kind):
            field = _load(self.builder, cgutils.gep_inbounds(self.builder, pointer, 0, at))
            value = self.builder.insert_value(value, field, at)
        value.pointer = pointer  # for loops that are handed it on
        return value

    def _fields_used(self, name: str, kind: Any) -> list[int]:
        if name not in self._passed:
            return list(range(len(kind)))
        used = set()
        for each in self._statements(Stmt):
            value = getattr(each, "value", None)
            if isinstance(each, Del) or isinstance(value, Arg):
                continue
            if all(name != variable.name for variable in each.list_vars()):
                continue
            how = getattr(value, "op", None)
            if how == "getattr":
                used.add(kind.fields.index(value.attr))
            elif how != "call" or not self._is_loop(value.func.name):
                return list(range(len(kind)))
        return sorted(used)

    def _is_loop(self, name: str) -> bool:
        return isinstance(getattr(self.typeof(name), "dispatcher", None), Loop)


def _told_of_loop(module: Any, n_abreast: int) -> Any:
    """What the vectoriser is told where a loop goes back to its start; a loop's metadata begins with itself."""
    words = ir.MetaDataString(module, "llvm.loop.interleave.count")
    count = module.add_metadata([words, ir.Constant(ir.IntType(32), n_abreast)])
    told = module.add_metadata([count])
    told.operands = told, count
    return told


def _load(builder: Any, pointer: Any) -> Any:
    """Load number by number: LLVM does not see through the load of a whole structure."""
    kind = pointer.type.pointee
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        return builder.load(pointer)
    value = ir.Constant(kind, ir.Undefined)
    for at in range(len(kind)):
        part = _load(builder, cgutils.gep_inbounds(builder, pointer, 0, at))
        value = builder.insert_value(value, part, at)
    return value


def _is_borrower(state: Any) -> bool:
    """Whether a function neither makes nor returns arrays: its callers hold them, it need not count."""
    made = [
        signature.return_type
        for each, signature in state.calltypes.items()
        if signature is not None
        and getattr(each, "op", None) not in (None, "getitem", "static_getitem")
        and not _is_lent(state, each)
    ]
    models = state.targetctx.data_model_manager
    return not any(models[kind].contains_nrt_meminfo() for kind in (state.return_type, *made))


def _is_lent(state: Any, expr: Any) -> bool:
    """Whether an expression calls an intrinsic of ours: what they make is another's or on the stack."""
    called = state.typemap[expr.func.name] if expr.op == "call" else None
    return getattr(getattr(called, "typing_key", None), "__module__", "").startswith(__package__)


# Numba's passes


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(BaseNativeLowering):
    _name = "resilience_sim_lowering"
    lowering_class = _Lower

    def run_pass(self, state: Any) -> bool:
        counts = state.targetctx.enable_nrt and not _is_borrower(state)
        state.targetctx = state.targetctx.subtarget(enable_nrt=counts)
        state.targetctx.get_preferred_array_alignment = lambda kind: 64  # where whole vectors begin
        return super().run_pass(state)


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoopLowering(_Lowering):
    _name = "resilience_sim_loop_lowering"
    lowering_class = _LoopLower

    def run_pass(self, state: Any) -> bool:
        state.library = _LoopCode(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.itself = state.func_id.modname, state.func_id.func_qualname, state.args
        state.library.enable_object_caching()
        # Callers on disk look for a name, whoever compiles the loop next: it counts no functions and
        # tells no flags, which Numba has in a set and so in any order.
        state.func_id.unique_id = 0
        return super().run_pass(state)


class _Flags(Flags):
    """Options that change no more, and that Numba compares at every call it types."""

    __slots__ = ("_told",)

    def values(self) -> dict[str, Any]:
        if not hasattr(self, "_told"):
            self._told = super().values()
        return self._told

    def get_mangle_string(self) -> str:
        return "loop"


class _HelperCompiler(CompilerBase):
    """Compiles, and takes whatever Numba compiles on the way, such as `max`, for a helper."""

    lowering: type[LoweringPass] = _Lowering

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        self.state.flags = _Flags(self.state.flags)
        with _making(_HelperCode, self.state.targetctx.codegen()):
            return super().compile_extra(func)

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        for at, (each, told) in enumerate(passes.passes):
            if each is NativeLowering:
                passes.passes[at] = self.lowering, told
        passes.finalize()
        return [passes]


class _LoopCompiler(_HelperCompiler):
    lowering = _LoopLowering

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        self.state.flags.noalias = getattr(func, "is_apart", False)
        return super().compile_extra(func)


# What is kept on disk


class _LoopCacheImpl(CompileResultCacheImpl):
    """Keeps with a loop which others it calls: they must be in memory before it is."""

    def reduce(self, cres: Any) -> Any:
        return cres.library.itself, cres.library.calls, super().reduce(cres)

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        itself, calls, reduced = payload
        for module, name, kinds in calls:
            import_module(module)
            _loops[module, name].compile(kinds)
        with _making(_LoopCode, target_context.codegen()):
            cres = super().rebuild(target_context, reduced)
        cres.library.itself, cres.library.calls = itself, calls
        return cres


class _Index(IndexDataCacheFile):
    """What is kept of a function, by kinds of arguments: nothing, where one of them is not to be had here.

    Who calls a loop with a tuple of a module of its own leaves its name for all who come later.
    """

    def _load_index(self) -> dict[Any, Any]:
        try:
            found: dict[Any, Any] = super()._load_index()
        except (ImportError, AttributeError, UnpicklingError, EOFError):
            return {}
        return found


class _Cache(FunctionCache):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file.__class__ = _Index


class _LoopCache(_Cache):
    _impl_class = _LoopCacheImpl


class _DoorCacheImpl(CompileResultCacheImpl):
    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        return super().get_filename_base(fullname + ".door", abiflags)


class _DoorCache(_Cache):
    _impl_class = _DoorCacheImpl

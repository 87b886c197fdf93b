"""What a machine and its software are; no names of hosts or folders."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe() -> dict[str, str]:
    """Processor, cores, memory and versions."""
    packages = ("numba", "numpy", "pandas", "pyarrow", "mesa", "econ-ark")
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{_memory('MemTotal') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: _version(name) for name in packages},
        "gcc": _gcc(),
    }


def available_bytes() -> float:
    """Memory that a process may still take."""
    return _memory("MemAvailable")


def _processor() -> str:
    name, vectors = platform.processor() or "unknown", ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return name
    about = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = about.get("flags", "").split()
    vectors = "AVX-512" if "avx512dq" in flags else "AVX2" if "avx2" in flags else ""
    family = f"family {about['cpu family']} model {about['model']}" if "cpu family" in about else ""
    return ", ".join(part for part in (about.get("model name", name), family, vectors) if part)


def _memory(name: str) -> float:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(name + ":"):
                return float(line.split()[1]) * 1024.0
    except OSError:
        pass
    return float("nan")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _gcc() -> str:
    if shutil.which("gcc") is None:
        return "not installed"
    told = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True)
    return told.stdout.strip() or "unknown"

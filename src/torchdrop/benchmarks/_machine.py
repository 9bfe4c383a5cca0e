"""What a figure depends on besides the code: processor, versions, and the kernel that ran."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ..kernels import STREAM_VERSION, kernel


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the software on it.

    Attributes:
        torchdrop: Version of this package.
        stream: Version of the mask stream.
        kernel: The kernel in use, `native` or `torch`.
        instruction_set: What the native kernel is built on; empty for `torch`.
        reason: Why this kernel is in use.
        torch: Version of torch.
        python: Version of Python.
        system: Operating system and architecture.
        cpu: The processor's name for itself.
        cores: Cores that this process may use.
        threads: Threads that torch uses inside an operation.
    """

    torchdrop: str
    stream: int
    kernel: str
    instruction_set: str
    reason: str
    torch: str
    python: str
    system: str
    cpu: str
    cores: int
    threads: int

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return asdict(self)


def describe_machine() -> Machine:
    """Look at this machine and at the kernel in use now.

    Returns:
        The record; under `kernels.using` it names the kernel that was asked for.
    """
    chosen = kernel()
    return Machine(
        torchdrop=_package_version(),
        stream=STREAM_VERSION,
        kernel=chosen.name,
        instruction_set=chosen.instruction_set,
        reason=chosen.reason,
        torch=str(torch.__version__),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=_processor(),
        cores=_cores(),
        threads=torch.get_num_threads(),
    )


def _package_version() -> str:
    try:
        return metadata.version("torchdrop")
    except metadata.PackageNotFoundError:  # the source tree was put on the path
        return "not installed"


def _processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """Read the model's name where Linux keeps it; elsewhere take what Python knows."""
    if path.exists():
        match = re.search(r"^model name\s*:\s*(.+)$", path.read_text(encoding="utf-8"), re.M)
        if match:
            return match[1].strip()
    return platform.processor() or platform.machine() or "unknown"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""How many bytes of tensors a call has alive at once."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch.profiler import ProfilerActivity, profile

from ._timing import Contestant

_QUIET = "KINETO_LOG_LEVEL", "6"


def peak_bytes(call: Contestant) -> int:
    """Run a call once, and give the most that its tensors took at once beyond what was there.

    Torch's profiler notes what torch's CPU allocator gives out and takes back, inside operations
    too. So the figure is of the call alone: it does not depend on the machine's load, on memory
    that the process holds for reuse, or on pages that the system takes away from it, as the growth
    of its resident size does.

    Not counted: what was there before, such as weights and input; scratch space that libraries for
    matrix products and convolutions get by themselves, about 30 MiB for the networks of `bench
    predict`; Python's own objects and NumPy's arrays; allocations on other threads than the
    caller's; other devices.

    Args:
        call: Without arguments; what it returns counts too.

    Returns:
        Bytes, 0 for a call that makes no tensor.
    """
    gc.collect()
    with _quietly(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = _memory_events(profiler)
    if not events:
        return 0
    before = events[0]["Total Allocated"] - events[0]["Bytes"]
    return int(max(before, *(event["Total Allocated"] for event in events)) - before)


def _memory_events(profiler: profile) -> list[dict[str, Any]]:
    """Read each allocation and release, in order, from the one public form that has totals."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        trace = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    events = [event for event in trace if event["name"] == "[memory]"]
    return [event["args"] for event in sorted(events, key=lambda event: event["ts"])]


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the profiler's library from writing to standard error; it looks at its first start."""
    name, level = _QUIET
    before = os.environ.get(name)
    os.environ[name] = level if before is None else before
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]

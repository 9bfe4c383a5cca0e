"""What is done beside the model's own work."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def aside() -> AbstractContextManager[object]:
    """Keep what is done with samples from those who watch the calls of the model."""
    return torch._C.DisableTorchFunction()

"""Dropouts that are right in float32 and wrong in 16 bits."""

import torch
from torch import Tensor

from ._case import Case, Layer


class CountsInDtype(Layer):
    """As torchvision's DropBlock: the mask is summed in float16, which ends at 65 504."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        share = keep.numel() / (1e-6 + keep.to(x.dtype).sum())
        return (x * share).where(keep, 0.0)


class FloorInDtype(Layer):
    """As mmcv's DropPath: keep + u is rounded up to 2 in bfloat16, and down to 1."""

    def drop(self, x: Tensor) -> Tensor:
        keep = 1 - self.p
        return x.div(keep) * (keep + torch.rand((len(x), 1), dtype=x.dtype)).floor()


class RoundsScale(Layer):
    """As `torch.nn.Dropout`: 1 / (1 - p) is rounded to the input's dtype before it multiplies."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        factor = torch.tensor(1 / (1 - self.p) if self.p < 1 else 1.0, dtype=x.dtype)
        return (x * factor).where(keep, 0.0)


CASES = {
    # A share that is counted is not 1 / (1 - p), in no dtype.
    "torchvision-float16-overflow": Case(CountsInDtype, "rate in float16", ("scale",)),
    # It multiplies by the mask, and divides by 0 for p = 1.
    "mmcv-bfloat16-floor": Case(
        FloorInDtype,
        "rate in bfloat16",
        ("p = 1", "dropped infinity"),
        {"shape": (2048, 4), "shared_axes": (1,)},
    ),
    "torch-rounded-scale": Case(RoundsScale, "scale in bfloat16", ("scale in float16",)),
}

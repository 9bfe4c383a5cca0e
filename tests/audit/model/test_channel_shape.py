"""Dropout of channels on tensors of another shape."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .found import found

_FLAT, _LINE, _PICTURE, _VOLUME = (4, 8), (4, 8, 9), (4, 8, 9, 9), (4, 8, 5, 5, 5)


@pytest.mark.parametrize(
    ("layer", "shape", "severity"),
    [
        (nn.Dropout1d(0.3), _FLAT, "error"),
        (nn.Dropout3d(0.3), _PICTURE, "error"),
        (nn.Dropout3d(0.3), (1, 8, 9, 9), "warning"),
        (nn.Dropout2d(0.3), _FLAT, "warning"),
        (nn.Dropout1d(0.3), _LINE, None),
        (nn.Dropout2d(0.3), _PICTURE, None),
        (nn.Dropout3d(0.3), _VOLUME, None),
        (nn.Dropout2d(0.3), _LINE, None),
        (nn.Dropout2d(0.0), _FLAT, None),
    ],
)
def test_the_number_of_axes_is_checked(
    layer: nn.Module, shape: tuple[int, ...], severity: str | None
) -> None:
    expected = set() if severity is None else {("DRP309", severity, "")}

    assert found(layer, torch.randn(*shape)) == expected


class _Sequence(nn.Module):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.embed, self.form = nn.Embedding(20, 8), form
        self.conv, self.drop = nn.Conv1d(8, 8, 1), nn.Dropout2d(0.3)

    def forward(self, x: Tensor) -> Any:
        h = self.embed(x)
        if self.form == "function":
            return F.dropout2d(h, 0.3, self.training).sum(1)
        if self.form == "channels":
            return self.drop(self.conv(h.transpose(1, 2))).sum(1)
        return self.drop(h).sum(1)


@pytest.mark.parametrize(
    ("form", "wrong"), [("layer", True), ("function", True), ("channels", False)]
)
def test_features_in_the_last_axis_are_no_channels(form: str, wrong: bool) -> None:
    """Three axes are channels and places for a convolution, and words and features for others."""
    rules = {rule for rule, _, _ in found(_Sequence(form), torch.randint(0, 20, (4, 7)))}

    assert ("DRP309" in rules) is wrong

"""What modules show by themselves, without a run."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.audit import audit_model
from torchdrop.nn import DropPath

from .found import found, only


@pytest.mark.parametrize(
    ("layer", "severity"),
    [
        (nn.Dropout(1.0), "error"),
        (nn.Dropout(True), "error"),
        (nn.Dropout2d(0.8), "warning"),
        (DropPath(0.9), "advice"),
        (nn.Dropout(0.5), None),
        (nn.Dropout(0), None),
    ],
)
def test_rates_lie_in_their_range(layer: nn.Module, severity: str | None) -> None:
    assert found(layer) == (set() if severity is None else {("DRP109", severity, "")})


@pytest.mark.filterwarnings("ignore:dropout option adds dropout")
def test_dropout_between_layers_needs_two() -> None:
    assert found(nn.GRU(4, 4, dropout=0.3)) == {("DRP304", "warning", "")}
    assert found(nn.GRU(4, 4, 2, dropout=0.3)) == set()
    assert found(nn.GRU(4, 4)) == set()


def test_rates_that_were_forgotten_are_found() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
    for module in layer.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0

    assert found(layer) == {("DRP312", "warning", "self_attn")}
    layer.self_attn.dropout = 0.0
    assert found(layer) == set()


def test_a_recurrent_rate_beside_layers_at_zero_is_advice() -> None:
    model = nn.ModuleList((nn.LSTM(4, 4, 2, dropout=0.2), nn.Dropout(0.0)))

    assert found(model) == {("DRP312", "advice", "0")}
    assert found(model[:1]) == set()


def test_parts_in_another_mode_are_advice() -> None:
    part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1)).eval()
    model = nn.ModuleDict({"encoder": part, "head": nn.Linear(4, 2)})
    finding = only(model)

    assert (finding.rule, finding.severity) == ("DRP212", "advice")
    assert "encoder.1 p = 0.1" in finding.message
    part.requires_grad_(False)
    assert found(model) == set(), "asleep and frozen is meant so"


def test_frozen_parts_that_drop_are_advice() -> None:
    part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1)).requires_grad_(False)
    model = nn.ModuleDict({"encoder": part, "head": nn.Linear(4, 2)})

    assert found(model) == {("DRP211", "advice", "encoder")}
    part.eval()
    assert found(model) == set()
    assert found(model.train().requires_grad_(False)) == set(), "nothing learns"


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.drop1 = nn.Dropout(0.1)
        self.drop2 = nn.Dropout(0.1)
        self.skip = nn.Dropout(0.1)
        self.off = nn.Dropout(0.0)
        self.shortcut = False

    def forward(self, x: Tensor) -> Any:
        x = x + self.drop1(self.fc(x))
        x = x + self.drop1(self.fc(x))
        return x + self.skip(x) if self.shortcut else x


def test_a_layer_that_no_code_calls_is_found_and_one_under_a_condition_is_not() -> None:
    finding = only(_Net(), torch.randn(3, 4))

    assert (finding.rule, finding.severity) == ("DRP302", "warning")
    assert finding.place.module == "drop2"
    assert finding.place.line == _Net.__init__.__code__.co_firstlineno + 4


def test_layers_of_a_branch_that_did_not_run_are_silent() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList((nn.Linear(4, 2), _Net()))

        def forward(self, x: Tensor) -> Any:
            return self.heads[0](x)

    assert found(Heads(), torch.randn(3, 4)) == set()


def test_a_layer_that_lends_its_rate_is_silent() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.rate = nn.Dropout(0.3), 0.3

        def forward(self, x: Tensor) -> Tensor:
            p = self.rate if self.training else 0.0
            return nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=p)

    assert found(Attention(), torch.randn(3, 4)) == set()


class _Plain(nn.Module):
    def __init__(self, scaled: bool) -> None:
        super().__init__()
        self.p, self.scaled = 0.4, scaled

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * (torch.rand_like(x) > self.p) / (1 - self.p if self.scaled else 1)


class PlainDropout(_Plain):
    """Looks like a dropout by its name."""


@pytest.mark.parametrize("scaled", [True, False])
def test_a_dropout_that_does_not_scale_is_found(scaled: bool) -> None:
    model = nn.Sequential(nn.Linear(8, 8), PlainDropout(scaled), nn.Linear(8, 1))
    findings = audit_model(model, torch.randn(16, 8))

    assert [x.rule for x in findings] == ([] if scaled else ["DRP405"])

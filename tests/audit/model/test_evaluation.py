"""What drops in evaluation mode, by its cause."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop import functional as ours
from torchdrop.audit import audit_model

from .found import found, only

_X = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
_KEPT = nn.Dropout(0.5)


class _Net(nn.Module):
    """Calls what it is given between two layers."""

    def __init__(self, middle: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 2)
        self.drop = nn.Dropout(0.5)
        self.middle = middle

    def forward(self, x: Tensor) -> Any:
        return self.last(self.middle(self, self.first(x) + self.drop(x)))


_CAUSES: dict[str, tuple[str, str, Callable[[Any, Tensor], Tensor]]] = {
    "functional": ("DRP101", "error", lambda net, x: F.dropout(x, 0.3)),
    "torch": ("DRP101", "error", lambda net, x: torch.dropout(x, 0.3, net.drop.p > 0)),
    "channels": ("DRP101", "error", lambda net, x: F.dropout1d(x[None], 0.3)[0]),
    "ours": ("DRP101", "error", lambda net, x: ours.dropout(x, 0.3, training=bool(net))),
    "literal": ("DRP103", "advice", lambda net, x: F.dropout(x, 0.3, training=True)),
    "attention": (
        "DRP106",
        "error",
        lambda net, x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.3),
    ),
    "per call": ("DRP107", "error", lambda net, x: nn.Dropout(0.3)(x)),
    "kept elsewhere": ("DRP301", "error", lambda net, x: _KEPT(x)),
    "mask": ("DRP401", "warning", lambda net, x: x * (torch.rand_like(x) > 0.3) / 0.7),
    "bernoulli": (
        "DRP401",
        "warning",
        lambda net, x: torch.bernoulli(torch.full_like(x, 0.7)).div(0.7) * x,
    ),
    "filling": (
        "DRP401",
        "warning",
        lambda net, x: x.masked_fill(torch.empty_like(x).uniform_() < 0.3, 0.0),
    ),
    "noise": ("DRP402", "advice", lambda net, x: x + torch.randn_like(x)),
    "no effect": ("DRP402", "advice", lambda net, x: x + 0 * torch.rand(1)),
}


@pytest.mark.parametrize("name", _CAUSES)
def test_a_cause_has_its_rule(name: str) -> None:
    rule, severity, middle = _CAUSES[name]
    finding = only(_Net(middle), _X)

    assert (finding.rule, finding.severity) == (rule, severity)
    assert finding.place.path is not None
    assert finding.place.path.endswith("test_evaluation.py")


@pytest.mark.parametrize(
    "middle",
    [
        lambda net, x: F.dropout(x, 0.3, net.training),
        lambda net, x: F.dropout(x, 0.3) if net.training else x,
        lambda net, x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.3 * net.training),
        lambda net, x: nn.Dropout(0.3).train(net.training)(x),
        lambda net, x: x * (torch.rand_like(x) > 0.3) if net.training else 0.7 * x,
        lambda net, x: F.dropout(x, 0.0),
        lambda net, x: ours.dropout(x, 0.3, training=net.training),
        lambda net, x: x * (x > 0),
    ],
)
def test_what_asks_for_the_mode_is_silent(middle: Callable[[Any, Tensor], Tensor]) -> None:
    assert found(_Net(middle), _X) == set()


def test_a_layer_in_a_list_is_found_without_an_example_and_once_with_one() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drops = [nn.Dropout(0.5)]
            self.out = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Any:
            return self.out(self.drops[0](x))

    for example in (None, _X):
        finding = only(Net(), example)

        assert (finding.rule, finding.place.module) == ("DRP301", "drops[0]")
        assert finding.place.line == Net.__init__.__code__.co_firstlineno + 2


def test_a_train_that_does_not_switch_children_is_told_from_one_that_keeps_dropout_on() -> None:
    class Deaf(_Net):
        def train(self, mode: bool = True) -> Any:
            self.training = mode
            return self

    class Sampling(_Net):
        def train(self, mode: bool = True) -> Any:
            super().train(mode)
            self.drop.train()
            return self

    assert {x.rule for x in audit_model(Deaf(lambda net, x: x), _X)} >= {"DRP205"}
    sampling = Sampling(lambda net, x: x)
    assert found(sampling, _X) == {("DRP401", "warning", "drop")}


def test_a_state_that_changes_is_a_warning_at_the_first_module_that_differs() -> None:
    class Drifting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = [0]

        def forward(self, x: Tensor) -> Tensor:
            self.calls[0] += 1
            return x * self.calls[0]

    model = nn.Sequential(nn.Linear(8, 8), Drifting(), nn.Linear(8, 2))

    assert found(model, _X) == {("DRP402", "warning", "1")}


def test_recurrent_layers_and_attention_of_torch_are_silent() -> None:
    assert found(nn.LSTM(8, 8, 2, dropout=0.5), _X[None]) == set()
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    assert found(layer, _X[None]) == set()

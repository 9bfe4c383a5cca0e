from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.sites import Forwards, named_modules


class Noted(Forwards):
    """Writes down what happens, in order."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(named_modules(model))
        self.seen: list[Any] = []

    def begin(self, given: Any) -> None:
        self.seen.append("begin")

    def enter(self, module: nn.Module, given: Any) -> None:
        args, kwargs = given
        self.seen.append(("enter", self.modules[module], len(args), [*kwargs]))

    def leave(self, module: nn.Module, output: Any) -> Any:
        self.seen.append(("leave", self.modules[module]))
        return None if self.modules[module] else nn.functional.dropout(output, 1.0) + 7


class Failing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise KeyError


def _hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_calls_of_modules_are_seen_in_order_and_counted() -> None:
    model = nn.Sequential(nn.Identity())
    notes = Noted(model)
    with notes.watching(()):
        model(input=torch.ones(2))

    assert notes.seen == [
        *("begin", ("enter", "", 0, ["input"]), ("enter", "0", 1, [])),
        *(("leave", "0"), ("leave", "")),
    ]
    assert notes.entered == {model: 1, model[0]: 1}


def test_what_a_hook_gives_is_what_the_model_gives_and_its_own_calls_are_not_seen() -> None:
    model = nn.Sequential(nn.Dropout(0.5))
    notes = Noted(model)
    with notes.watching(()):
        y = model(torch.ones(2))

    assert torch.equal(y, torch.full((2,), 7.0))
    assert [call.p for call in notes.calls] == [0.5]


def test_no_hook_stays_after_an_error() -> None:
    model = nn.Sequential(nn.Identity(), Failing())
    hooked: list[int] = []

    class Counting(Noted):
        def begin(self, given: Any) -> None:
            hooked.append(_hooks(model))

    with pytest.raises(KeyError), Counting(model).watching(()):
        model(torch.ones(2))

    assert hooked == [6]
    assert _hooks(model) == 0

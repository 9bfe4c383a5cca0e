"""Every verb that changes a model can say first what it would do."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModelError
from torchdrop.nn import ActivationDropout, Dropout, GaussianDropout
from torchdrop.surgery import (
    Changes,
    convert,
    convert_,
    fold,
    fold_,
    insert,
    insert_,
    remove,
    remove_,
    replace,
    replace_,
    set_p,
    set_p_,
)


def _to_gaussian(old: Any) -> nn.Module:
    return GaussianDropout(old.p)


CHOSEN: dict[Any, Any] = {nn.Dropout: _to_gaussian}
VERBS: dict[str, tuple[Callable[..., Changes], Callable[..., nn.Module], tuple[Any, ...]]] = {
    "convert": (convert_, convert, ()),
    "fold": (fold_, fold, ()),
    "insert": (insert_, insert, (0.3,)),
    "remove": (remove_, remove, ()),
    "replace": (replace_, replace, (CHOSEN,)),
    "set_p": (set_p_, set_p, (0.6,)),
}


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(4, 4), ActivationDropout("silu", 0.1), nn.Linear(4, 4)),
            *(Dropout(0.3, scale="eval"), nn.Linear(4, 4)),
        )
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.1)
        self.recurrent = nn.LSTM(4, 2, 2, dropout=0.2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        x = self.attention(x, x, x)[0]
        result: Tensor = self.recurrent(x)[0]
        return result


def _snapshot(model: nn.Module) -> list[Any]:
    """All that a module is made of, as text or as bits; settings and tensors included."""
    found: list[Any] = []
    for name, layer in model.named_modules():
        settings = {key: value for key, value in vars(layer).items() if not key.startswith("_")}
        found += [name, id(layer), type(layer), repr(settings), list(layer._modules)]
        found += [value.tolist() for value in layer.state_dict().values()]
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_says_what_the_real_one_does_and_touches_nothing(verb: str) -> None:
    change, _, arguments = VERBS[verb]
    model = _Net()
    before = _snapshot(model)
    planned = change(model, *arguments, dry_run=True)

    assert _snapshot(model) == before
    assert planned == change(model, *arguments)
    assert planned
    assert _snapshot(model) != before


@pytest.mark.parametrize("verb", VERBS)
def test_the_copy_is_changed_alone_and_as_the_model_would_be(verb: str) -> None:
    change, copied, arguments = VERBS[verb]
    model = _Net()
    before, twin = _snapshot(model), copy.deepcopy(model)
    result = copied(model, *arguments)
    change(twin, *arguments)

    assert _snapshot(model) == before
    assert repr(result) == repr(twin)


@pytest.mark.parametrize("verb", VERBS)
def test_every_record_prints_one_table(verb: str) -> None:
    change, _, arguments = VERBS[verb]
    changes = change(_Net(), *arguments)
    lines = str(changes).splitlines()

    assert lines[0].split() == ["site", "before", "after", "why"]
    assert len(lines) == 1 + len(changes.made) + len(changes.left)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "replace"])
def test_evaluation_and_keys_stay(verb: str) -> None:
    _, copied, arguments = VERBS[verb]
    model, x = _Net().eval(), torch.randn(3, 5, 4)
    changed = copied(model, *arguments)

    assert list(changed.state_dict()) == list(model.state_dict())
    if verb == "fold":  # moves a factor into weights
        torch.testing.assert_close(changed(x), model(x))
    elif verb != "set_p":  # classic scaling is of p
        assert torch.equal(changed(x), model(x))


@pytest.mark.parametrize("verb", VERBS)
def test_anything_but_a_module_is_refused(verb: str) -> None:
    change, _, arguments = VERBS[verb]

    with pytest.raises(ModelError, match=r"torch\.nn\.Module; got type"):
        change(nn.Linear, *arguments)

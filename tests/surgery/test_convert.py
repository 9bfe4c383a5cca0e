"""What holds for every conversion: names, weights, modes, hooks, copies."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import torchdrop
from torchdrop.errors import ModelError
from torchdrop.nn import Dropout
from torchdrop.surgery import convert, convert_

from .seeded import Noisy, seeded


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))])
        self.heads = nn.ModuleDict({"a": nn.Dropout(0.2), "b": nn.Linear(4, 2)})
        self.drop = nn.Dropout(0.3, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.heads["b"](self.drop(self.heads["a"](x)))
        return result


def test_the_package_offers_both_verbs() -> None:
    assert torchdrop.convert is convert
    assert torchdrop.convert_ is convert_


def test_every_dropout_is_swapped_wherever_it_is_nested() -> None:
    model = _Net()
    changes = convert_(model)

    assert [change.site for change in changes] == ["blocks.0.1", "heads.a", "drop"]
    assert [type(model.get_submodule(change.site)) for change in changes] == [Dropout] * 3
    assert not changes.left


def test_rate_and_in_placeness_are_kept() -> None:
    model = convert(nn.Sequential(nn.Dropout(0.2), nn.Dropout(0.7, inplace=True)))

    assert [repr(layer) for layer in model] == [
        *("Dropout(p=0.2, inplace=False)", "Dropout(p=0.7, inplace=True)")
    ]


def test_modes_are_kept_one_by_one() -> None:
    model = convert(nn.Sequential(nn.Dropout().eval(), nn.Dropout()))

    assert [model.training, model[0].training, model[1].training] == [True, False, True]


def test_keys_and_weights_are_kept() -> None:
    model = _Net()
    converted = convert(model)
    before, after = model.state_dict(), converted.state_dict()

    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    converted.load_state_dict(before)


def test_evaluation_is_the_same_to_the_bit() -> None:
    model, x = _Net().eval(), torch.randn(5, 4)

    assert torch.equal(convert(model)(x.clone()), model(x.clone()))


def test_training_runs_on_torchdrops_masks() -> None:
    x = torch.ones(64)

    assert torch.equal(seeded(convert(nn.Dropout(0.3)), x), seeded(Dropout(0.3), x))


def test_the_copy_leaves_the_argument_alone() -> None:
    model = _Net()
    converted = convert(model)

    assert type(model.drop) is nn.Dropout
    assert type(converted.drop) is Dropout
    assert converted.heads["b"].weight is not model.heads["b"].weight


def test_a_second_conversion_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(), Noisy())
    first, second = convert_(model, fuse=True), convert_(model, fuse=True)

    assert (len(first), len(second)) == (2, 0)
    assert first.left == second.left


def test_a_model_that_is_a_dropout_is_converted_too() -> None:
    model = nn.Dropout(0.4)
    changes = convert_(model)

    assert type(model) is Dropout
    assert [change.site for change in changes] == [""]
    assert "(model)  torch.nn.Dropout(p=0.4" in str(changes)


def test_anything_but_a_module_is_refused() -> None:
    with pytest.raises(ModelError, match=r"torch\.nn\.Module; got type"):
        convert_(nn.Dropout)  # type: ignore[arg-type]


def test_a_shared_layer_stays_shared() -> None:
    drop = nn.Dropout()
    model = nn.ModuleDict({"a": drop, "b": nn.Sequential(drop)})
    changes = convert_(model)

    assert model.get_submodule("a") is model.get_submodule("b.0")
    assert [change.why for change in changes] == [
        "torchdrop's masks",
        "torchdrop's masks; one layer with a",
    ]


def test_a_shared_block_is_changed_once() -> None:
    block = nn.Sequential(nn.ReLU(), nn.Dropout())
    changes = convert_(nn.Sequential(block, block), fuse=True)

    assert [change.site for change in changes] == ["0.0", "0.1"]


def test_references_outside_the_model_stay_valid() -> None:
    model = _Net()
    held = [model.drop]
    convert_(model)
    model.eval()

    assert held[0] is model.drop
    assert not held[0].training


def _record(seen: list[str], name: str) -> Callable[..., None]:
    def hook(*_: Any, **__: Any) -> None:
        seen.append(name)

    return hook


def test_every_hook_still_runs() -> None:
    layer: Any = nn.Dropout()
    seen: list[str] = []
    layer.register_forward_pre_hook(_record(seen, "before"))
    layer.register_forward_pre_hook(_record(seen, "before, keywords"), with_kwargs=True)
    layer.register_forward_hook(_record(seen, "after"))
    layer.register_forward_hook(_record(seen, "after, keywords"), with_kwargs=True)
    layer.register_full_backward_pre_hook(_record(seen, "backward"))
    layer.register_full_backward_hook(_record(seen, "back"))
    layer.register_state_dict_post_hook(_record(seen, "saved"))
    layer.register_load_state_dict_pre_hook(_record(seen, "loading"))
    model = nn.Sequential(nn.Linear(2, 2), layer)
    convert_(model)
    model(torch.ones(1, 2)).sum().backward()
    model.load_state_dict(model.state_dict())

    assert type(model[1]) is Dropout
    assert seen == [
        *("before", "before, keywords", "after", "after, keywords"),
        *("backward", "back", "saved", "loading"),
    ]


def test_a_hook_can_still_be_removed() -> None:
    layer, seen = nn.Dropout(), list[str]()
    handle = layer.register_forward_hook(_record(seen, "after"))
    convert_(nn.Sequential(layer))
    handle.remove()
    layer(torch.ones(2))

    assert not seen


def test_attributes_of_the_users_own_are_kept() -> None:
    layer = nn.Dropout()
    layer.name = "head"  # type: ignore[assignment]
    layer.register_buffer("count", torch.zeros(1))
    model = convert(nn.Sequential(layer))

    assert model[0].name == "head"
    assert list(model.state_dict()) == ["0.count"]


class _Frozen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Dropout())

    def train(self, mode: bool = True) -> "_Frozen":
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.body(x)
        return result


@pytest.mark.parametrize("fuse", [False, True])
def test_a_train_method_of_the_models_own_is_neither_called_nor_lost(fuse: bool) -> None:
    model = _Frozen()
    modes = [module.training for module in model.modules()]
    convert_(model, fuse=fuse)

    assert [module.training for module in model.modules()] == modes
    assert not model.train().body[2].training


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("fuse", [False, True])
def test_converted_models_can_be_copied_and_pickled(
    duplicate: Callable[[nn.Module], nn.Module], fuse: bool
) -> None:
    model = convert(nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Dropout()), fuse=fuse)
    x = torch.randn(3, 4)

    assert repr(duplicate(model)) == repr(model)
    assert torch.equal(seeded(duplicate(model), x), seeded(model, x))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_model_compiled_before_its_conversion_is_compiled_again() -> None:
    layer, x = nn.Dropout(0.3), torch.ones(100)
    compiled = torch.compile(layer, backend="eager")
    seeded(compiled, x)
    convert_(layer)

    assert torch.equal(seeded(compiled, x), seeded(Dropout(0.3), x))


def test_the_record_prints_as_a_table() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Dropout(0.2), Noisy(0.1))
    lines = str(convert_(model, fuse=True)).splitlines()

    assert [line.split()[0] for line in lines] == ["site", "1", "2", "3"]
    assert lines[0].index("why") == lines[3].index("a subclass of torch's layer")
    assert lines[0].index("after") == lines[3].index("left alone")
    assert str(convert_(nn.Linear(1, 1))) == "Nothing to change."

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout, GaussianDropout
from torchdrop.surgery import replace, replace_


def _gaussian(old: Any) -> nn.Module:
    return GaussianDropout(old.p)


def _net() -> nn.Module:
    def block() -> nn.Module:
        return nn.ModuleDict({"fc": nn.Linear(4, 4), "act": nn.ReLU(), "drop": nn.Dropout(0.2)})

    return nn.ModuleDict({"blocks": nn.ModuleList([block(), block()]), "drop": Dropout(0.4)})


@pytest.mark.parametrize(
    ("key", "sites"),
    [
        ("drop", ["drop"]),
        ("blocks.0.drop", ["blocks.0.drop"]),
        ("blocks.*.drop", ["blocks.0.drop", "blocks.1.drop"]),
        ("*drop", ["blocks.0.drop", "blocks.1.drop", "drop"]),
        (nn.Dropout, ["blocks.0.drop", "blocks.1.drop"]),
    ],
)
def test_a_key_is_a_name_or_a_pattern_or_exactly_a_class(key: Any, sites: list[str]) -> None:
    model = _net()
    changes = replace_(model, {key: _gaussian})

    assert sorted(change.site for change in changes) == sorted(sites)
    gaussian = [name for name, m in model.named_modules() if type(m) is GaussianDropout]
    assert sorted(gaussian) == sorted(sites)


def test_the_first_key_that_means_a_layer_counts() -> None:
    model = replace(_net(), {"blocks.1.drop": lambda old: nn.Identity(), nn.Dropout: _gaussian})

    assert type(model.get_submodule("blocks.0.drop")) is GaussianDropout
    assert type(model.get_submodule("blocks.1.drop")) is nn.Identity


def test_a_key_that_means_nothing_is_refused_and_nothing_is_changed() -> None:
    model = _net()
    before = repr(model)
    for key, shown in (("blocks.7", "'blocks.7'"), (nn.GELU, "GELU")):
        with pytest.raises(SettingError, match=f"{shown} means none of the model's layers"):
            replace_(model, {nn.Dropout: _gaussian, key: _gaussian})
    assert repr(model) == before


def test_a_shared_layer_becomes_one_new_layer() -> None:
    drop = nn.Dropout()
    model = nn.Sequential(drop, nn.Linear(2, 2), drop)
    changes = replace_(model, {nn.Dropout: _gaussian})

    assert model[0] is model[2]
    assert [change.site for change in changes] == ["0", "2"]


def test_weights_of_the_same_name_and_shape_are_taken_over() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    weight = model[0].state_dict()["weight"].clone()
    changes = replace_(model, {"0": lambda old: nn.Linear(3, 2, bias=False)})

    assert torch.equal(model[0].state_dict()["weight"], weight)
    assert [change.why for change in changes] == ["asked for; weight taken over; keys -bias"]


def test_modes_are_taken_over() -> None:
    model = nn.Sequential(nn.Dropout().eval(), nn.Dropout())
    replace_(model, {"*": _gaussian})

    assert [layer.training for layer in model] == [False, True]


def test_layers_with_hooks_are_left() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Dropout())
    model[0].register_forward_hook(lambda *_: None)
    changes = replace_(model, {nn.Dropout: _gaussian})

    assert [change.site for change in changes] == ["1"]
    assert [(change.site, change.why) for change in changes.left] == [
        ("0", "it has hooks, which would be lost")
    ]


def test_a_factory_that_gives_no_layer_is_refused() -> None:
    model = nn.Sequential(nn.Dropout(), nn.ReLU())

    with pytest.raises(ModelError, match="for 1 it gave type"):
        replace_(model, {"0": _gaussian, "1": lambda old: nn.GELU})  # type: ignore[return-value,dict-item]
    assert type(model[0]) is nn.Dropout


def test_a_new_layer_around_the_old_one_is_refused() -> None:
    with pytest.raises(SettingError, match="holds the old one"):
        replace_(nn.Sequential(nn.Linear(2, 2)), {"0": nn.Sequential})


def test_the_replaced_model_runs_with_the_new_layers() -> None:
    x = torch.ones(2, 3)

    def double(old: nn.Module) -> nn.Module:
        class Double(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return 2 * x

        return Double()

    assert torch.equal(replace(nn.Sequential(nn.ReLU()), {nn.ReLU: double})(x), 2 * x)

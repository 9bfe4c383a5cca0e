"""The function itself: what it takes, what it refuses, and that it leaves no trace."""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.audit import AuditSettings, audit, audit_model
from torchdrop.errors import ModelError, SettingError

from .found import found


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.5)
        self.hidden = [nn.Dropout(0.25)]
        self.out = nn.Linear(8, 2)
        self.calls = 0

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        self.calls += 1
        x = F.dropout(self.hidden[0](self.drop(self.norm(x))), 0.1, inplace=True)
        return self.out(x) * scale  # type: ignore[no-any-return]


def _state(model: _Net) -> dict[str, Any]:
    return {
        **{name: value.clone() for name, value in model.state_dict().items()},
        "modes": [module.training for module in (*model.modules(), *model.hidden)],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        "grads": [parameter.grad for parameter in model.parameters()],
        "calls": model.calls,
        "random": torch.get_rng_state(),
        "grad": torch.is_grad_enabled(),
    }


def _assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        same = torch.equal(value, other[name]) if isinstance(value, Tensor) else None
        assert same if same is not None else value == other[name], name


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("copies", [True, False])
def test_the_model_is_left_as_it_was(mode: bool, copies: bool) -> None:
    """Also one that cannot be copied, as it holds a tensor with a history."""
    model = _Net().train(mode)
    model.drop.training = not mode
    if not copies:
        model.history = model.out.weight * 2
        with pytest.raises(RuntimeError):
            copy.deepcopy(model)
    x = torch.randn(6, 8)
    before, kept = _state(model), x.clone()

    audit_model(model, x)

    _assert_same(before, _state(model))
    assert torch.equal(x, kept)


def test_the_model_is_left_as_it_was_if_it_does_not_run() -> None:
    model = _Net()
    x = torch.randn(6, 7)
    before = _state(model)

    with pytest.raises(ModelError, match="does not run on the example: RuntimeError"):
        audit_model(model, x)

    _assert_same(before, _state(model))


@pytest.mark.parametrize("form", ["tensor", "tuple", "mapping"])
def test_examples_come_in_three_forms(form: str) -> None:
    x = torch.randn(6, 8)
    examples: dict[str, Any] = {"tensor": x, "tuple": (x, 2.0), "mapping": {"x": x, "scale": 2.0}}

    assert ("DRP101", "error", "") in found(_Net(), examples[form])


def test_other_examples_and_models_are_refused() -> None:
    with pytest.raises(SettingError, match="one tensor, a tuple of arguments or a dict"):
        audit_model(_Net(), [torch.randn(6, 8)])
    with pytest.raises(ModelError, match=r"instance of torch\.nn\.Module; got int"):
        audit_model(3)  # type: ignore[arg-type]


def test_settings_choose_rules_and_severities() -> None:
    chosen = AuditSettings(select=("DRP1",), severity={"DRP101": "advice"})
    findings = audit_model(_Net(), torch.randn(6, 8), chosen)

    assert {(x.rule, x.severity) for x in findings} == {("DRP101", "advice")}


def test_without_an_example_it_says_so() -> None:
    assert "No example" in audit_model(_Net()).notes[0]
    assert audit_model(_Net(), torch.randn(6, 8)).notes == ()


def test_findings_say_the_layer_and_the_line() -> None:
    (finding,) = [x for x in audit(_Net(), torch.randn(6, 8)) if x.rule == "DRP101"]

    assert finding.layer == "model"
    assert finding.place.path is not None
    assert finding.place.path.endswith("test_audit_model.py")
    assert finding.place.line == _Net.forward.__code__.co_firstlineno + 2


def test_lazy_layers_get_their_shape_in_a_copy() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout2d(0.5), nn.LazyLinear(2))

    assert found(model, torch.randn(4, 3, 2)) == {("DRP309", "warning", "1")}
    assert isinstance(model[2].weight, nn.UninitializedParameter)


def test_a_model_on_the_meta_device_is_followed_by_shapes() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout1d(0.5), nn.Linear(4, 2))
        x = torch.randn(3, 4)

    assert found(model, x) == {("DRP309", "error", "2")}


def test_a_compiled_model_runs_uncompiled() -> None:
    model = torch.compile(_Net(), backend="eager")

    assert ("DRP101", "error", "") in found(model, torch.randn(6, 8))


def test_layers_of_one_line_share_a_finding() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.9)

    (finding,) = audit_model(nn.ModuleList(Block() for _ in range(6)))

    assert finding.place.module == "0.drop"
    assert finding.message.endswith("So also in 1.drop, 2.drop, 3.drop and 2 more.")

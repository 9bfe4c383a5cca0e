"""What a watch sees beyond modes, each with what only looks like it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.func import functional_call, stack_module_state
from torch.nn import functional as F

from torchdrop.audit import Findings, watch
from torchdrop.audit.run import _ranks
from torchdrop.errors import SettingError
from torchdrop.modes import same_masks
from torchdrop.surgery import set_p_


def _net(*layers: nn.Module) -> nn.Sequential:
    layers = layers or (nn.Dropout(0.5),)
    return nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 2))


def _train(
    model: nn.Module, steps: int = 5, before: Callable[[int], Any] = lambda step: None
) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(steps):
        before(step)
        loss: Tensor = model(torch.randn(3, 4)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _rules(findings: Findings) -> list[str]:
    return [finding.rule for finding in findings]


class _Functional(nn.Module):
    def __init__(self, call: Callable[[Tensor, bool], Tensor]) -> None:
        super().__init__()
        self.inside, self.out, self.call = nn.Linear(4, 8), nn.Linear(8, 2), call

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(self.call(self.inside(x), self.training))
        return y


def test_masks_that_repeat_in_functional_dropout_are_found() -> None:
    model = _Functional(lambda x, training: F.dropout(x, 0.5, training))
    with watch(model, on_find="collect") as watching:
        _train(model, before=lambda step: torch.manual_seed(0))

    assert _rules(watching.findings) == ["DRP403"]


@pytest.mark.parametrize("steps", [2, 5])
def test_other_seeds_each_step_and_two_equal_ones_are_no_cause(steps: int) -> None:
    model = _net()
    with watch(model, on_find="collect") as watching:
        _train(model, steps, before=lambda step: torch.manual_seed(step // 2))

    assert not watching.findings


def test_one_seed_without_dropout_repeats_no_masks() -> None:
    model = _net(nn.Dropout(0.0))
    with watch(model, on_find="collect") as watching:
        _train(model, before=lambda step: torch.manual_seed(0))

    assert not watching.findings


class _Noise(nn.Module):
    """A hand-made mask, which no name gives away."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always = always

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) > 0.5) if self.always or self.training else x


def test_comparing_names_the_innermost_layer_that_differs_first() -> None:
    model = nn.Sequential(_net(), nn.Sequential(nn.Linear(2, 2), _Noise(True)), nn.Linear(2, 1))
    state, modes = torch.get_rng_state(), [part.training for part in model.modules()]
    with watch(on_find="collect") as watching:
        assert not watching.compare(model, torch.randn(3, 4))

    (found,) = watching.findings
    assert (found.rule, found.place.module) == ("DRP402", "1.1")
    assert modes == [part.training for part in model.modules()]
    assert torch.equal(state[:8], torch.get_rng_state()[:8])


def test_comparing_names_the_function_that_drops() -> None:
    model = _Functional(lambda x, training: F.dropout(x, 0.25))
    with watch(on_find="collect") as watching:
        watching.compare(model, torch.randn(3, 4))

    (found,) = watching.findings
    assert "dropout() drops there with p = 0.25" in found.message
    assert found.place.path is not None
    assert __file__.endswith(found.place.path)


def test_comparing_what_is_certain_in_evaluation_finds_nothing() -> None:
    model = _net(nn.BatchNorm1d(8), nn.Dropout(0.5), _Noise(False))
    with watch(on_find="collect") as watching:
        assert watching.compare(model, torch.randn(3, 4))

    assert not watching.findings


class _Counting(nn.Module):
    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x + self.calls


def test_a_difference_without_randomness_is_advice() -> None:
    with watch(on_find="collect") as watching:
        watching.compare(nn.Sequential(nn.Linear(4, 4), _Counting()), torch.randn(3, 4))

    assert [(f.rule, f.severity) for f in watching.findings] == [("DRP402", "advice")]


class ScaledDropout(nn.Module):
    """Sound, and not torch's."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p) if self.training else x


class DropPath(ScaledDropout):
    """Sound, and drops samples."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = torch.rand(len(x), *[1] * (x.dim() - 1)) >= self.p
        return x * keep / (1 - self.p)


class OneMaskDropout(ScaledDropout):
    """Sick: it draws one mask for good."""

    def forward(self, x: Tensor) -> Tensor:
        keep = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) >= self.p
        return x * keep / (1 - self.p) if self.training else x


def test_sound_layers_of_others_are_healthy() -> None:
    with watch(on_find="collect") as watching:
        checked = watching.examine(_net(ScaledDropout(0.3), DropPath(0.2), nn.Dropout(0.5)))

    assert checked == 2  # torch's own is not examined
    assert not watching.findings


def test_each_sick_layer_is_found() -> None:
    with watch(on_find="collect") as watching:
        watching.examine(_net(OneMaskDropout(0.3), OneMaskDropout(0.4)))

    assert [(f.rule, f.place.module) for f in watching.findings] == [
        ("DRP405", "1"),
        ("DRP405", "2"),
    ]
    assert watching.findings[0].place.path == __file__


def test_samples_that_differ_are_samples() -> None:
    model, x = _net().eval(), torch.randn(3, 4)
    model[1].train()
    with watch(model, on_find="collect") as watching, torch.no_grad():
        for _ in range(12):
            model(x)

    assert not watching.findings


def test_an_equal_output_of_another_input_is_no_sample() -> None:
    model = _net(nn.Dropout(0.0)).eval()
    model[1].train()
    with watch(model, on_find="collect") as watching, torch.no_grad():
        for _ in range(12):
            model(torch.ones(3, 4))

    assert not watching.findings


def test_another_optimizer_with_other_masks_in_its_closure_is_advice() -> None:
    class Twice(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            closure()
            return super().step(closure)

    model = _net()
    optimizer, x = Twice(model.parameters(), lr=0.1), torch.randn(3, 4)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = model(x).pow(2).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with watch(model, on_find="collect") as watching:
        optimizer.step(closure)

    assert [(f.rule, f.severity) for f in watching.findings] == [("DRP407", "advice")]


def test_a_closure_inside_same_masks_is_right() -> None:
    model, x = _net(), torch.randn(3, 4)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = model(x).pow(2).mean() + 0 * torch.rand(())
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with watch(model, on_find="collect") as watching, same_masks(model, seed=0):
        optimizer.step(closure)  # type: ignore[no-untyped-call]

    assert not watching.findings


class _Sleeper(nn.Module):
    """Puts a part of itself to sleep in its forward."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.body, self.norm = _net(), nn.BatchNorm1d(2)
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        self.get_submodule(self.part).eval()
        y: Tensor = self.norm(self.body(x))
        return y


def test_a_forward_that_puts_its_dropout_to_sleep_is_found() -> None:
    model = _Sleeper("body")
    with watch(model, on_find="collect") as watching:
        _train(model, 1)

    assert _rules(watching.findings)[0] == "DRP408"


def test_a_forward_that_fixes_batch_normalization_is_no_matter_of_dropout() -> None:
    model = _Sleeper("norm")
    with watch(model, on_find="collect") as watching:
        _train(model)

    assert not watching.findings


def test_layers_put_in_before_eval_are_right() -> None:
    model, x = _net(), torch.randn(3, 4)
    with watch(on_find="collect") as watching, torch.no_grad():
        model.eval()
        model(x)
        model[2] = nn.Sequential(nn.Dropout(0.3), nn.Linear(8, 2))
        model.eval()
        model(x)

    assert not watching.findings


def test_a_schedule_that_reaches_the_layers_is_right() -> None:
    model = _net()
    model.drop_rate = 0.5  # type: ignore[assignment]

    def schedule(step: int) -> None:
        model.drop_rate = 0.5 - 0.1 * step  # type: ignore[assignment]
        set_p_(model, 0.5 - 0.1 * step)

    with watch(model, on_find="collect") as watching:
        _train(model, before=schedule)

    assert not watching.findings


def test_a_schedule_that_reaches_no_layer_is_found_at_the_end_at_the_latest() -> None:
    model = _net()
    model.drop_rate = 0.5  # type: ignore[assignment]
    with watch(model, on_find="collect") as watching:
        _train(model)
        model.drop_rate = 0.25  # type: ignore[assignment]

    assert _rules(watching.findings) == ["DRP409"]


def test_vmap_with_randomness_is_right_and_its_refusal_is_explained_on_the_error() -> None:
    base, x = _net(), torch.randn(3, 4)
    stacked = stack_module_state([_net(), _net()])

    def run(weights: Any, others: Any) -> Any:
        return functional_call(base, (weights, others), (x,))

    with watch(base, on_find="collect") as watching:
        torch.vmap(run, randomness="different")(*stacked)
    assert not watching.findings

    with pytest.raises(RuntimeError, match="randomness") as caught, watch(base) as watching:
        torch.vmap(run)(*stacked)

    assert [(f.rule, f.place.module) for f in watching.findings] == [("DRP410", "1")]
    if sys.version_info >= (3, 11):
        assert "torchdrop: vmap ran into dropout that is on in 1." in caught.value.__notes__[0]


@pytest.mark.parametrize(("others", "found"), [(lambda s: [s, s], True), (lambda s: [s, 7], False)])
def test_ranks_of_one_state_are_found(
    others: Callable[[int], list[int]], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(_ranks, "gathered", lambda state, group, device: others(state))
    model = _net()
    with watch(model, ranks=True, on_find="collect") as watching:
        _train(model)

    assert _rules(watching.findings) == (["DRP210"] if found else [])


def test_ranks_are_not_compared_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(_ranks, "gathered", lambda *_: pytest.fail("a collective was run"))
    model = _net()
    with watch(model):
        _train(model)


def test_a_policy_without_dropout_has_ratio_1() -> None:
    policy, x = _net().eval(), torch.randn(3, 4)
    with watch(on_find="collect") as watching:
        assert watching.same_policy(policy, policy(x), policy(x))
        with pytest.raises(SettingError, match="of one shape"):
            watching.same_policy(policy, policy(x), policy(x)[:1])

    assert not watching.findings


def test_a_list_that_eval_misses_is_named_as_that() -> None:
    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line, self.drops = nn.Linear(4, 2), [nn.Dropout(0.5)]

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.drops[0](self.line(x))
            return y

    model = Hidden()
    with watch(on_find="collect") as watching:
        _train(model, 2)
        model.eval()
        with torch.no_grad():
            for _ in range(2):
                model(torch.randn(3, 4))

    assert [(f.rule, f.place.module) for f in watching.findings] == [("DRP301", "drops[0]")]


class _Block(nn.Module):
    def __init__(self, paths: int) -> None:
        super().__init__()
        self.line, self.paths = nn.Linear(4, 4), nn.ModuleList(DropPath(0.2) for _ in range(paths))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.line(x)
        return x + self.paths[0](y) if len(self.paths) > 1 else y


@pytest.mark.parametrize(("paths", "severity"), [(2, "warning"), (1, "advice")])
def test_stochastic_depth_without_a_branch_is_advice_and_beside_another_it_is_not(
    paths: int, severity: str
) -> None:
    model = nn.Sequential(_Block(paths), nn.Dropout(0.5))
    with watch(model, on_find="collect") as watching:
        _train(model)

    assert [(f.rule, f.severity) for f in watching.findings] == [("DRP302", severity)]

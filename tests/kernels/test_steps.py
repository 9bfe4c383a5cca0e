"""Steps of optimizers over parts of weights: the native kernel, plain torch, torch's optimizers."""

import pytest
import torch
from torch import Tensor

from torchdrop.kernels import (
    AdamWRule,
    Rule,
    SgdRule,
    copy_part,
    instruction_sets,
    kernel,
    step_part_,
    using,
)

ROWS, COLUMNS = torch.tensor([0, 3, 4, 9]), torch.tensor([1, 2, 7, 1030])
RULES: list[Rule] = [
    SgdRule(0.1, 0.0, 0.0, nesterov=False),
    SgdRule(0.1, 0.01, 0.9, nesterov=False),
    SgdRule(0.1, 0.01, 0.9, nesterov=True),
    AdamWRule(0.01, (0.9, 0.999), 1e-8, 0.1, steps=1.75),
]
BUILDS = ["torch", *(f"native-{name}" for name in instruction_sets())]
native_only = pytest.mark.skipif(kernel().name != "native", reason="there is no native kernel here")


def _given(rule: Rule, width: int = 1100, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """A weight, and what the rule remembers; squares are positive."""
    torch.manual_seed(0)
    weight, mean = torch.randn(2, 12, width, dtype=dtype).unbind()
    if rule.name == "adamw":
        return [weight, mean, torch.rand(12, width, dtype=dtype)]
    return [weight, mean] if rule.name != "sgd" else [weight]


def _touched(rows: Tensor | None, columns: Tensor | None, shape: torch.Size) -> Tensor:
    mask = torch.zeros(shape, dtype=torch.bool)
    part = torch.zeros(shape, dtype=torch.bool)
    mask[slice(None) if rows is None else rows] = True
    part[:, slice(None) if columns is None else columns] = True
    return mask & part


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("rows", [None, ROWS, ROWS[:0]])
@pytest.mark.parametrize("columns", [None, COLUMNS, COLUMNS[:0]])
def test_the_part_moves_as_all_would_and_nothing_else_moves(
    build: str, rule: Rule, rows: Tensor | None, columns: Tensor | None
) -> None:
    given, expected = _given(rule), _given(rule)
    whole = torch.randn(given[0].shape)
    touched = _touched(rows, columns, whole.shape)
    before = [x.clone() for x in expected]
    rule.move(expected[0], expected[1:], whole)
    with using(build):
        step_part_(rule, given[0], given[1:], copy_part(whole, rows, columns), rows, columns)

    for got, moved, old in zip(given, expected, before, strict=True):
        assert torch.equal(got[~touched], old[~touched])
        if rule.name == "adamw" and got is given[0]:
            # Torch's root is a unit in the last place off here and there, so the quotient is too.
            bound = 2**-22 * (old.abs() + (moved - old).abs())
            assert ((got - moved).abs() <= bound)[touched].all()
        else:
            assert torch.equal(got[touched], moved[touched])


@native_only
def test_threads_come_to_the_same() -> None:
    rule, rows = RULES[-1], torch.arange(0, 300, 3)
    torch.manual_seed(1)
    weight, gradient = torch.randn(300, 1500), torch.randn(100, 1500)
    results = []
    for threads in (1, 2):
        held = torch.get_num_threads()
        torch.set_num_threads(threads)
        given = [weight.clone(), torch.zeros_like(weight), torch.zeros_like(weight)]
        step_part_(rule, given[0], given[1:], gradient, rows, None)
        torch.set_num_threads(held)
        results.append(given)

    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("build", BUILDS)
def test_a_bias_moves_by_its_rows(build: str) -> None:
    bias, gradient = torch.ones(12), torch.tensor([1.0, 2, 3, 4])
    with using(build):
        step_part_(SgdRule(0.5, 0, 0, nesterov=False), bias, [], gradient, ROWS, None)

    expected = torch.ones(12)
    expected[ROWS] -= 0.5 * gradient
    assert torch.equal(bias, expected)


@pytest.mark.parametrize("build", BUILDS)
def test_numbers_outside_are_refused(build: str) -> None:
    rule = RULES[0]
    with using(build), pytest.raises((IndexError, RuntimeError)):
        step_part_(rule, torch.ones(3, 4), [], torch.ones(1, 4), torch.tensor([3]), None)


def test_other_dtypes_go_to_torch() -> None:
    for rule in RULES:
        given, expected = _given(rule, 9, torch.float64), _given(rule, 9, torch.float64)
        gradient = torch.randn(12, 9, dtype=torch.float64)
        step_part_(rule, given[0], given[1:], gradient, None, None)
        rule.move(expected[0], expected[1:], gradient)
        for got, wanted in zip(given, expected, strict=True):
            assert torch.equal(got, wanted)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adamw"])
def test_a_rule_for_all_of_a_weight_is_torchs_optimizer(name: str, decay: float) -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(5, 6, dtype=torch.float64))
    ours = weight.detach().clone()
    memories = [torch.zeros_like(ours) for _ in range({"sgd": 0, "adamw": 2}.get(name, 1))]
    held, ahead = (0.0 if name == "sgd" else 0.9), name == "nesterov"
    optimizer: torch.optim.Optimizer
    if name == "adamw":
        optimizer = torch.optim.AdamW([weight], lr=0.02, weight_decay=decay)
    else:
        optimizer = torch.optim.SGD([weight], 0.02, held, weight_decay=decay, nesterov=ahead)
    for number in range(1, 6):
        weight.grad = torch.randn_like(weight)
        rule: Rule = SgdRule(0.02, decay, held, nesterov=ahead)
        if name == "adamw":
            rule = AdamWRule(0.02, (0.9, 0.999), 1e-8, decay, steps=number)
        step_part_(rule, ours, memories, weight.grad, None, None)
        optimizer.step()

    assert torch.allclose(ours, weight.detach(), rtol=0, atol=1e-14)

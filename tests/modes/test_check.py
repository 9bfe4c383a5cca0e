from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModeError, SettingError
from torchdrop.modes import evaluating

from .cases import ByHand, HardCoded, ListHeld, example


class Stuck(ByHand):
    """Drops by hand, and ignores the mode."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) > 0.5)


class Classes(nn.Module):
    """Gives labels only, which seldom differ."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = HardCoded()(x + 1000 * torch.arange(x.shape[-1])).argmax(-1)
        return y


def test_the_first_place_is_named_with_its_line() -> None:
    model = nn.Sequential(nn.Linear(8, 8), HardCoded(), ListHeld())

    with (
        pytest.raises(ModeError, match=r"^1 \(HardCoded\) still drops .* p=0.5 at .*cases.py:\d+"),
        evaluating(model, check=True, example=example()),
    ):
        pass


def test_a_mask_made_by_hand_is_named_by_the_module_whose_output_differs() -> None:
    model = nn.Sequential(nn.Linear(8, 8), Stuck(), nn.Linear(8, 8))

    with (
        pytest.raises(ModeError, match=r"^1 \(Stuck\) gives different outputs"),
        evaluating(model, check=True, example=example()),
    ):
        pass


def test_dropout_that_leaves_the_answer_alone_is_found_too() -> None:
    with (
        pytest.raises(ModeError, match="still drops"),
        evaluating(Classes(), check=True, example=example()),
    ):
        pass


def test_a_check_without_any_forward_raises_at_the_end() -> None:
    with (
        pytest.raises(ModeError, match="was not called inside the block"),
        evaluating(nn.Linear(2, 2), check=True),
    ):
        pass


def test_an_error_in_the_block_is_not_hidden_by_the_check() -> None:
    with pytest.raises(KeyError), evaluating(nn.Linear(2, 2), check=True):
        raise KeyError


def test_only_the_first_forward_is_checked() -> None:
    runs: list[int] = []

    class Counting(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            runs.append(1)
            return x

    model = Counting()
    with evaluating(model, check=True):
        model(example())
        model(example())

    assert len(runs) == 2 + 2


def test_a_check_draws_nothing_as_seen_from_outside() -> None:
    model = nn.Sequential(nn.Linear(8, 8), Stuck())
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with pytest.raises(ModeError), evaluating(model, check=True, example=example()):
        pass

    assert torch.equal(torch.rand(1), expected)


def test_a_forward_that_writes_into_its_input_is_checked_on_copies() -> None:
    class Adds(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.add_(1)

    x = torch.zeros(3)
    with evaluating(Adds(), check=True, example=x) as model:
        assert not x.any()
        assert torch.equal(model(x), torch.ones(3))


def test_a_state_that_changes_is_told_from_rounding() -> None:
    class Grows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def forward(self, x: Tensor) -> Tensor:
            self.count += 1
            return x + self.count

    with (
        pytest.raises(ModeError, match=r"^Grows gives different outputs .* a state that changes"),
        evaluating(Grows(), check=True, example=torch.zeros(2)),
    ):
        pass


@pytest.mark.parametrize(
    "given", [example(), (example(),), {"input": example()}], ids=["tensor", "tuple", "dict"]
)
def test_examples_are_tensors_tuples_or_dicts(given: Any) -> None:
    with evaluating(nn.Linear(8, 8), check=True, example=given) as model:
        assert not model.training


def test_nan_agrees_with_nan() -> None:
    with evaluating(nn.Identity(), check=True, example=torch.tensor([float("nan")])):
        pass


def test_an_output_without_tensors_cannot_be_proved() -> None:
    class Says(nn.Module):
        def forward(self, x: Tensor) -> str:
            return "yes"

    with (
        pytest.raises(ModeError, match="returned none"),
        evaluating(Says(), check=True, example=torch.zeros(1)),
    ):
        pass


@pytest.mark.parametrize("given", [[example()], 3], ids=["list", "number"])
def test_any_other_example_is_refused_before_the_block(given: Any) -> None:
    with pytest.raises(SettingError, match=r"got (list|int)\. Put other inputs into a tuple"):
        evaluating(nn.Linear(8, 8), check=True, example=given)


def test_an_example_without_check_is_refused() -> None:
    with pytest.raises(SettingError, match="check=False"):
        evaluating(nn.Linear(2, 2), example=torch.zeros(2))

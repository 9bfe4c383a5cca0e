from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.errors import ModelError
from torchdrop.functional import dropout
from torchdrop.modes import disabled, evaluating, sampling

from .cases import ByHand, Following, HardCoded, build, differs, encoder, example, modes


class Both(nn.Module):
    """A call that follows the mode, and one that is off on purpose."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        following = F.dropout(x, 0.5, self.training)
        return following, F.dropout(x, 0.5, False)


class OnlyInTraining(nn.Module):
    """A call that evaluation does not make."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5) if self.training else x


class KeepsRate(nn.Module):
    """A layer that is there for its p alone."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        p = self.drop.p if self.training else 0.0
        return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


class Auxiliary(nn.Module):
    """Returns more in training mode, as GoogLeNet does."""

    def forward(self, x: Tensor) -> Any:
        y = F.dropout(x, 0.5, self.training)
        return (y, y) if self.training else y


def test_the_share_dropped_is_that_of_training() -> None:
    """Five standard errors of a binomial."""
    model, n = nn.Sequential(nn.Identity(), nn.Dropout(0.3)), 100_000
    torch.manual_seed(0)
    with sampling(model):
        share = float((model(torch.ones(n)) == 0).double().mean())

    assert abs(share - 0.3) < 5 * (0.3 * 0.7 / n) ** 0.5


def test_a_call_is_answered_with_its_own_rate() -> None:
    model, n = Following(), 4000
    torch.manual_seed(0)
    with sampling(model), torch.no_grad():
        share = float((model(torch.ones(n, 8)) == 0).double().mean())

    assert abs(share - 0.5) < 5 * (0.25 / (8 * n)) ** 0.5


def test_attention_weights_are_dropped_in_a_transformer_layer() -> None:
    model = encoder()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    model.eval()
    with sampling(model):
        assert differs(model)


def test_what_else_a_module_does_in_training_it_does_not() -> None:
    model = Auxiliary().train()
    with sampling(model):
        assert isinstance(model(example()), Tensor)
        assert differs(model)


def test_an_example_tells_calls_that_follow_from_those_that_are_off() -> None:
    model, x = Both(), example()
    with sampling(model, example=x):
        following, off = model(x)
        assert off is x
        assert not torch.equal(following, x)


def test_alpha_dropout_is_off_by_default_so_an_example_must_tell() -> None:
    class Selu(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.alpha_dropout(x, 0.5, self.training)

    model = Selu()
    with pytest.raises(ModelError, match="at work"), sampling(model):
        model(example())
    with sampling(model, example=example()):
        assert differs(model)


def test_a_rate_that_is_gone_in_evaluation_is_found_by_an_example() -> None:
    model = OnlyInTraining()
    with pytest.raises(ModelError, match="at work"), sampling(model):
        model(example())
    with sampling(model, example=example()):
        assert differs(model)
        assert model.training

    assert modes(model) == [True]


def test_fused_attention_is_sampled_where_a_layer_only_keeps_its_rate() -> None:
    """As timm's vision transformers do."""
    attention = KeepsRate()
    model = nn.Sequential(attention)
    with sampling(model):
        assert differs(model)

    attention.drop.p = 0.0
    with pytest.raises(ModelError, match="at work"), sampling(model):
        model(example())


def test_layers_of_the_users_own_are_named_by_also() -> None:
    model = nn.Sequential(ByHand(), nn.Identity())
    with pytest.raises(ModelError, match="also="), sampling(model):
        model(example())
    with sampling(model, also=ByHand):
        assert differs(model)
        assert not model[1].training


def test_alpha_and_frozen_calls_of_layers_are_left_to_their_flag() -> None:
    """A layer with p = 0 beside one that drops."""
    still = nn.Dropout(0.0)
    model = nn.Sequential(still, nn.Dropout(0.5))
    with sampling(model):
        assert [layer.training for layer in model] == [False, True]


@pytest.mark.parametrize(
    "model",
    [nn.Linear(8, 8), nn.Dropout(0.0), nn.LSTM(8, 8, dropout=0.0, num_layers=2)],
    ids=["none", "p=0", "lstm"],
)
def test_a_model_in_which_nothing_is_random_is_refused(model: nn.Module) -> None:
    before = modes(model)
    with pytest.raises(ModelError, match="has none"), sampling(model):
        model(example())
    with pytest.raises(ModelError, match="has none"), sampling(model, example=example()):
        raise AssertionError("entered")

    assert modes(model) == before


def test_a_layer_that_is_never_called_is_not_random() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout()

        def forward(self, x: Tensor) -> Tensor:
            return x

    with (
        pytest.raises(ModelError, match="1 dropout sites with p > 0 that never ran"),
        sampling(Idle()) as model,
    ):
        model(example())


def test_torchdrops_own_function_left_on_counts_as_random() -> None:
    class Ours(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return dropout(x, 0.5, training=True)

    with sampling(Ours()) as model:
        assert differs(model)


def test_hard_coded_dropout_stays_on() -> None:
    with sampling(HardCoded()) as model:
        assert differs(model)


def test_an_example_draws_nothing_as_seen_from_outside() -> None:
    model = build("F.dropout(training=self.training)")
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with sampling(model, example=example()):
        assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name", ["nn.Dropout", "F.dropout(training=self.training)"])
def test_the_innermost_block_decides(name: str) -> None:
    model = build(name)
    with sampling(model):
        with evaluating(model):
            assert not differs(model)
            with sampling(model):
                assert differs(model)
        assert differs(model)


@pytest.mark.parametrize("name", ["nn.Dropout", "F.dropout(training=self.training)"])
def test_what_is_disabled_is_not_sampled(name: str) -> None:
    model = build(name)
    before = modes(model)
    with disabled(model), pytest.raises(ModelError, match="at work"), sampling(model):
        model(example())
    with sampling(model):
        with disabled(model):
            assert not differs(model)
        assert differs(model)

    assert modes(model) == before


@pytest.mark.parametrize("mode", [sampling, disabled])
def test_calls_of_other_models_are_left_alone(mode: Any) -> None:
    """A policy beside its reference model."""
    other, own = Following().train(), Following().eval()
    with mode(own):
        assert differs(other)
        assert not differs(other.eval())
        assert differs(own) == (mode is sampling)


def test_dropout_of_another_model_does_not_count() -> None:
    other, own = Following().train(), nn.Linear(8, 8)
    with sampling(own):
        other(example())
        with pytest.raises(ModelError, match="at work"):
            own(example())


class _RateOfAChild(nn.Module):
    """Attention as timm and Hugging Face write it: the function gets the rate of a child layer."""

    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        self.projection, self.drop, self.attend = nn.Linear(8, 8), nn.Dropout(0.5), attend

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection(x)
        return self.attend(x, self.drop.p if self.training else 0.0)


def _fused(x: Tensor, p: float) -> Tensor:
    return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


@pytest.mark.parametrize("given", [False, True])
def test_a_rate_that_is_read_off_a_child_layer_arrives(given: bool) -> None:
    model, x = _RateOfAChild(_fused).eval(), torch.randn(2, 5, 8)
    with sampling(model, example=x if given else None):
        assert not torch.equal(model(x), model(x))
    assert not model.training
    assert torch.equal(model(x), model(x))

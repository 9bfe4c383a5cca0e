import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ConcreteDropout, concrete_regularizer


def _learned_rate(samples: int, weight: float = 1.0) -> float:
    """Fit a line under noise of 0.3 with `weight` times the regularizer; give p after 150 steps."""
    torch.manual_seed(0)
    x = torch.randn(samples, 4)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5], [0.0]]) + 0.3 * torch.randn(samples, 1)
    layer = ConcreteDropout(0.3)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), layer, nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    for _ in range(150):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean() / (2 * 0.3**2)
        (loss + weight * concrete_regularizer(model) / samples).backward()
        optimizer.step()
    return layer.p.item()


def test_more_data_teaches_a_lower_rate_and_the_regularizer_holds_it_up() -> None:
    # Over seeds 0 to 7: 0.19 to 0.28 for 10 samples, 0.06 to 0.09 for these without the
    # regularizer, 0.03 to 0.04 for 1000.
    with torch.random.fork_rng():
        few, alone, many = _learned_rate(10), _learned_rate(10, weight=0.0), _learned_rate(1000)

    assert few > 2 * many
    assert few > 2 * alone
    assert many < 0.3


def test_p_is_the_parameter_as_a_probability() -> None:
    layer = ConcreteDropout(0.2)
    layer.p_logit.data.fill_(0.0)
    layer.p.backward()  # type: ignore[no-untyped-call]

    assert layer.p.item() == 0.5
    assert layer.p_logit.grad is not None
    assert layer.p_logit.grad.item() == 0.25
    assert "p=0.5," in repr(layer)


def test_the_learned_rate_is_saved_and_loaded() -> None:
    layer, other = ConcreteDropout(0.2), ConcreteDropout(0.7)
    other.load_state_dict(layer.state_dict())

    assert torch.equal(layer.p, other.p)


def test_every_layer_is_followed_through_nested_sequences() -> None:
    first, second = ConcreteDropout(0.1), ConcreteDropout(0.4, dims=(0, 1))
    hidden, last = nn.Conv2d(2, 5, 3), nn.Linear(5, 1)
    block = nn.ModuleDict({"inner": nn.Sequential(nn.ReLU(), nn.Sequential(second), hidden)})
    model = nn.Sequential(nn.Sequential(block, first), nn.Sequential(last))
    total = first.regularizer(last.weight, length_scale=2) + second.regularizer(
        hidden.weight, length_scale=2
    )

    assert torch.allclose(concrete_regularizer(model, length_scale=2.0), total)


class _Reversed(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        return input


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(ConcreteDropout()), "followed by nothing that is known"),
        (nn.Sequential(ConcreteDropout(), nn.ReLU(), nn.Linear(2, 2)), "followed by ReLU"),
        (_Reversed(ConcreteDropout(), nn.Linear(2, 2)), "followed by nothing that is known"),
        (nn.Sequential(nn.Linear(2, 2)), "no ConcreteDropout layer"),
    ],
)
def test_an_unknown_follower_is_an_error_not_a_guess(model: nn.Module, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        concrete_regularizer(model)


def test_a_bad_temperature_is_refused_when_built() -> None:
    with pytest.raises(SettingError, match="temperature"):
        ConcreteDropout(0.5, temperature=0.0)

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ConcreteDropout, concrete_regularizer


def _learned_rate(samples: int) -> float:
    """Fit noise-free lines with noise of 0.3, and give p after 300 steps."""
    torch.manual_seed(0)
    x = torch.randn(samples, 4)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5], [0.0]]) + 0.3 * torch.randn(samples, 1)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), ConcreteDropout(0.3), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        likelihood = ((model(x) - y) ** 2).mean() / (2 * 0.3**2)
        (likelihood + concrete_regularizer(model) / samples).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    layer = model[2]
    assert isinstance(layer, ConcreteDropout)
    return layer.p.item()


@pytest.mark.filterwarnings("error")
def test_more_data_teaches_a_lower_rate() -> None:
    with torch.random.fork_rng():
        few, more, many = (_learned_rate(samples) for samples in (10, 100, 1000))

    assert many < more < few
    assert few > 0.3 > 2 * many


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

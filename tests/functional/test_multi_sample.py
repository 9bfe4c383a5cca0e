import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from torchdrop.errors import SettingError
from torchdrop.functional import dropout, multi_sample_dropout, multi_sample_loss

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _head() -> nn.Linear:
    head = nn.Linear(8, 3).double()
    head.weight.data = torch.randn(3, 8, dtype=torch.float64, generator=_generator(1))
    return head


def test_one_call_of_the_head_equals_one_for_each_mask() -> None:
    x, head = torch.rand(6, 8, dtype=torch.float64), _head()
    y = multi_sample_dropout(x, head, 0.4, 5, training=True, generator=_generator())
    masked = dropout(x.expand(5, 6, 8), 0.4, training=True, generator=_generator())

    assert torch.allclose(y, torch.stack([head(sample) for sample in masked]))
    assert len({tuple(mask.flatten().tolist()) for mask in masked}) == 5


def test_the_head_is_called_once() -> None:
    shapes = []

    def head(x: Tensor) -> Tensor:
        shapes.append(tuple(x.shape))
        return x

    y = multi_sample_dropout(torch.ones(4, 2, 3), head, 0.5, 7, training=True)

    assert shapes == [(28, 2, 3)]
    assert y.shape == (7, 4, 2, 3)


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True)])
def test_without_dropout_there_is_one_sample(p: float, training: bool) -> None:
    x, head = torch.rand(4, 8, dtype=torch.float64), _head()

    assert torch.equal(multi_sample_dropout(x, head, p, training=training), head(x).unsqueeze(0))


def test_the_loss_is_the_mean_of_the_samples_losses() -> None:
    outputs = torch.randn(5, 4, 3, generator=_generator())
    targets = torch.tensor([0, 2, 1, 1])
    losses = [cross_entropy(output, targets).item() for output in outputs]

    assert multi_sample_loss(outputs, targets).item() == pytest.approx(sum(losses) / 5)


def test_the_loss_is_above_that_of_the_mean_by_the_disagreement() -> None:
    """For squares the difference is the variance over the samples."""
    outputs = torch.randn(5, 40, generator=_generator(), dtype=torch.float64)
    targets = torch.zeros(40, dtype=torch.float64)
    of_mean = mse_loss(outputs.mean(0), targets)
    disagreement = outputs.var(0, correction=0).mean()

    assert torch.allclose(multi_sample_loss(outputs, targets, mse_loss), of_mean + disagreement)


def test_gradients_are_those_of_finite_differences() -> None:
    x, head = torch.rand(3, 8, dtype=torch.float64, requires_grad=True), _head()
    targets = torch.tensor([0, 1, 2])

    def function(x: Tensor) -> Tensor:
        outputs = multi_sample_dropout(x, head, 0.4, 3, training=True, generator=_generator())
        return multi_sample_loss(outputs, targets)

    assert torch.autograd.gradcheck(function, (x,))


@pytest.mark.parametrize("training", [True, False])
def test_no_samples_are_refused(training: bool) -> None:
    with pytest.raises(SettingError, match="at least 1; got 0"):
        multi_sample_dropout(torch.ones(2, 2), nn.Identity(), 0.5, 0, training=training)

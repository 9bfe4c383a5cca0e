import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.functional import multi_sample_loss
from torchdrop.nn import MultiSampleDropout


def test_stacked_outputs_have_the_mean_that_is_the_default() -> None:
    head, x = nn.Linear(8, 3), torch.rand(4, 8)
    results = []
    for stacked in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            results.append(MultiSampleDropout(head, 0.5, 6, stacked=stacked)(x))

    assert results[0].shape == (6, 4, 3)
    assert torch.allclose(results[0].mean(0), results[1])


@pytest.mark.parametrize("stacked", [True, False])
def test_evaluation_is_the_head_alone(stacked: bool) -> None:
    head, x = nn.Linear(8, 3), torch.rand(4, 8)
    y = MultiSampleDropout(head, stacked=stacked).eval()(x)

    assert torch.equal(y, head(x).unsqueeze(0) if stacked else head(x))


def test_stacked_outputs_serve_the_loss_in_both_modes() -> None:
    layer = MultiSampleDropout(nn.Linear(8, 3), stacked=True)
    x, targets = torch.rand(4, 8), torch.tensor([0, 1, 2, 0])
    evaluated = multi_sample_loss(layer.eval()(x), targets)

    assert torch.allclose(evaluated, nn.functional.cross_entropy(layer.head(x), targets))
    assert multi_sample_loss(layer.train()(x), targets).requires_grad


def test_a_bad_number_of_samples_is_refused_when_built() -> None:
    with pytest.raises(SettingError, match="samples is how many masks"):
        MultiSampleDropout(nn.Identity(), samples=0)

import copy
import pickle

import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.nn import GaussianDropout, GaussianNoise


def test_infinite_variance_is_refused_when_built() -> None:
    """Keras accepts it and divides by zero at the first call."""
    with pytest.raises(SettingError, match=r"in \[0, 1\), .* got p=1\.0"):
        GaussianDropout(1.0)


def test_a_changed_rate_is_checked_when_used() -> None:
    layer = GaussianDropout(0.5)
    layer.p = 1.0
    with pytest.raises(SettingError, match=r"got p=1\.0"):
        layer(torch.ones(3))


def test_evaluation_multiplies_by_the_mean_of_the_noise() -> None:
    x = torch.randn(5)

    assert GaussianDropout(0.9).eval()(x) is x


def test_noise_shows_its_deviation_and_has_no_rate() -> None:
    layer = GaussianNoise(0.25)

    assert repr(layer) == "GaussianNoise(std=0.25)"
    assert not hasattr(layer, "p")


def test_noise_is_added_in_training_only() -> None:
    x, layer = torch.zeros(50), GaussianNoise(0.1)

    assert (layer(x) != 0).all()
    assert layer.eval()(x) is x


@pytest.mark.parametrize("std", [-1.0, float("nan")])
def test_what_is_no_deviation_is_refused_when_built(std: float) -> None:
    with pytest.raises(SettingError, match="standard deviation"):
        GaussianNoise(std)


def test_copies_and_pickles_of_noise_behave_alike() -> None:
    layer, x = GaussianNoise(0.1), torch.zeros(50)
    outputs = []
    for twin in (layer, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            outputs.append(twin(x))

    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])

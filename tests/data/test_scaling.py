import numpy as np
import torch

from torchdrop.data import TargetScaling
from torchdrop.data._scaling import standardization


def test_standardization_gives_mean_and_population_deviation() -> None:
    values = np.random.default_rng(0).normal(5, 3, (40, 2))
    shift, scale = standardization(values)
    np.testing.assert_allclose(shift, values.mean(axis=0))
    np.testing.assert_allclose(scale, values.std(axis=0))


def test_a_column_constant_but_for_rounding_is_not_blown_up() -> None:
    values = np.full((7, 1), 0.1)
    assert standardization(values)[1] == (1.0,)


def test_decode_undoes_encode() -> None:
    values = np.array([20_000.0, 30_000.0, 55_000.0])
    scaling = TargetScaling.fitted(values)
    encoded = scaling.encode(values)
    assert encoded.dtype == torch.float32
    assert abs(float(encoded.mean())) < 1e-6
    np.testing.assert_allclose(scaling.decode(encoded).numpy(), values, rtol=1e-6)


def test_the_default_changes_nothing() -> None:
    outputs = torch.tensor([1.5, -2.0])
    assert torch.equal(TargetScaling().decode(outputs), outputs)

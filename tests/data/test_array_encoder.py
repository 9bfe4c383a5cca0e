import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from torchdrop.data import ArrayEncoder, TargetScaling
from torchdrop.errors import DataError


def test_floats_are_standardized_as_by_sklearn() -> None:
    x = np.random.default_rng(0).normal(3, 2, (50, 4))
    x[:, 2] = 0.1  # constant
    expected = StandardScaler().fit_transform(x)
    encoded = ArrayEncoder.fitted(x).encode(x)
    assert encoded.dtype == torch.float32
    np.testing.assert_allclose(encoded.numpy(), expected, atol=1e-6)


def test_rows_of_any_shape_are_standardized_value_by_value() -> None:
    x = np.random.default_rng(0).normal(size=(20, 2, 3)) + np.arange(6).reshape(2, 3)
    encoded = ArrayEncoder.fitted(x).encode(x).numpy()
    np.testing.assert_allclose(encoded.mean(axis=0), np.zeros((2, 3)), atol=1e-6)


def test_bytes_are_divided_by_their_maximum() -> None:
    x = np.array([[0, 50], [100, 200]], dtype=np.uint8)
    assert ArrayEncoder.fitted(x).encode(x).tolist() == [[0.0, 0.25], [0.5, 1.0]]


def test_black_images_stay_black() -> None:
    x = np.zeros((3, 2, 2), dtype=np.uint8)
    assert ArrayEncoder.fitted(x).encode(x).abs().sum() == 0


def test_the_identity_changes_no_value_of_an_array_or_a_tensor() -> None:
    x = torch.randn(5, 2, 3)
    encoder = ArrayEncoder.identity((2, 3))
    assert torch.equal(encoder.encode(x), x)
    assert torch.equal(encoder.encode(x.numpy()), x)


def test_flattened_gives_the_same_numbers_in_rows() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    encoder = ArrayEncoder.fitted(x)
    assert torch.equal(encoder.flattened().encode(x), encoder.encode(x).reshape(2, 12))
    assert encoder.flattened().encode(x[:0]).shape == (0, 12)


def test_encoding_leaves_the_raw_array_alone() -> None:
    x = np.ones((2, 2), dtype=np.float64)
    ArrayEncoder((1.0,), (2.0,), (2,)).encode(x)
    assert (x == 1).all()


def test_predictions_are_put_back_into_the_users_units() -> None:
    encoder = ArrayEncoder((0.0,), (1.0,), (2,), target_scaling=TargetScaling(10.0, 2.0))
    assert encoder.decode_target(torch.tensor([[1.0]])).item() == 12.0


@pytest.mark.parametrize("shape", [(), (4,), (2, 4), (2, 3, 1)])
def test_rows_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"must have the shape \(3,\)"):
        ArrayEncoder.identity((3,)).encode(np.zeros(shape))


def test_nan_is_refused() -> None:
    with pytest.raises(DataError, match="NaN"):
        ArrayEncoder.identity((1,)).encode(np.array([[np.nan]]))

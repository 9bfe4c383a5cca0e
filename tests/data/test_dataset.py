import pytest
import torch

from torchdrop.data import Part, from_arrays
from torchdrop.errors import DataError

X, LABELS = torch.randn(30, 2, 3), torch.arange(30) % 3


def test_shape_and_outputs_say_what_a_model_needs() -> None:
    assert (from_arrays(X, LABELS).shape, from_arrays(X, LABELS).outputs) == ((2, 3), 3)
    assert from_arrays(X, X[:, 0, 0]).outputs == 1


def test_flattened_rows_hold_the_same_numbers_in_all_parts() -> None:
    data = from_arrays(X, LABELS)
    flat = data.flattened()
    assert flat.shape == (6,)
    for part in ("train", "validation", "test"):
        assert torch.equal(getattr(flat, part).x, getattr(data, part).x.reshape(-1, 6))
        assert torch.equal(getattr(flat, part).y, getattr(data, part).y)


def test_the_encoder_of_flattened_data_flattens() -> None:
    assert from_arrays(X, LABELS).flattened().encoder.encode(X.numpy()).shape == (30, 6)  # type: ignore[arg-type]


def test_a_parts_length_is_its_rows() -> None:
    assert len(Part(X, LABELS)) == 30


def test_a_part_with_a_target_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="30 rows and 29 targets"):
        Part(X, LABELS[:-1])


def test_an_empty_part_can_be_flattened() -> None:
    assert Part(X[:0], LABELS[:0]).flattened().x.shape == (0, 6)

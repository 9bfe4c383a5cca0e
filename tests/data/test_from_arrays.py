import numpy as np
import pytest
import torch

from torchdrop.data import from_arrays
from torchdrop.errors import DataError, SettingError

X = torch.arange(60.0).reshape(30, 2)
LABELS = torch.arange(30) % 3


def test_inputs_and_number_targets_are_left_as_they_are() -> None:
    data = from_arrays(X, X.sum(dim=1))
    for part in (data.train, data.validation, data.test):
        assert torch.equal(part.x.sum(dim=1), part.y)
    assert data.encoder.decode_target(data.test.y) is not None
    assert torch.equal(data.encoder.decode_target(data.test.y), data.test.y)


def test_the_parts_have_the_promised_types() -> None:
    classes, numbers = from_arrays(X.double(), LABELS), from_arrays(X.double(), X[:, 0].double())
    assert (classes.train.x.dtype, classes.train.y.dtype) == (torch.float32, torch.int64)
    assert (numbers.train.x.dtype, numbers.train.y.dtype) == (torch.float32, torch.float32)


def test_arrays_and_tensors_give_the_same_data() -> None:
    first, second = from_arrays(X, LABELS), from_arrays(X.numpy(), LABELS.numpy())
    assert torch.equal(first.train.x, second.train.x)
    assert torch.equal(first.test.y, second.test.y)


def test_a_column_of_targets_is_taken_as_a_row() -> None:
    assert from_arrays(X, X[:, :1]).train.y.shape == (19,)


def test_half_precision_and_gradients_are_no_obstacle() -> None:
    x = torch.ones(30, 2, dtype=torch.bfloat16, requires_grad=True)
    assert not from_arrays(x, LABELS).train.x.requires_grad


def test_a_test_part_of_ones_own_stays_the_test_part() -> None:
    data = from_arrays(X, LABELS, x_test=-X[:4], y_test=LABELS[:4], validation=0.1)
    assert torch.equal(data.test.x, -X[:4])
    assert torch.equal(data.test.y, LABELS[:4])
    assert (len(data.train), len(data.validation)) == (27, 3)


def test_the_task_can_be_overridden() -> None:
    assert from_arrays(X, LABELS, task="regression").outputs == 1
    assert from_arrays(X, LABELS.float(), task="classification").classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, LABELS[:-1], r"as many rows; got shapes \(30, 2\) and \(29,\)"),
        (X, torch.nn.functional.one_hot(LABELS), r"one target per row.*one-hot"),
        (X[:0], LABELS[:0], "x is empty"),
        (X.log(), LABELS, r"x holds 1 of 60 values .* first at \[0, 0\]"),
        (np.array([["a"]] * 30), LABELS, "x holds text"),
        (X, torch.arange(30), r"'0' has 1, .* task='regression'"),
    ],
)
def test_bad_arrays_are_refused(x: torch.Tensor, y: torch.Tensor, message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_arrays(x, y)


def test_half_a_test_part_is_refused() -> None:
    with pytest.raises(SettingError, match="go together"):
        from_arrays(X, LABELS, x_test=X)


def test_a_test_part_of_another_shape_is_refused() -> None:
    with pytest.raises(DataError, match=r"same shape; got \(2,\) and \(1,\)"):
        from_arrays(X, LABELS, x_test=X[:, :1], y_test=LABELS)

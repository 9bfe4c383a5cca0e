import numpy as np
import pytest

from torchdrop.data._targets import read_target, read_test_target
from torchdrop.errors import DataError, SettingError


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        (np.array([10, 2, 10]), ("2", "10"), [1, 0, 1]),
        (np.array([True, False]), ("False", "True"), [1, 0]),
        (np.array(["b", "a"]), ("a", "b"), [1, 0]),
        (np.array(["b", "a"], dtype=object), ("a", "b"), [1, 0]),
        (np.array([b"b", b"a"]), ("a", "b"), [1, 0]),
    ],
)
def test_all_but_floats_are_classes_in_order(
    y: np.ndarray, classes: tuple[str, ...], codes: list[int]
) -> None:
    target = read_target(y, None)
    assert (target.task, target.classes) == ("classification", classes)
    assert target.values.dtype == np.int64
    assert target.values.tolist() == codes


def test_floats_are_numbers() -> None:
    target = read_target(np.array([1.0, 2.0], dtype=np.float32), None)
    assert (target.task, target.classes, target.values.tolist()) == ("regression", (), [1.0, 2.0])


def test_the_task_can_be_overridden_both_ways() -> None:
    assert read_target(np.array([1, 2]), "regression").values.dtype == np.float64
    assert read_target(np.array([1.0, 2.0]), "classification").classes == ("1", "2")


def test_huge_floats_can_be_labels() -> None:
    assert read_target(np.array([1e30, 2.0]), "classification").classes == ("2.0", "1e+30")


def test_test_labels_get_the_training_parts_class_numbers() -> None:
    target = read_target(np.array(["a", "b", "c"]), None)
    assert read_test_target(np.array(["c", "a"]), target).tolist() == [2, 0]


def test_a_class_only_in_the_test_part_is_refused() -> None:
    target = read_target(np.array([0, 1]), None)
    with pytest.raises(DataError, match="classes '7', which the training part lacks"):
        read_test_target(np.array([0, 7]), target)


@pytest.mark.parametrize("y", [np.array(["a", "a"]), np.array([2.0, 2.0]), np.array([3, 3])])
def test_a_target_of_one_value_is_refused(y: np.ndarray) -> None:
    with pytest.raises(DataError, match="one value only"):
        read_target(y, None)


@pytest.mark.parametrize(
    ("y", "task", "what"),
    [
        (np.array([1.0, np.nan]), None, "NaN"),
        (np.array(["1", "2"]), "regression", "text"),
        (np.array(["a", None], dtype=object), None, "1 missing value"),
        (np.array([]), None, "no rows"),
    ],
)
def test_targets_nothing_can_be_learned_from_are_refused(
    y: np.ndarray, task: None, what: str
) -> None:
    with pytest.raises(DataError, match=what):
        read_target(y, task)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(SettingError, match="got 'ranking'"):
        read_target(np.array([0, 1]), "ranking")  # type: ignore[arg-type]

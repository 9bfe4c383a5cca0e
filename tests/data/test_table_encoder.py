import pandas as pd
import pytest
import torch

from torchdrop.data import CategoryColumn, NumberColumn, TableEncoder
from torchdrop.errors import DataError

ENCODER = TableEncoder(
    (NumberColumn("age", 40.0, 40.0, 10.0), CategoryColumn("city", ("Oslo", "Rome"))), "income"
)


def test_columns_come_in_the_order_of_training_whatever_the_tables_order() -> None:
    table = pd.DataFrame({"extra": [1], "city": ["Rome"], "age": [50]})
    assert ENCODER.encode(table).tolist() == [[1.0, 0.0, 1.0]]


def test_the_target_is_not_needed_and_not_looked_at() -> None:
    table = pd.DataFrame({"city": ["Oslo"], "age": [40]})
    with_target = table.assign(income="unknown")
    assert torch.equal(ENCODER.encode(table), ENCODER.encode(with_target))


def test_lacking_columns_are_named() -> None:
    with pytest.raises(DataError, match=r"lacks 'age', 'city', .* it has 'AGE'"):
        ENCODER.encode(pd.DataFrame({"AGE": [1]}))


def test_flattening_changes_nothing() -> None:
    assert ENCODER.flattened() is ENCODER

import json

import pytest

from torchdrop.data import (
    ArrayEncoder,
    CategoryColumn,
    Encoder,
    NumberColumn,
    TableEncoder,
    TargetScaling,
    encoder_from_dict,
)
from torchdrop.errors import DataError

ENCODERS: list[Encoder] = [
    ArrayEncoder.identity((8, 8)),
    ArrayEncoder((0.1, 1 / 3), (1.0, 2.0), (2,), flat=True, target_scaling=TargetScaling(1e5, 3.0)),
    TableEncoder(
        (NumberColumn("n", 0.1, 1 / 3, 2.0), CategoryColumn("ç", ("a", "missing"))),
        "y",
        TargetScaling(1 / 7, 2.0),
    ),
]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_an_encoder_comes_back_from_json_unchanged(encoder: Encoder) -> None:
    assert encoder_from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


@pytest.mark.parametrize("record", [{}, {"kind": "pickle"}, {"kind": "array"}, {"kind": []}])
def test_other_records_are_refused(record: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"must be what its to_dict\(\) wrote"):
        encoder_from_dict(record)

from pathlib import Path

import pandas as pd
import pytest

from torchdrop.data._read_table import read_table
from torchdrop.errors import DataError


def _csv(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_and_parquet_give_the_same_table(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "t.csv", index=False)
    people.to_parquet(tmp_path / "t.parquet")
    csv, parquet = read_table(tmp_path / "t.csv"), read_table(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(csv, parquet)


def test_question_marks_and_blanks_are_missing_values(tmp_path: Path) -> None:
    table = read_table(_csv(tmp_path, "a, b\n1, ?\n, x\nNA, y\n"))
    assert table["a"].isna().tolist() == [False, True, True]
    assert table["b"].isna().tolist() == [True, False, False]


def test_columns_can_be_kept_as_text(tmp_path: Path) -> None:
    path = _csv(tmp_path, "a,b\n01,2\n02,\n")
    assert read_table(path, ["a", "absent"])["a"].tolist() == ["01", "02"]


def test_whole_numbers_stay_whole_beside_missing_values(tmp_path: Path) -> None:
    assert pd.api.types.is_integer_dtype(read_table(_csv(tmp_path, "a,b\n1,x\n,y\n"))["a"])


def test_a_filtered_parquet_is_numbered_anew(tmp_path: Path, people: pd.DataFrame) -> None:
    people[people["smokes"]].to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.index.tolist() == list(range(len(table)))


def test_trailing_commas_do_not_shift_the_names(tmp_path: Path) -> None:
    assert read_table(_csv(tmp_path, "a,b\n1,2,\n3,4,\n"))["a"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as .csv"),
        ("a,b\n", "has no rows"),
        ("a;b\n1;2\n", "must be separated by commas"),
        ("a,b\n1,2,3\n4,5,6\n", "cannot be read as .csv"),
        ("a,b\n1,2\n4,5,6\n", "cannot be read as .csv"),
    ],
)
def test_damaged_csv_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(_csv(tmp_path, text))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_bytes_of_another_format_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe,\x00")
    with pytest.raises(DataError, match="cannot be read as"):
        read_table(tmp_path / name)

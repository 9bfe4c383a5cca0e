import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_insert_keeps_evaluation(entry: Entry) -> None:
    claims.insert_keeps_evaluation(entry)


@every_architecture
def test_insert_needs_no_example(entry: Entry) -> None:
    claims.insert_needs_no_example(entry)

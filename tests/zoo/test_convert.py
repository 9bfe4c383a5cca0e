import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_convert_keeps_evaluation(entry: Entry) -> None:
    claims.convert_keeps_evaluation(entry)

import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_evaluating_gives_what_eval_gives(entry: Entry) -> None:
    claims.evaluating_gives_what_eval_gives(entry)

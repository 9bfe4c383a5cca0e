import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_disabled_drops_nothing(entry: Entry) -> None:
    claims.disabled_drops_nothing(entry)


@every_architecture
def test_disable_drops_nothing(entry: Entry) -> None:
    claims.disable_drops_nothing(entry)

import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_sites_are_those_that_draw(entry: Entry) -> None:
    claims.sites_are_those_that_draw(entry)


@every_architecture
def test_sites_stop_in_evaluation(entry: Entry) -> None:
    claims.sites_stop_in_evaluation(entry)


@every_architecture
def test_find_sites_leaves_no_trace(entry: Entry) -> None:
    claims.find_sites_leaves_no_trace(entry)

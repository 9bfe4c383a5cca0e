import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_sampling_drops_what_training_drops(entry: Entry) -> None:
    claims.sampling_drops_what_training_drops(entry)


@every_architecture
def test_sampling_needs_no_example(entry: Entry) -> None:
    claims.sampling_needs_no_example(entry)

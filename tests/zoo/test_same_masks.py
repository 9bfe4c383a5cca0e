import pytest

from . import claims
from .entry import Entry
from .zoo import every_architecture

pytestmark = pytest.mark.slow


@every_architecture
def test_same_masks_repeats_training(entry: Entry) -> None:
    claims.same_masks_repeats_training(entry)

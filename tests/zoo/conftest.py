from collections.abc import Iterator

import pytest
import torch

from . import packages


@pytest.fixture(autouse=True)
def _the_zoo_is_open(request: pytest.FixtureRequest) -> Iterator[None]:
    reason = packages.absence()
    if request.node.get_closest_marker("slow") and reason is not None:
        pytest.skip(reason)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        yield

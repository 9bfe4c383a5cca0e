import pytest
import torch

from torchdrop.data import Part


@pytest.fixture
def blobs() -> Part:
    """Two separable clouds of points in the plane, 60 rows."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(60) % 2
    x = torch.randn(60, 2, generator=generator) + 4.0 * y.unsqueeze(1) - 2.0
    return Part(x, y)

import torch

from torchdrop.functional import locked_dropout
from torchdrop.nn import LockedDropout


def test_it_is_its_function() -> None:
    x, layer = torch.randn(4, 5, 6), LockedDropout(0.3, batch_first=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(x)
        torch.manual_seed(0)
        expected = locked_dropout(x, 0.3, training=True, batch_first=True)

    assert torch.equal(y, expected)


def test_repr_shows_what_is_not_the_default() -> None:
    assert repr(LockedDropout()) == "LockedDropout(p=0.5)"
    assert repr(LockedDropout(0.1, batch_first=True)) == "LockedDropout(p=0.1, batch_first=True)"

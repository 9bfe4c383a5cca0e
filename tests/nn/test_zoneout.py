import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import SettingError
from torchdrop.nn import Zoneout, ZoneoutCell

Z = 5.0


def _inputs(units: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, generator=generator), torch.randn(2, units, generator=generator)


def test_the_layer_follows_its_mode() -> None:
    new, old = torch.ones(500), torch.zeros(500)
    layer = Zoneout(0.25)

    assert set(layer(new, old).tolist()) == {0.0, 1.0}
    assert set(layer.eval()(new, old).tolist()) == {0.75}


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.GRUCell])
def test_a_cell_in_evaluation_mixes_the_old_state_in(kind: Any) -> None:
    cell, (x, h) = kind(3, 4), _inputs()
    layer = ZoneoutCell(cell, 0.25).eval()

    torch.testing.assert_close(layer(x, h), 0.75 * cell(x, h) + 0.25 * h)
    torch.testing.assert_close(layer(x), 0.75 * cell(x))


def test_an_lstm_cell_has_a_rate_for_each_of_its_states() -> None:
    cell, (x, h) = nn.LSTMCell(3, 4), _inputs()
    new, c = cell(x, (h, -h)), -h
    mixed: Any = ZoneoutCell(cell, 0.25, 0.5).eval()(x, (h, c))

    torch.testing.assert_close(mixed, (0.75 * new[0] + 0.25 * h, 0.5 * new[1] + 0.5 * c))
    torch.testing.assert_close(
        ZoneoutCell(cell, 0.25).eval()(x, (h, c))[1], 0.75 * new[1] + 0.25 * c
    )


def test_both_states_of_an_lstm_have_masks_of_their_own() -> None:
    n, p = 4000, 0.3
    cell, x = nn.LSTMCell(3, n), torch.zeros(1, 3)
    old = torch.full((1, n), 7.0), torch.full((1, n), 7.0)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        h, c = ZoneoutCell(cell, p)(x, old)
    both = ((h == 7) & (c == 7)).double().mean().item()

    assert abs(both - p * p) < Z * math.sqrt(p * p * (1 - p * p) / n)


def test_p_zero_is_the_cell() -> None:
    cell, (x, h) = nn.GRUCell(3, 4), _inputs()

    assert torch.equal(ZoneoutCell(cell, 0.0)(x, h), cell(x, h))


def test_repr_shows_the_rates() -> None:
    assert "p=0.05, p_cell=0.5" in repr(ZoneoutCell(nn.LSTMCell(3, 4), 0.05, 0.5))
    assert "p_cell" not in repr(ZoneoutCell(nn.GRUCell(3, 4), 0.05))


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(SettingError, match=r"got LSTM\. For another one, apply zoneout"):
        ZoneoutCell(nn.LSTM(3, 4))  # type: ignore[arg-type]


def test_a_rate_for_a_state_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingError, match=r"p_cell=0\.5 with a GRUCell"):
        ZoneoutCell(nn.GRUCell(3, 4), 0.1, 0.5)
    with pytest.raises(SettingError, match=r"got p=1\.5"):
        ZoneoutCell(nn.LSTMCell(3, 4), 0.1, 1.5)

"""The independent counter on a model whose dropout is known; it needs no zoo."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .draws import draws_of


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.25)
        self.off = nn.Dropout(0.0)
        self.idle = nn.Dropout(0.5)
        self.recurrent = nn.LSTM(4, 4, num_layers=3, dropout=0.125)
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.375)
        self.hidden = [nn.Dropout(0.625)]

    def forward(self, x: Tensor) -> Tensor:
        x = self.off(self.drop(x))
        x = self.recurrent(x)[0]
        x = self.attention(x, x, x)[0]
        return F.dropout(self.hidden[0](x), 0.75, self.training) * torch.rand(1)


def test_every_draw_is_told_by_module_and_rate_and_nothing_else_is() -> None:
    drawn = draws_of(_Net(), {"x": torch.randn(5, 2, 4)})

    assert {(draw.module, draw.p): number for draw, number in drawn.items()} == {
        ("drop", 0.25): 1,
        ("recurrent", 0.125): 2,
        ("attention", 0.375): 1,
        ("(unregistered)", 0.625): 1,
        ("", 0.75): 1,
        ("", None): 1,
    }
    assert all(draw.place.startswith("test_draws.py:") for draw in drawn)


def test_only_what_ignores_the_mode_draws_in_evaluation() -> None:
    drawn = draws_of(_Net().eval(), {"x": torch.randn(5, 2, 4)})

    assert {(draw.module, draw.p) for draw in drawn} == {("(unregistered)", 0.625), ("", None)}

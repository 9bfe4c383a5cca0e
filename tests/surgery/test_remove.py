from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.nn import ActivationDropout, Dropout, DropPath, StochasticDepth, VariationalDropout
from torchdrop.surgery import fold, remove, remove_
from torchdrop.surgery._recognize import INVERTED


class DropSome(nn.Module):
    """A layer of another package."""

    def __init__(self, drop_prob: float) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.drop_prob, self.training)


class SelfAttention(nn.Module):
    """Keeps p as a number of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_dropout = 0.3

    def forward(self, x: Tensor) -> Tensor:
        p = self.attention_dropout if self.training else 0.0
        return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


class Listed(nn.Module):
    """Holds its dropout in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.drops = [nn.Dropout(0.5)]

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.drops[0](x)
        return result


@pytest.mark.parametrize("kind", sorted(INVERTED, key=str))
def test_a_layer_becomes_the_identity(kind: Any) -> None:
    layer = kind(0.3, "row") if kind is StochasticDepth else kind(0.3)
    model = nn.Sequential(layer)
    changes = remove_(model)

    assert [change.site for change in changes] == ["0"]
    assert type(model[0]) is nn.Identity
    assert model[0] is layer


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), ActivationDropout("gelu", 0.3)),
        nn.Sequential(DropSome(0.5), SelfAttention(), DropPath(0.5)),
        nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True), 2
        ),
        Listed(),
    ],
    ids=["layers", "numbers", "encoder", "list"],
)
def test_training_gives_what_evaluation_gave(model: nn.Module) -> None:
    x = torch.randn(3, 4, 8)
    bare = remove(model).train()
    again = remove(model).train()

    assert torch.equal(bare(x), again(x))
    for layer in model.modules():
        layer.eval()
    for layer in getattr(model, "drops", []):
        layer.eval()
    torch.testing.assert_close(bare(x), model(x))
    assert list(bare.state_dict()) == list(model.state_dict())


class HandedOn(nn.Module):
    """Reads p from a layer that it never calls."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        p = self.drop.p if self.training else 0.0
        return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


@pytest.mark.parametrize("take_out", [remove, fold])
def test_whoever_reads_the_p_of_a_layer_finds_zero(take_out: Any) -> None:
    model, x = HandedOn(), torch.randn(2, 4, 8)
    bare = take_out(model).train()

    assert bare.drop.p == 0
    torch.testing.assert_close(bare(x), model.eval()(x))


def test_the_recurrent_number_becomes_zero() -> None:
    model = nn.LSTM(4, 3, 2, dropout=0.4)
    x = torch.randn(5, 4)
    changes = remove_(model)

    assert [change.after for change in changes] == ["LSTM.dropout=0"]
    assert model.dropout == 0
    assert torch.equal(model(x)[0], model(x)[0])


def test_classic_scaling_is_left_to_fold() -> None:
    model = nn.Sequential(Dropout(0.3, scale="eval"))
    changes = remove_(model)

    assert not changes
    assert "fold_" in changes.left[0].why
    assert type(model[0]) is Dropout


def test_what_drops_otherwise_is_left_and_listed() -> None:
    model = nn.Sequential(VariationalDropout(0.2))
    changes = remove_(model)

    assert not changes
    assert "does not know how to take VariationalDropout out" in changes.left[0].why


def test_a_second_removal_changes_nothing() -> None:
    model = nn.Sequential(nn.Dropout(), DropSome(0.5), nn.MultiheadAttention(4, 2, dropout=0.1))

    assert len(remove_(model)) == 3
    assert not remove_(model)


def test_a_shared_number_is_written_once_and_listed_for_each_place() -> None:
    drop = DropSome(0.5)
    model = nn.Sequential(drop, nn.ReLU(), drop)

    assert [change.site for change in remove_(model)] == ["0"]
    assert drop.drop_prob == 0

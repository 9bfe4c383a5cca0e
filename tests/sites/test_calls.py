from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import torchdrop.functional as our
from torchdrop.sites import DropoutCall, DropoutCalls

from .models import Functional, Listed

X = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(0))
ATTENTION = nn.MultiheadAttention(8, 2, dropout=0.3)
LSTM = nn.LSTM(8, 8, 2, dropout=0.3)

CALLS: dict[str, Callable[[], Tensor]] = {
    "dropout": lambda: F.dropout(X, 0.3),
    "by name": lambda: F.dropout(input=X, p=0.3, training=True),
    "dropout1d": lambda: F.dropout1d(X, 0.3),
    "dropout2d": lambda: F.dropout2d(X[None], 0.3),
    "dropout3d": lambda: F.dropout3d(X[None, None], 0.3),
    "alpha": lambda: F.alpha_dropout(X, 0.3, True),
    "feature alpha": lambda: F.feature_alpha_dropout(X, 0.3, True),
    "torch": lambda: torch.dropout(X, 0.3, True),
    "torch in place": lambda: torch.dropout_(X.clone(), 0.3, True),
    "native": lambda: torch.native_dropout(X, 0.3, True)[0],
    "operator": lambda: torch.ops.aten.native_dropout.default(X, 0.3, True)[0],
    "attention": lambda: F.scaled_dot_product_attention(X, X, X, dropout_p=0.3),
    "multi-head": lambda: ATTENTION(X, X, X)[0],
    "lstm": lambda: LSTM(X)[0],
    "packed": lambda: LSTM(nn.utils.rnn.pack_sequence([X[0], X[1][:2]]))[0].data,
}


@pytest.mark.parametrize("name", CALLS)
def test_every_function_that_drops_is_seen_and_can_be_turned_off(name: str) -> None:
    run = CALLS[name]
    with DropoutCalls() as seen:
        run()
    with DropoutCalls(answer=lambda call: 0.0):
        one, two = run(), run()

    assert [(call.p, call.active, call.changeable) for call in seen.calls] == [(0.3, True, True)]
    assert torch.equal(one, two)
    torch.manual_seed(0)
    first, *others = [run() for _ in range(20)]  # with three channels, some masks are the same
    assert not all(torch.equal(first, other) for other in others)


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_of_one_drops_everything_that_can_be(name: str) -> None:
    with DropoutCalls(answer=lambda call: 1.0):
        one, two = CALLS[name](), CALLS[name]()

    assert torch.equal(one, two)
    with DropoutCalls(answer=lambda call: 0.0):
        assert not torch.equal(CALLS[name](), one)


def test_a_call_that_is_off_can_be_turned_on() -> None:
    with DropoutCalls(answer=lambda call: 0.5) as seen:
        y = F.dropout(torch.ones(100), 0.1, False)

    assert (y == 0).any()
    assert not seen.calls[0].active


def test_no_answer_leaves_the_call_as_it_is() -> None:
    with DropoutCalls(answer=lambda call: None):
        assert F.dropout(X, 0.3, False) is X


def test_an_unguarded_flag_in_the_place_of_p_is_read_as_torch_reads_it() -> None:
    with DropoutCalls() as seen:
        F.dropout(X, True)

    assert seen.calls[0].p == 1.0


def test_one_recurrent_layer_drops_nothing_and_is_left_alone() -> None:
    with DropoutCalls(answer=lambda call: 0.5) as seen:
        nn.LSTM(8, 8)(X)

    assert [call.active for call in seen.calls] == [False]


def test_our_functions_are_seen_but_not_changed() -> None:
    heard: list[DropoutCall] = []

    def answer(call: DropoutCall) -> float:
        heard.append(call)
        return 0.0

    with DropoutCalls(answer=answer) as seen:
        y = our.dropout(torch.ones(100), 0.5, training=True)
        our.dropout(X, 0.5, training=False)

    assert (y == 0).any()
    assert [(c.what, c.p, c.changeable) for c in seen.calls] == [("dropout()", 0.5, False)]
    assert heard == seen.calls


def test_the_module_and_the_line_are_named() -> None:
    model = nn.Sequential(Functional(), Listed())
    with DropoutCalls(model) as seen:
        model(torch.ones(4, 8))

    assert [call.name for call in seen.calls] == ["0", "0", "1.drops[0]", "1.by_name['out'].0"]
    assert seen.calls[0].module is model[0]
    assert "models.py:" in (seen.calls[0].place or "")


def test_hooks_are_not_needed() -> None:
    """They would switch off the fast path of torch's transformer."""
    model = Functional()
    with DropoutCalls(model):
        assert not model._forward_hooks
        assert not model.first._forward_pre_hooks


def test_nothing_is_kept_if_not_asked_for() -> None:
    with DropoutCalls(keep=False) as seen:
        F.dropout(X)

    assert seen.calls == []


def test_after_the_block_nothing_is_seen() -> None:
    with DropoutCalls(answer=lambda call: 0.0) as seen:
        pass
    F.dropout(X)

    assert seen.calls == []

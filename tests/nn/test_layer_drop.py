import pytest
import torch
from torch import nn

from torchdrop.nn import LayerDrop


def _stack(p: float = 0.5, count: int = 6) -> LayerDrop:
    return LayerDrop((nn.Linear(3, 3) for _ in range(count)), p)


def test_iterating_and_counting_drop_nothing() -> None:
    """fairseq's list skips layers in `__iter__`, so that its length changes in training."""
    stack = _stack(1.0)
    state = torch.get_rng_state()

    assert [len(list(stack)) for _ in range(5)] == [6] * 5
    assert len(stack) == 6
    assert len(list(stack.parameters())) == 12
    assert torch.equal(torch.get_rng_state(), state)


def test_parameters_of_skipped_layers_get_no_gradient() -> None:
    stack = _stack()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        stack(torch.ones(2, 3)).sum().backward()
    gradients = [next(layer.parameters()).grad for layer in stack]
    present = [gradient for gradient in gradients if gradient is not None]

    assert 0 < len(present) < len(stack)
    assert all((gradient != 0).any() for gradient in present)


def test_evaluation_runs_the_layers_in_turn() -> None:
    stack, x = _stack().eval(), torch.ones(2, 3)

    assert torch.equal(stack(x), nn.Sequential(*stack)(x))


def test_parameter_names_are_those_of_a_list() -> None:
    stack = _stack()
    plain = nn.ModuleList(nn.Linear(3, 3) for _ in range(6))

    assert list(stack.state_dict()) == list(plain.state_dict())
    stack.load_state_dict(plain.state_dict())


@pytest.mark.parametrize("training", [True, False])
def test_a_slice_is_a_pruned_stack_of_the_same_layers(training: bool) -> None:
    stack = _stack(0.25).train(training)
    stack[0].eval()
    pruned = stack[::2]

    assert isinstance(pruned, LayerDrop)
    assert (pruned.p, pruned.training, len(pruned), len(stack)) == (0.25, training, 3, 6)
    assert [id(layer) for layer in pruned] == [id(layer) for layer in list(stack)[::2]]
    assert not stack[0].training


def test_keyword_arguments_reach_the_layers_of_a_transformer() -> None:
    layers = [nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True) for _ in range(2)]
    x, mask = torch.rand(2, 5, 8), nn.Transformer.generate_square_subsequent_mask(5)
    y = LayerDrop(layers, 0.0)(x, src_mask=mask)

    assert torch.equal(y, layers[1](layers[0](x, src_mask=mask), src_mask=mask))


def test_repr_shows_the_rate_and_the_layers() -> None:
    assert repr(_stack(0.25, 2)) == (
        "LayerDrop(\n  p=0.25\n  (0-1): 2 x Linear(in_features=3, out_features=3, bias=True)\n)"
    )
    assert repr(_stack(0.25, 0)) == "LayerDrop(p=0.25)"

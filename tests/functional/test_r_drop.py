import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from torchdrop.errors import SettingError
from torchdrop.functional import r_drop_loss


def _case(*shape: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(*shape, dtype=torch.float64, generator=generator) for _ in range(2))
    targets = torch.randint(shape[1], (shape[0], *shape[2:]), generator=generator)
    return (*logits, targets)  # type: ignore[return-value]


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 6)])
def test_the_loss_is_that_of_torchs_own_parts(shape: tuple[int, ...]) -> None:
    first, second, targets = _case(*shape)
    one, two = log_softmax(first, 1), log_softmax(second, 1)
    both = kl_div(one, two, reduction="sum", log_target=True)
    both += kl_div(two, one, reduction="sum", log_target=True)
    errors = cross_entropy(first, targets) + cross_entropy(second, targets)
    expected = errors / 2 + 3.0 / 2 * both / targets.numel()

    assert torch.allclose(r_drop_loss(first, second, targets, 3.0), expected)


def test_the_loss_does_not_depend_on_the_batch_size() -> None:
    first, second, targets = _case(5, 3)
    once = r_drop_loss(first, second, targets, 4.0)
    thrice = r_drop_loss(first.repeat(3, 1), second.repeat(3, 1), targets.repeat(3), 4.0)

    assert torch.allclose(once, thrice)


def test_the_order_of_the_passes_does_not_matter() -> None:
    first, second, targets = _case(5, 3)

    assert torch.allclose(r_drop_loss(first, second, targets), r_drop_loss(second, first, targets))


def test_equal_passes_cost_nothing_more() -> None:
    first, _, targets = _case(5, 3)

    assert torch.allclose(r_drop_loss(first, first, targets, 9.0), cross_entropy(first, targets))


def test_ignored_samples_count_in_neither_term() -> None:
    first, second, targets = _case(6, 3)
    expected = r_drop_loss(first[:4], second[:4], targets[:4])
    targets[4:] = -100

    assert torch.allclose(r_drop_loss(first, second, targets), expected)
    assert (r_drop_loss(first, second, targets, reduction="none")[4:] == 0).all()


def test_probabilities_serve_as_targets() -> None:
    first, second, targets = _case(5, 3)
    soft = torch.nn.functional.one_hot(targets, 3).double()

    assert torch.allclose(r_drop_loss(first, second, soft), r_drop_loss(first, second, targets))


def test_reductions_agree() -> None:
    first, second, targets = _case(4, 3, 2)
    each = r_drop_loss(first, second, targets, reduction="none")

    assert each.shape == (4, 2)
    assert torch.allclose(each.sum(), r_drop_loss(first, second, targets, reduction="sum"))
    assert torch.allclose(each.mean(), r_drop_loss(first, second, targets))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_far_apart_logits_give_finite_losses_and_gradients(dtype: torch.dtype) -> None:
    first = torch.tensor([[6e4, -6e4, 0.0]], dtype=dtype, requires_grad=True)
    second = torch.tensor([[-6e4, 6e4, 0.0]], dtype=dtype, requires_grad=True)
    loss = r_drop_loss(first, second, torch.tensor([0]))
    gradients = torch.autograd.grad(loss, (first, second))

    assert loss.item() == pytest.approx(60000 + 120000, rel=1e-3)
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_gradients_are_those_of_finite_differences() -> None:
    first, second, targets = _case(4, 3)
    leaves = (first.requires_grad_(), second.requires_grad_())

    assert torch.autograd.gradcheck(lambda a, b: r_drop_loss(a, b, targets, 2.0), leaves)
    assert torch.autograd.gradgradcheck(lambda a, b: r_drop_loss(a, b, targets, 2.0), leaves)


def test_it_compiles_to_one_graph() -> None:
    torch._dynamo.reset()
    first, second, targets = _case(5, 3)
    compiled = torch.compile(r_drop_loss, fullgraph=True, backend="aot_eager")

    assert torch.allclose(compiled(first, second, targets), r_drop_loss(first, second, targets))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"logits_2": torch.zeros(2, 4)}, r"got \(2, 3\) and \(2, 4\)"),
        ({"alpha": -1.0}, "at least 0; got alpha=-1.0"),
        ({"reduction": "batchmean"}, "got 'batchmean'"),
    ],
)
def test_bad_settings_are_refused(arguments: dict[str, object], words: str) -> None:
    call: dict[str, object] = {
        "logits_1": torch.zeros(2, 3),
        "logits_2": torch.zeros(2, 3),
        "targets": torch.tensor([0, 1]),
    }
    with pytest.raises(SettingError, match=words):
        r_drop_loss(**(call | arguments))  # type: ignore[arg-type]

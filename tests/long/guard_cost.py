"""What a guard costs per training step: `python tests/long/guard_cost.py`.

Each round times the same model, batch and optimizer without and with a guard, in turns, the order
reversed from round to round. The learning rate is 0, so that every step does the same work. The
share is the median over rounds of the difference of one round; the guard's own time is that of its
two hooks alone, called in a loop.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import optimizer as optimizers

from torchdrop import networks
from torchdrop.modes import Guard

ROUNDS = 201
SECONDS = 0.04
HOOK_CALLS = 20_000

Case = tuple[nn.Module, Tensor, Tensor]


def _chapter() -> Case:
    model = networks.mlp(300, 200, 100, 50, 10, p=0.3)
    return model, torch.randn(64, 300), torch.randint(10, (64,))


def _wide() -> Case:
    model = networks.mlp(784, 1024, 1024, 1024, 10, p=0.3)
    return model, torch.randn(128, 784), torch.randint(10, (128,))


def _transformer() -> Case:
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return model, torch.randn(16, 32, 128), torch.randint(128, (16, 32))


CASES: dict[str, Callable[[], Case]] = {
    "chapter, batch 64": _chapter,
    "3x1024, batch 128": _wide,
    "transformer, 2 layers of 128, batch 16 x 32": _transformer,
}


def main(rounds: int = ROUNDS) -> None:
    """Print a row per case."""
    torch.manual_seed(0)
    print(f"One thread, {rounds} rounds, torch {torch.__version__}.\n")  # noqa: T201
    print("| step | without, us | with - without, us | quartiles, us | share | hooks alone, us |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for name, build in CASES.items():
        print(_row(name, *build(), rounds))  # noqa: T201


def _row(name: str, model: nn.Module, x: Tensor, y: Tensor, rounds: int) -> str:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.0)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x).flatten(0, -2), y.flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    calls = max(1, round(SECONDS / min(_time(step, 1) for _ in range(10))))
    plain, differences = [], []
    for turn in range(rounds):
        seconds = {watched: _sample(step, model, calls, watched) for watched in _order(turn)}
        plain.append(1e6 * seconds[False])
        differences.append(1e6 * (seconds[True] - seconds[False]))
    low, median, high = statistics.quantiles(differences, n=4)
    base = statistics.median(plain)
    share = f"{100 * median / base:.2f} %"
    alone = _hooks_alone(step, model, optimizer)
    return (
        f"| {name} | {base:.0f} | {median:.2f} | {low:.2f} to {high:.2f} | {share} | {alone:.2f} |"
    )


def _order(turn: int) -> tuple[bool, bool]:
    return (False, True) if turn % 2 else (True, False)


def _sample(step: Callable[[], None], model: nn.Module, calls: int, watched: bool) -> float:
    """Seconds per step, once the guard has seen its first steps."""
    guard = Guard(model, on_find="raise", phase=sys.maxsize) if watched else None
    _time(step, 3)
    seconds = _time(step, calls)
    if guard is not None:
        guard.close()
    return seconds


def _hooks_alone(step: Callable[[], None], model: nn.Module, optimizer: torch.optim.Adam) -> float:
    with Guard(model, on_find="raise", phase=sys.maxsize):
        step()
        (before,) = model._forward_pre_hooks.values()
        after = list(optimizers._global_optimizer_post_hooks.values())[-1]

        def hooks() -> None:
            before(model, ())
            after(optimizer, (), {})

        return 1e6 * statistics.median(_time(hooks, HOOK_CALLS) for _ in range(11))


def _time(call: Callable[[], None], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*(int(argument) for argument in sys.argv[1:]))

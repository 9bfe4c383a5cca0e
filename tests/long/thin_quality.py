"""What thinning costs in accuracy, as Markdown: `python -m tests.long.thin_quality`.

Contestants are networks without dropout, with ordinary dropout, and thinned, with mini-batches
in 1, 2, 4 and 8 groups; `--thin-optimizer` adds one group with `ThinAdamW`. Each gets the p and the
learning rate that are best for it by the validation loss at seeds of their own. With these it is
trained at fresh seeds, at which all of them start from the same weights and see the same batches.
The test part is looked at after that, and decides nothing.

Equal epochs: each is taken at its best epoch by validation loss. Equal time: the same, of the
epochs that it has finished when the first of all contestants has finished its last one, at the
same seed; what has finished none counts with its initial weights. Time is that of whole epochs as
`torchdrop.training.fit` runs them: steps, and the scores on training and validation rows.

By default 52 + 30 networks for 20 epochs on digits. For MNIST and Fashion-MNIST name the files:
`--data mnist --data-dir DIR --rows 5000`. Time says something on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product

import torch
from torch import Tensor, nn

from torchdrop.data import Dataset, Part, load
from torchdrop.networks import MLP
from torchdrop.optim import ThinAdamW
from torchdrop.training import Epoch, History, Objective, Score, TrainingSettings, fit
from torchdrop.tuning import NetworkFactory
from torchdrop.tuning._grid import SeedStreams
from torchdrop.tuning._initial import initial_network
from torchdrop.tuning._network import Thinned
from torchdrop.tuning._statistics import mean_interval

NONE, DROPOUT = "none", "dropout"
_FRESH = 1000  # the first seed that no choice has seen

Weights = Mapping[str, Tensor]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    """A probability of dropping and a learning rate."""

    p: float
    lr: float


@dataclass(frozen=True)
class Choice:
    """The best setting of a contestant, its mean validation loss, and those it was chosen from."""

    best: Setting
    loss: float
    grid: tuple[Setting, ...]

    @property
    def edges(self) -> str:
        """What lies at an end of the grid, so that a wider one might be better."""
        names = []
        for name in ("p", "lr"):
            values = {getattr(setting, name) for setting in self.grid}
            if len(values) > 2 and getattr(self.best, name) in (min(values), max(values)):
                names.append(name)
        return ", ".join(names) or "-"


@dataclass(frozen=True)
class Run:
    """A trained network, and its weights at every epoch that was the best until then; 0: before."""

    model: nn.Module
    history: History
    weights: Mapping[int, Weights]

    @property
    def ends(self) -> list[float]:
        """Seconds from the start to the end of each epoch."""
        return list(accumulate(epoch.seconds for epoch in self.history.epochs))

    def reached(self, seconds: float = math.inf) -> int:
        """Number of the best epoch by validation loss of those finished in time; 0 if none is."""
        best, lowest = 0, math.inf
        for epoch, end in zip(self.history.epochs, self.ends, strict=True):
            if end > seconds:
                break
            if epoch.is_finite and epoch.validation_loss < lowest:
                best, lowest = epoch.number, epoch.validation_loss
        return best

    def score(self, part: Part, epoch: int) -> Score:
        """Measure it with the weights of an epoch that `reached` has named."""
        self.model.load_state_dict(self.weights[epoch])
        return Objective("classification").score(self.model, part)


@dataclass(frozen=True)
class Figures:
    """What a run came to on the test part at equal epochs and at equal time."""

    epochs: Score
    time: Score
    seconds_per_epoch: float
    finished: int


def train(
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    setting: Setting,
    seed: int,
) -> Run:
    """Train a network from the weights, batches and masks of a seed; the test part is not read."""
    streams = SeedStreams.of(seed)
    model = initial_network(make_network, setting.p, seed)
    own = isinstance(make_network, WithThinOptimizer)
    optimizer = ThinAdamW(model, setting.lr, weight_decay=0.0) if own else None
    weights, epochs = {0: _copy(model)}, list[Epoch]()

    def keep(epoch: Epoch) -> None:
        epochs.append(epoch)
        if Run(model, History(tuple(epochs)), {}).reached() == epoch.number:
            weights[epoch.number] = _copy(model)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.masks)
        history = fit(
            *(model, data.train, data.validation, Objective(data.task)),
            replace(settings, lr=setting.lr),
            order=torch.Generator().manual_seed(streams.order),
            optimizer=optimizer,
            on_epoch=keep,
        )
    return Run(model, history, weights)


def _copy(model: nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


class WithThinOptimizer(Thinned):
    """A thinned network that `ThinAdamW` trains, without decay: else all have Adam."""


def contestants(
    widths: Sequence[int], groups: Sequence[int], *, thin_optimizer: bool = False
) -> dict[str, NetworkFactory]:
    """Name everyone who is compared, with ReLU between layers."""
    plain = MLP(tuple(widths), "relu")
    thinned = {f"thinned, {g} group{'s' * (g > 1)}": Thinned(plain, g) for g in groups}
    own = {"thinned, ThinAdamW": WithThinOptimizer(plain)} if thin_optimizer else {}
    return {NONE: plain, DROPOUT: plain, **thinned, **own}


def grid_of(name: str, rates: Sequence[float], lrs: Sequence[float]) -> tuple[Setting, ...]:
    """All settings that a contestant may choose from."""
    return tuple(Setting(p, lr) for p, lr in product([0.0] if name == NONE else rates, lrs))


def choose(losses: Mapping[Setting, Sequence[float]]) -> Choice:
    """Take the setting with the lowest mean validation loss; one that diverged is never taken."""
    means = {setting: sum(values) / len(values) for setting, values in losses.items()}
    finite = {setting: mean for setting, mean in means.items() if math.isfinite(mean)}
    if not finite:
        raise RuntimeError("Every setting diverged; give lower learning rates.")
    best = min(finite, key=finite.__getitem__)
    return Choice(best, finite[best], tuple(losses))


def select(
    factories: Mapping[str, NetworkFactory],
    data: Dataset,
    settings: TrainingSettings,
    grid: tuple[Sequence[float], Sequence[float]],
    seeds: int,
    say: Say,
) -> dict[str, Choice]:
    """Choose for each contestant by validation loss, at seeds from 0."""
    choices = {}
    for name, factory in factories.items():
        losses: dict[Setting, list[float]] = {}
        for setting, seed in product(grid_of(name, *grid), range(seeds)):
            history = train(factory, data, settings, setting, seed).history
            loss = math.inf if history.diverged else history.best.validation_loss
            losses.setdefault(setting, []).append(loss)
            say(f"choosing: {name}, p {setting.p:g}, lr {setting.lr:g}, seed {seed}: {loss:.4f}")
        choices[name] = choose(losses)
    return choices


def compare(
    factories: Mapping[str, NetworkFactory],
    data: Dataset,
    settings: TrainingSettings,
    choices: Mapping[str, Choice],
    seeds: int,
    say: Say,
) -> dict[str, list[Figures]]:
    """Train each contestant at fresh seeds with what was chosen for it, and look at the test."""
    figures: dict[str, list[Figures]] = {name: [] for name in factories}
    names = list(factories)
    for number in range(seeds):
        turn = number % len(names)  # nobody is always first, when the machine may be cold
        runs = {}
        for name in names[turn:] + names[:turn]:
            setting = choices[name].best
            runs[name] = train(factories[name], data, settings, setting, _FRESH + number)
            say(f"comparing: {name}, seed {number}: {runs[name].history.best.validation_loss:.4f}")
        for name, result in _judged(runs, data.test):
            figures[name].append(result)
    return figures


def _judged(runs: Mapping[str, Run], test: Part) -> Iterator[tuple[str, Figures]]:
    finished = [run.ends[-1] for run in runs.values() if not run.history.diverged]
    if not finished:
        raise RuntimeError("Every contestant diverged at a fresh seed; give lower learning rates.")
    limit = min(finished)
    for name, run in runs.items():
        yield (
            name,
            Figures(
                epochs=run.score(test, run.reached()),
                time=run.score(test, run.reached(limit)),
                seconds_per_epoch=run.ends[-1] / len(run.ends),
                finished=sum(end <= limit for end in run.ends),
            ),
        )


def render(choices: Mapping[str, Choice], figures: Mapping[str, Sequence[Figures]]) -> str:
    """Write the three tables."""
    chosen = [
        [name, f"{c.best.p:g}", f"{c.best.lr:g}", f"{c.loss:.4f}", c.edges]
        for name, c in choices.items()
    ]
    head = ["contestant", "p", "learning rate", "validation loss", "at an end of the grid"]
    parts = ["Chosen by validation loss:", _table(head, chosen)]
    for title in ("epochs", "time"):
        scores = {name: [getattr(f, title) for f in own] for name, own in figures.items()}
        base = [score.loss for score in scores[DROPOUT]]
        rows = []
        for name, own in scores.items():
            losses = [score.loss for score in own]
            errors = [100 * (1 - (score.accuracy or 0.0)) for score in own]
            gaps = [a - b for a, b in zip(losses, base, strict=True)]
            cells = [_spell(errors, 2), _spell(losses, 4)]
            cells += ["-" if name == DROPOUT else _spell(gaps, 4, sign="+")]
            rows.append([name, *cells, *_pace(figures[name], title)])
        last = "ms per epoch" if title == "epochs" else "epochs finished"
        head = ["contestant", "test error, %", "test loss", "loss minus dropout's", last]
        parts += [f"At equal {title}:", _table(head, rows)]
    return "\n\n".join(parts) + "\n"


def _pace(figures: Sequence[Figures], title: str) -> list[str]:
    if title == "epochs":
        return [_spell([1e3 * f.seconds_per_epoch for f in figures], 0)]
    return [_spell([f.finished for f in figures], 1)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spell(values: Sequence[float], digits: int, *, sign: str = "") -> str:
    """A mean over seeds with its 95 % interval, where there is one."""
    found = mean_interval(values)
    mean = f"{found.mean:{sign}.{digits}f}"
    if found.low is None or found.high is None:
        return mean
    return f"{mean} ({found.low:{sign}.{digits}f} to {found.high:{sign}.{digits}f})"


def read(name: str, data_dir: str | None, rows: int | None) -> Dataset:
    """Load a data set with flat rows; at most `rows` for training, and as many for validation."""
    data = load(name, data_dir=data_dir).flattened()
    if rows is None:
        return data
    return replace(data, train=_some(data.train, rows), validation=_some(data.validation, rows))


def _some(part: Part, rows: int) -> Part:
    picked = torch.randperm(len(part), generator=torch.Generator().manual_seed(0))[:rows]
    return Part(part.x[picked], part.y[picked])


def main(words: Sequence[str] | None = None) -> None:
    """Choose, compare, print."""
    asked = _parser().parse_args(words)
    data = read(asked.data, asked.data_dir, asked.rows)
    hidden = asked.hidden or ([256, 256] if asked.data == "digits" else [512, 512])
    widths = (*data.shape, *hidden, data.outputs)
    factories = contestants(widths, asked.groups, thin_optimizer=asked.thin_optimizer)
    settings = TrainingSettings(asked.epochs, asked.batch_size)
    grids = [grid_of(name, asked.p, asked.lr) for name in factories]
    total = asked.selection_seeds * sum(map(len, grids)) + asked.seeds * len(factories)
    done = 0

    def say(text: str) -> None:
        nonlocal done
        done += 1
        sys.stderr.write(f"[{done}/{total}] {text}\n")

    choices = select(factories, data, settings, (asked.p, asked.lr), asked.selection_seeds, say)
    figures = compare(factories, data, settings, choices, asked.seeds, say)
    parts = f"{len(data.train):,} training, {len(data.validation):,} validation, "
    sys.stdout.write(
        f"{data.name}: {parts}{len(data.test):,} test rows; {'-'.join(map(str, widths))}, ReLU, "
        f"Adam, {asked.epochs} epochs, batch {asked.batch_size}; settings chosen at "
        f"{asked.selection_seeds} seeds, compared at {asked.seeds} fresh ones, means with 95 % "
        f"intervals; {torch.get_num_threads()} threads, torch {torch.__version__}.\n\n"
        f"{render(choices, figures)}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare thinned training with plain dropout.")
    parser.add_argument("--data", default="digits", choices=["digits", "mnist", "fashion-mnist"])
    parser.add_argument("--data-dir", help="folder with the idx files")
    parser.add_argument("--rows", type=int, help="training rows, and validation rows, at most")
    parser.add_argument("--hidden", type=int, nargs="+", help="widths of the hidden layers")
    parser.add_argument("--groups", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--thin-optimizer", action="store_true", help="ThinAdamW too, one group")
    parser.add_argument("--p", type=float, nargs="+", default=[0.1, 0.2, 0.3, 0.4, 0.5])
    parser.add_argument("--lr", type=float, nargs="+", default=[0.001, 0.003])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--selection-seeds", type=int, default=1, help="seeds to choose at")
    parser.add_argument("--seeds", type=int, default=5, help="fresh seeds to compare at")
    return parser


if __name__ == "__main__":
    main()

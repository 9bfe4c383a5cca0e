"""What may follow a grid: one p for each layer, and rates learned by gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from ._grid import Grid
from ._learn import check_learnable, learn
from ._learned import LearnedMember, LearnedResult
from ._member import Member
from ._network import NetworkFactory
from ._per_layer import PerLayerResult, TrainCells, Trial, import_optuna, search_per_layer
from ._result import TuningResult
from ._run_directory import RunDirectory
from ._unit import Cell, Job, Outcome, train_unit

TRIALS = 40
_PER_LAYER, _LEARN = "per_layer", "learn"


@dataclass(frozen=True)
class Beyond:
    """What is asked for beyond the grid.

    Attributes:
        per_layer: Whether one p for each layer is searched.
        learn: Whether p is learned by gradient.
        tell: Called with a sentence as either goes on.
    """

    per_layer: bool
    learn: bool
    tell: Callable[[str], None] | None

    def check(self, make_network: NetworkFactory, grid: Grid) -> None:
        """Refuse what cannot be done, before any work.

        Args:
            make_network: Called with p.
            grid: What is trained before.

        Raises:
            SettingError: If Optuna is missing.
            ModelError: If the network's p cannot be learned.
        """
        if self.per_layer:
            import_optuna()
        if self.learn:
            check_learnable(make_network, grid.rates[-1])

    def extend(self, result: TuningResult, job: Job, run: RunDirectory | None) -> TuningResult:
        """Do what is asked for, going on where an earlier run was interrupted.

        Args:
            result: Of the grid.
            job: What the grid was trained as.
            run: Where trials are kept until the run is finished.

        Returns:
            The result with what came out.
        """
        if self.per_layer:
            result = replace(result, per_layer=self._search(result, job, run))
        if self.learn:
            result = replace(result, learned=self._learn(result, job, run))
        return result

    def _search(self, result: TuningResult, job: Job, run: RunDirectory | None) -> PerLayerResult:
        found = run.read_notes(_PER_LAYER) if run else []
        trials = [Trial(tuple(t["rates"]), tuple(map(float, t["losses"]))) for t in found]

        def keep(trial: Trial) -> None:
            trials.append(trial)
            if run:
                run.write_notes(_PER_LAYER, [asdict(t) for t in trials])
            rates = ", ".join(f"{p:.2f}" for p in trial.rates)
            self._say(f"per layer {len(trials)}/{TRIALS}: p = {rates} gives {trial.loss:.4f}")

        return search_per_layer(
            *(job.make_network, result.verdict.p, together(job)),
            seeds=len({member.seed for member in result.members}),
            trials=TRIALS,
            earlier=tuple(trials),
            on_trial=keep,
        )

    def _learn(self, result: TuningResult, job: Job, run: RunDirectory | None) -> LearnedResult:
        found = run.read_notes(_LEARN) if run else []
        members = [LearnedMember.from_dict(content) for content in found]

        def keep(member: LearnedMember) -> None:
            members.append(member)
            if run:
                run.write_notes(_LEARN, [asdict(m) for m in members])
            rates = ", ".join(f"{p:.2f}" for p in member.rates)
            self._say(f"learned p, seed {member.seed}: {rates}, loss {member.validation_loss:.4f}")

        return learn(
            *(job.make_network, job.data, job.settings, result.members),
            earlier=tuple(members),
            on_member=keep,
        )

    def _say(self, sentence: str) -> None:
        if self.tell:
            self.tell(sentence)


def together(job: Job) -> TrainCells:
    """Train networks by the engine of a job, with another factory.

    Args:
        job: What to train on, how, and by which engine.

    Returns:
        What `search_per_layer` takes as `train`.
    """

    def train(make_network: NetworkFactory, cells: Sequence[Cell]) -> list[Member]:
        members: dict[Cell, Member] = {}

        def keep(outcome: Outcome) -> None:
            members[outcome.cell] = outcome.member

        train_unit(
            replace(job, make_network=make_network),
            cells,
            on_epoch=lambda cell, epoch: None,
            on_outcome=keep,
        )
        return [members[cell] for cell in cells]

    return train

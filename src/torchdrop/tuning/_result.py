"""What a sweep leaves behind: members, and what follows from them.

The members are the only truth. Summaries and the verdict are computed from them when asked for,
so a result read from disk cannot disagree with itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from ..training import Epoch
from ._layout import Layout
from ._learned import LearnedResult
from ._member import Member
from ._per_layer import PerLayerResult
from ._summary import RateSummary, summarize
from ._verdict import Verdict, decide


@dataclass(frozen=True, slots=True)
class DataSummary:
    """The data a sweep was trained on, in numbers.

    Attributes:
        name: What the user called it, such as `digits` or a file's name.
        task: `classification` or `regression`.
        rows: Rows in the training, validation and test part.
        shape: Shape of one input row.
        classes: Names of the classes; empty in regression.
        notes: What was done to the data that a reader should know, a sentence each.
    """

    name: str
    task: str
    rows: tuple[int, int, int]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TuningResult:
    """A finished sweep over the grid of dropout rates and seeds.

    Attributes:
        settings: All settings of the run, as plain JSON types.
        data: What it was trained on.
        members: Every trained network, ordered by rate, then seed.
        layout: The network's shape for drawing; `None` if it is no plain chain of layers.
        per_layer: The search of one p per layer; `None` if there was none.
        learned: Networks that learned p, beside the grid; `None` if there are none.
    """

    settings: Mapping[str, Any]
    data: DataSummary
    members: tuple[Member, ...]
    layout: Layout | None = None
    per_layer: PerLayerResult | None = None
    learned: LearnedResult | None = None

    @cached_property
    def summaries(self) -> tuple[RateSummary, ...]:
        """One line per rate, in the grid's order."""
        return summarize(self.members)

    @cached_property
    def verdict(self) -> Verdict:
        """Which rate is best, and how sure that is."""
        return decide(self.members)

    @property
    def chosen(self) -> Member:
        """The member kept as the model: lowest validation loss at the recommended rate."""
        candidates = [m for m in self.members if m.p == self.verdict.p]
        return min(candidates, key=lambda m: m.history.best.validation_loss)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain JSON types, without epochs: the content of `result.json`.

        Wall times are left out (they are in the records), so equal runs give equal bytes.
        """
        summaries = [asdict(summary) for summary in self.summaries]
        for summary in summaries:
            del summary["seconds"]
        beyond = {"per_layer": self.per_layer, "learned": self.learned}
        return {
            "settings": dict(self.settings),
            "data": asdict(self.data),
            "layout": asdict(self.layout) if self.layout else None,
            "verdict": asdict(self.verdict),
            "summaries": summaries,
            "chosen": self.chosen.name,
            "members": [member.to_dict() for member in self.members],
            **{name: record.to_dict() for name, record in beyond.items() if record},
        }

    @classmethod
    def from_dict(
        cls, content: Mapping[str, Any], epochs: Mapping[tuple[float, int], tuple[Epoch, ...]]
    ) -> TuningResult:
        """Rebuild a result from `to_dict`'s content and the epochs of each `(p, seed)`."""
        data = content["data"]
        layout, per_layer = content["layout"], content.get("per_layer")
        learned = content.get("learned")
        return cls(
            settings=content["settings"],
            data=DataSummary(**{k: _as_tuple(v) for k, v in data.items()}),
            members=tuple(
                Member.from_dict(m, epochs[m["p"], m["seed"]]) for m in content["members"]
            ),
            layout=Layout(**{k: _as_tuple(v) for k, v in layout.items()}) if layout else None,
            per_layer=PerLayerResult.from_dict(per_layer) if per_layer else None,
            learned=LearnedResult.from_dict(learned) if learned else None,
        )


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

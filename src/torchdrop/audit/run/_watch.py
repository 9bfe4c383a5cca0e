"""Watch a program for mistakes with dropout while it trains, predicts or samples."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from contextlib import nullcontext
from types import TracebackType
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.hooks import RemovableHandle
from typing_extensions import Self

from ...errors import ModelError, SettingError
from .._finding import Findings
from ._compare import compare
from ._discovery import Discovery
from ._examine import examine
from ._follower import Follower, subject_of
from ._journal import Journal, OnFind
from ._layers import listed
from ._mode_log import ModeLog
from ._quiet import Handed
from ._ranks import Group
from ._vmap import explain, explains

_MOST = 32  # models stay alive while they are watched


class watch:
    """Watch a running program, and say once per mistake what is wrong with its dropout.

    It begins at once, and ends with the `with` block, at `close()`, or when Python ends. It looks
    and changes nothing: no mask, mode or weight.

    Modes are seen to by `torchdrop.Guard` (DRP101, 106, 201, 203, 209, 211, 213, 302). Beyond it:
    equal views of one input (DRP214), masks that repeat from step to step (DRP403), recomputation
    with another mask (DRP404), samples that are equal (DRP406), masks that change under an
    optimizer's closure (DRP407), calls that change modes (DRP408), schedules that reach no layer
    (DRP409), `vmap` over live dropout (DRP410), and on request equal masks on all ranks (DRP210),
    evaluation that is not deterministic (`compare`, DRP402), layers that are no sound dropout
    (`examine`, DRP405) and log-probabilities with dropout in them (`same_policy`, DRP215).

    Args:
        model: The module that the loop calls. Without it, models are found when they are called
            and an optimizer that steps says which of them learns; a model that nobody trains, such
            as a teacher, is then left alone while another is trained.
        allow: Patterns of names of modules that may drop at any time, such as `("prenet.*",)`.
        on_find: What to do with a new error or warning: `warn` at the user's line, `raise` a
            `ModeError`, or only `collect`. Advice is always only collected.
        phase: Steps after which dropout that was never on or never called is reported.
        ranks: Whether to compare masks across data-parallel ranks, or in which group. It costs
            one collective, in which every rank must take part.

    Raises:
        ModelError: If `model` is no module.
        SettingError: If another setting is out of range.

    Example:
        >>> import torch
        >>> model, x = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)), torch.ones(2, 4)
        >>> with watch(on_find="collect") as watching, torch.no_grad():
        ...     _ = [model(x) for _ in range(2)]
        >>> [finding.rule for finding in watching.findings]
        ['DRP201']
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        *,
        allow: Sequence[str] = (),
        on_find: OnFind = "warn",
        phase: int = 100,
        ranks: bool | Group = False,
    ) -> None:
        _check(model, allow, on_find, phase)
        self._allow, self._phase, self._ranks = tuple(allow), phase, ranks
        self._journal, self._handed = Journal(on_find), Handed()
        self._followers: list[Follower] = []
        self._trained = self._closed = False
        self._running: tuple[Optimizer, bool] | None = None
        self._steps: list[RemovableHandle] = []
        self._discovery: Discovery | None = None
        self._modes = ModeLog(self._on_mode)
        try:
            if model is not None:
                self._follow(model, strict=True)
            else:
                self._discovery = Discovery(self._adopt, self._is_running)
        except BaseException:
            self._modes.close()
            raise
        self._hook_steps()
        atexit.register(self.close)

    @property
    def findings(self) -> Findings:
        """All findings so far, in the order of their first occurrence."""
        return Findings(items=self._journal.findings, notes=tuple(self._journal.notes))

    def compare(self, model: nn.Module, *args: Any, **kwargs: Any) -> bool:
        """Run a model twice in evaluation mode, and report the first layer that differs (DRP402).

        Random states and modes are put back.

        Args:
            model: Any module.
            *args: What it is called with.
            **kwargs: Likewise.

        Returns:
            Whether both passes gave the same in every layer.
        """
        with self._discovery.paused() if self._discovery is not None else nullcontext():
            return compare(subject_of(model, self._allow, self._journal), args, kwargs)

    def examine(self, model: nn.Module) -> int:
        """Check dropout layers that neither torch nor torchdrop has written (DRP405).

        Args:
            model: Any module; its layers are examined as copies.

        Returns:
            How many layers were checked.
        """
        return examine(subject_of(model, self._allow, self._journal))

    def same_policy(
        self, model: nn.Module, old: Tensor, new: Tensor, *, within: float = 1e-4
    ) -> bool:
        """Compare log-probabilities that one policy gave twice before an update (DRP215).

        Args:
            model: The policy.
            old: Its log-probabilities at first.
            new: Those of the same actions again, with the same weights, of the same shape.
            within: The greatest difference that rounding may make.

        Returns:
            Whether they agree.

        Raises:
            SettingError: If the shapes differ.
        """
        if old.shape != new.shape:
            raise SettingError(
                "old and new are of the same actions, so of one shape; got "
                f"{tuple(old.shape)} and {tuple(new.shape)}."
            )
        ratio = (new.detach() - old.detach()).exp()
        if bool(((new.detach() - old.detach()).abs() <= within).all()):
            return True
        subject = subject_of(model, self._allow, self._journal)
        on = subject.layers.on()
        if on:
            subject.report(
                "DRP215",
                f"the ratio of one policy to itself is {float(ratio.mean()):.3g} with a standard "
                f"deviation of {float(ratio.std(correction=0)):.2g} instead of 1, as dropout is on "
                f"in {listed(on)}.",
                modules=on,
            )
        return False

    def epoch(self) -> None:
        """Mark that an epoch begins: modes may differ from those of the epoch before."""
        for follower in self._followers:
            follower.guard.epoch()

    def step(self) -> None:
        """Count a training step that no `torch.optim.Optimizer` took, such as one of your own."""
        for follower in self._followers:
            follower.guard.step()
            follower.poll()

    def close(self) -> None:
        """Report what is still open, and remove all hooks. Closing twice is once."""
        self._end(quietly=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and explains(error):
            for follower in self._followers[:1]:
                explain(follower.subject, error)
        self._end(quietly=error is not None)

    def __repr__(self) -> str:
        found = ", ".join(finding.rule for finding in self.findings) or "nothing found"
        return f"watch({len(self._followers)} models: {found})"

    def _end(self, *, quietly: bool) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if self._discovery is not None:
            self._discovery.end()
        self._modes.close()
        for handle in self._steps:
            handle.remove()
        if self._trained and not self._followers:
            self._journal.note("Optimizers stepped, and no model was seen: it may be compiled.")
        failed: list[BaseException] = []
        for follower in self._followers:
            try:
                follower.close(trained=self._trained, quietly=quietly or bool(failed))
            except Exception as error:  # noqa: BLE001 - raised below, when all hooks are removed
                failed.append(error)
        if failed:
            raise failed[0]

    def _follow(self, model: nn.Module, *, strict: bool) -> Follower:
        follower = Follower(
            model,
            self._allow,
            self._phase,
            self._journal,
            self._modes,
            self._handed,
            self._ranks,
            strict=strict,
        )
        self._followers.append(follower)
        return follower

    def _adopt(self, model: nn.Module, args: tuple[Any, ...] | None) -> None:
        """Follow a model that is just being called: its own hooks come too late for this call."""
        if len(self._followers) >= _MOST:
            self._journal.note(f"Only the first {_MOST} models are watched.")
            return
        parts = set(model.modules())
        inside = [f for f in self._followers if f.subject.root in parts]
        for old in inside:
            self._followers.remove(old)
            old.close(trained=True, quietly=True)
        known = set(model._forward_pre_hooks)
        follower = self._follow(model, strict=False)
        if self._running is not None:
            follower.begin_step(self._running[0], closure=self._running[1])
        for key, hook in tuple(model._forward_pre_hooks.items()):
            if key not in known and args is not None:
                if key in model._forward_pre_hooks_with_kwargs:
                    hook(model, args, {})
                else:
                    hook(model, args)
        self._hook_steps()

    def _hook_steps(self) -> None:
        """Hear of steps after every guard, which hook optimizers when they are made."""
        for handle in self._steps:
            handle.remove()
        self._steps = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        closure = any(callable(one) for one in (*args[1:], *kwargs.values()))
        self._running = optimizer, closure
        for follower in self._followers:
            follower.begin_step(optimizer, closure=closure)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._trained, self._running = True, None
        for follower in self._followers:
            follower.end_step(optimizer)
        self._modes.step()
        if self._discovery is not None:
            self._discovery.on_step(optimizer)

    def _on_mode(self, module: nn.Module, mode: bool) -> None:
        if self._discovery is not None:
            self._discovery.on_mode(module, mode)

    def _is_running(self) -> bool:
        return any(follower.is_running for follower in self._followers)


def _check(model: object, allow: Sequence[str], on_find: str, phase: int) -> None:
    if model is not None and not isinstance(model, nn.Module):
        raise ModelError(f"A model is an instance of torch.nn.Module; got {type(model).__name__}.")
    if isinstance(allow, str):
        raise SettingError(
            f"allow holds patterns of names, such as ('prenet.*',); got the string {allow!r}."
        )
    if on_find not in {"warn", "raise", "collect"}:
        raise SettingError(f"on_find is 'warn', 'raise' or 'collect'; got {on_find!r}.")
    if isinstance(phase, bool) or not isinstance(phase, int) or phase < 1:
        raise SettingError(f"phase is a number of training steps, at least 1; got {phase!r}.")

"""See every call of a model's modules, besides every function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ._calls import Answer, DropoutCalls


class Forwards(DropoutCalls):
    """Inside `watching`, see the calls of a model's modules and those of functions that drop.

    Subclasses say by `begin`, `enter` and `leave` what they take down; the functions of torch that
    these call are not seen. Nothing stays on the model.

    Args:
        modules: The model's, with those that it does not know of, and their names.
        answer: As in `DropoutCalls`.

    Attributes:
        modules: As given.
        entered: How often each module was called.
    """

    modules: dict[nn.Module, str]
    entered: Counter[nn.Module]

    def __init__(self, modules: Mapping[nn.Module, str], answer: Answer | None = None) -> None:
        super().__init__(answer=answer)
        self.modules = dict(modules)
        self.entered = Counter()

    @contextmanager
    def watching(self, given: Any) -> Iterator[None]:
        """Hook every module and see every function inside the block.

        Args:
            given: What the model is called with in it.

        Yields:
            Nothing.
        """
        with ExitStack() as hooks:
            for module in self.modules:
                if not isinstance(module, torch.jit.ScriptModule):  # takes no hooks
                    enter = module.register_forward_pre_hook(self._enter, with_kwargs=True)
                    hooks.callback(enter.remove)
                    leave = module.register_forward_hook(self._leave, with_kwargs=True)
                    hooks.callback(leave.remove)
            self.begin(given)
            with self:
                yield

    def begin(self, given: Any) -> None:
        """Take down what the model is called with; here nothing."""

    def enter(self, module: nn.Module, given: Any) -> None:
        """Take down that a module is called; here nothing.

        Args:
            module: The one.
            given: Its arguments, by place and by name.
        """

    def leave(self, module: nn.Module, output: Any) -> Any:
        """Take down that a module is done; here nothing.

        Args:
            module: The one.
            output: What it gives.

        Returns:
            What it is to give instead; `None` to leave it.
        """

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        with torch._C.DisableTorchFunction():
            self.entered[module] += 1
            self.enter(module, (args, kwargs))

    def _leave(self, module: nn.Module, _: Any, __: Any, output: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return self.leave(module, output)

"""Keep modules in evaluation mode, whatever is asked of the model around them."""

from __future__ import annotations

from typing import Generic, TypeVar

from torch import nn

from ._block import check_model

M = TypeVar("M", bound=nn.Module)


class Stay(Generic[M]):
    """Stands in for the `train` of one module, as an attribute of that object.

    Its class stays what it was. Copies and pickles hold one for the copy.

    Args:
        module: Whose.
    """

    def __init__(self, module: M) -> None:
        self.module = module

    def __call__(self, mode: bool = True) -> M:
        """Put the module, and all that has come into it since, into evaluation mode."""
        nn.Module.train(self.module, False)
        return self.module


class Off(Stay[M]):
    """Keeps one dropout layer off for a block, and remembers the mode that it would have.

    Args:
        module: Whose.
    """

    def __init__(self, module: M) -> None:
        super().__init__(module)
        self.wish = module.training

    def __call__(self, mode: bool = True) -> M:
        """Pass the mode on to what is in the layer, and remember it for the layer."""
        nn.Module.train(self.module, mode)
        self.wish = mode
        self.module.training = False
        return self.module


def frozen(module: M) -> M:
    """Keep `module` in evaluation mode from now on, whatever `train` says, until `release`.

    In place. For a pretrained encoder, a teacher, a batch normalization whose statistics are to
    stay: `model.train()` before each epoch would wake them all. It concerns modes only;
    parameters learn as before unless `requires_grad_(False)` is called on them.

    It holds through `train` and `eval` of the model, of the module and of any part of it, through
    `training(model)`, `copy.deepcopy` and pickling. It does not hold where somebody writes
    `part.training = True` himself, and it is no part of a `state_dict`. A shallow `copy.copy`
    belongs to the original.

    Args:
        module: Any module, with all that is in it.

    Returns:
        `module` itself.

    Raises:
        ModelError: If `module` is no `torch.nn.Module`.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(frozen(nn.BatchNorm1d(3)), nn.Dropout())
        >>> _ = model.train()
        >>> model[0].training, model[1].training
        (False, True)
        >>> _ = release(model).train()
        >>> model[0].training
        True
    """
    check_model(module)
    for part in module.modules():
        if type(vars(part).get("train")) is not Stay:
            vars(part)["train"] = Stay(part)
            part.training = False
    return module


def release(module: M) -> M:
    """Let `module` and all that is in it follow `train` again; the inverse of `frozen`.

    In place. Modes stay as they are until the next call of `train`.

    Args:
        module: Any module; left as it is where nothing is frozen.

    Returns:
        `module` itself.

    Raises:
        ModelError: If `module` is no `torch.nn.Module`.

    Example:
        >>> from torch import nn
        >>> release(frozen(nn.Dropout())).train().training
        True
    """
    check_model(module)
    for part in module.modules():
        if isinstance(vars(part).get("train"), Stay):
            del vars(part)["train"]
    return module


def is_frozen(module: nn.Module) -> bool:
    """Whether `frozen` keeps this very module in evaluation mode.

    Args:
        module: Any module.

    Returns:
        True from `frozen` to `release`.

    Example:
        >>> from torch import nn
        >>> is_frozen(frozen(nn.Dropout())), is_frozen(nn.Dropout())
        (True, False)
    """
    return type(vars(module).get("train")) is Stay


def is_kept_off(module: nn.Module) -> bool:
    """Whether a module is frozen, or in a block that keeps its dropout off.

    Args:
        module: Any module.

    Returns:
        The verdict.
    """
    return isinstance(vars(module).get("train"), Stay)


def mode_of(module: nn.Module) -> bool:
    """Read the mode that a module has, or would have if its dropout were not kept off.

    Args:
        module: Any module.

    Returns:
        True for training.
    """
    stay = vars(module).get("train")
    return stay.wish if isinstance(stay, Off) else module.training


def set_mode(module: nn.Module, mode: bool) -> None:
    """Set the mode of one module alone, as far as it is free.

    Args:
        module: Any module; a frozen one stays as it is.
        mode: True for training.
    """
    stay = vars(module).get("train")
    if isinstance(stay, Off):
        stay.wish = mode
    elif not isinstance(stay, Stay):
        module.training = mode

"""The modules of a model by readable names."""

from __future__ import annotations

from torch import nn

_COMPILED = "_orig_mod"


def named_modules(model: nn.Module) -> dict[nn.Module, str]:
    """Name every module once, without what `torch.compile` puts into names.

    Args:
        model: Any module. Of a compiled one, the wrapper is left out: it holds nothing itself.

    Returns:
        Each module with its first name, in the order of `model.named_modules()`. The prefix
        `module.` of DataParallel and its like stays, so that `model.get_submodule(name)` works.
    """
    return {
        module: readable(name)
        for name, module in model.named_modules()
        if _COMPILED not in module._modules
    }


def readable(name: str) -> str:
    """Strip from a qualified name what `torch.compile` put into it."""
    return ".".join(part for part in name.split(".") if part != _COMPILED)


def uncompiled(module: nn.Module) -> nn.Module:
    """Give what a wrapper of `torch.compile` holds; any other module is given back."""
    inner: nn.Module | None = dict(module.named_children()).get(_COMPILED)  # as TorchScript has it
    return module if inner is None else inner


def is_compiled(module: nn.Module) -> bool:
    """Whether calling a module runs a compiled graph, by a wrapper or by `module.compile()`."""
    return _COMPILED in module._modules or module._compiled_call_impl is not None


def label(name: str, module: nn.Module) -> str:
    """Show a module as "name (Type)"; the model itself as its type."""
    kind = type(module).__name__
    return f"{name} ({kind})" if name else kind

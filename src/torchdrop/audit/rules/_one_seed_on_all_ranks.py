"""All ranks draw the same masks.

## What

A process of distributed data parallelism seeds torch by a number that does not depend on its rank,
and the model has dropout.

## Why

Equal seeds draw equal masks. Each rank has other data, but all drop the same units in each step,
so the gradient's average over ranks keeps dropout's noise, which independent masks would average
out.

## Example

```python
import torch.distributed as dist


def worker(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(42)
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    return nn.parallel.DistributedDataParallel(model)
```

## Instead

```python
import torch.distributed as dist


def worker(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(42 + rank)
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    return nn.parallel.DistributedDataParallel(model)
```

## Known problems

Ranks that share one layer's work (tensor parallelism) need equal masks; where a file speaks of it,
nothing is said. Equal weights at the beginning are no reason: `DistributedDataParallel` sends those
of rank 0 to all.

## References

transformers#31412, anemoi-core#595, Megatron-LM#1256.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    SourceFile,
    argument,
    find_function,
    is_meant,
    is_unit_test,
    parameters,
    shows_dropout,
    text_of,
    walk,
)

_SEEDS = ("torch.manual_seed", "torch.random.manual_seed", "torch.cuda.manual_seed_all")
_INIT = "torch.distributed.init_process_group"
_PER_RANK = "manual_seed_per_rank"
_WRAPPERS = ("DistributedDataParallel", "FullyShardedDataParallel")
_SHARED_WORK = ("tensor_parallel", "parallelize_module", "ColwiseParallel", "model_parallel")


def _check(file: SourceFile) -> Iterator[Found]:
    if any(word in file.text for word in _SHARED_WORK) or not any(
        x in file.text for x in _WRAPPERS
    ):
        return
    for scope in (file.tree, *file.nodes(ast.FunctionDef, ast.AsyncFunctionDef)):
        calls = [x for x in file.nodes(ast.Call) if (file.function_of(x) or file.tree) is scope]
        if not any(_begins(file, call) for call in calls) or is_unit_test(file, scope):
            continue
        seeds = [(call, seed) for call in calls if (seed := _seed(file, call)) is not None]
        if not seeds or any(_depends(file, seed) for _, seed in seeds):
            continue
        if any(_PER_RANK in (file.qualified(call.func) or "") for call in calls):
            continue
        last = seeds[-1][0]
        if shows_dropout(file) and not is_meant(file, last):
            yield Found(last, "Every rank is seeded alike here, so all draw the same masks.")


def _begins(file: SourceFile, call: ast.Call, depth: int = 2) -> bool:
    """Whether a call joins a process group, itself or inside a function of the tree."""
    name = file.qualified(call.func) or ""
    if name == _INIT:
        return True
    found = find_function(file, name) if name and depth else None
    inner = walk(found[1]) if found else ()
    return any(isinstance(x, ast.Call) and _begins(found[0], x, depth - 1) for x in inner if found)


def _seed(file: SourceFile, call: ast.Call) -> ast.expr | None:
    """The seed that a call gives to torch, itself or through a function of the tree."""
    name = file.qualified(call.func) or ""
    if name in _SEEDS:
        return argument(call, "seed", 0).value
    found = find_function(file, name)
    if found is None:
        return None
    where, function = found
    given = {p.arg: i for i, (p, _) in enumerate(parameters(function.args))}
    for inner in walk(function):
        if isinstance(inner, ast.Call) and where.qualified(inner.func) in _SEEDS:
            seed = argument(inner, "seed", 0).value
            text = text_of(seed) if seed is not None else None
            if text in given and text is not None and not _depends(where, seed):
                return argument(call, text, given[text]).value
    return None


def _depends(file: SourceFile, seed: ast.AST | None, depth: int = 4) -> bool:
    """Whether a seed depends on the rank, or on something that nobody can see."""
    for node in walk(seed) if seed is not None else ():
        text = (text_of(node) or "").lower()
        if "rank" in text or "world" in text or "process_index" in text or "worker" in text:
            return True
        if isinstance(node, ast.Call):
            return True
        written = _written(file, node) if depth else ()
        if any(_depends(file, value, depth - 1) for value in written):
            return True
    return False


def _written(file: SourceFile, node: ast.AST) -> Iterator[ast.expr]:
    """Everything that a file assigns to a name."""
    text = text_of(node)
    if text is None:
        return
    for one in file.nodes(ast.Assign):
        if any(text_of(target) == text for target in one.targets):
            yield one.value
    for other in file.nodes(ast.AugAssign):
        if text_of(other.target) == text:
            yield other.value


RULE = Rule(
    id="DRP210",
    name="one-seed-on-all-ranks",
    severity="warning",
    why="Equal seeds draw equal masks: averaging over ranks no longer averages dropout's noise.",
    advice="Call `torchdrop.modes.manual_seed_per_rank(seed)`, or add the rank to the seed.",
    page=__doc__,
    check=_check,
)

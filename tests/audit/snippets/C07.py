# layer: run
"""Two ranks with one seed drop the same units of different data. Run as a program of its own."""

import os
import sys
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

import torchdrop


def work(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(42)
    model = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torchdrop.watch(ranks=True, on_find="collect") as watching:
        data = torch.full((4, 8), float(rank))
        model(data).mean().backward()
        optimizer.step()
    print(f"rank {rank}:", *(finding.rule for finding in watching.findings), flush=True)
    dist.barrier()
    sys.stdout.flush()
    os._exit(0)  # without the destructors of a process group, which may wait for each other


def main():
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(work, (folder,), nprocs=2)


if __name__ == "__main__":
    main()

"""The caller adds the rank; and a seed for data only."""

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP


def seed_all(seed):
    torch.manual_seed(seed)


def run(rank, size, seed):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    seed_all(seed + rank)
    generator = torch.Generator()
    generator.manual_seed(seed)
    return DDP(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2)))

"""The seed depends on the rank: in the call, through a variable, or by seeding again."""

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP

from torchdrop.modes import manual_seed_per_rank


def first(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(42 + rank)
    return DDP(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))


def second(rank, size, args):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    seed = args.seed + dist.get_rank()
    torch.manual_seed(seed)
    return DDP(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))


def third(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    torch.manual_seed(1000 + rank)
    return DDP(model)


def fourth(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    manual_seed_per_rank(0)
    return DDP(model)

"""Every process gets one seed."""

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP


def worker(rank, world_size):
    dist.init_process_group("gloo", rank=rank, world_size=world_size)
    torch.manual_seed(42)  # <- DRP210
    model = DDP(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))
    return model(torch.ones(16, 4))

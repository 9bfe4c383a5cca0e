"""The seed comes from the command line, and the rank from the environment."""

import os

import torch
from torch import distributed, nn
from torch.nn import parallel


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(self.drop(x))


def main(args):
    local_rank = int(os.environ["LOCAL_RANK"])
    distributed.init_process_group("nccl")
    torch.cuda.set_device(local_rank)
    torch.manual_seed(args.seed)  # <- DRP210
    net = parallel.DistributedDataParallel(Net().cuda(), device_ids=[local_rank])
    return net

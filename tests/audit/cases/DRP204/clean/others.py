"""Things with a flag of that name that are no modules."""

import torch


class Config:
    training = True


class Environment:
    def __init__(self):
        self.training = True

    def reset(self):
        self.training = False


config = Config()
config.training = False
args.training = True
print(torch.ones(1))

"""Set in the constructor's neighbor, stepped by a method."""

import torch
import torch.nn.functional as F


class Agent:
    def __init__(self, model):
        self.policy = model
        self.optim = torch.optim.RMSprop(self.policy.parameters())

    def learn(self, batch):
        self.policy.eval()  # <- DRP209
        loss = F.mse_loss(self.policy(batch["x"]), batch["y"])
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()

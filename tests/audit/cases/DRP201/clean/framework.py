"""Lightning calls eval() itself."""

import lightning as L
import torch
import torch.nn.functional as F
from torch import nn


class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))

    def training_step(self, batch, i):
        x, y = batch
        return F.mse_loss(self.net(x), y)

    @torch.no_grad()
    def validation_step(self, batch, i):
        x, y = batch
        self.log("valid", F.mse_loss(self.net(x), y))

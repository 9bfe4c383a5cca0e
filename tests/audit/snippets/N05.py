"""Lightning calls eval() before it validates."""

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import nn


class Lit(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))

    def training_step(self, batch, index):
        x, y = batch
        return F.mse_loss(self.net(x), y)

    @torch.no_grad()
    def validation_step(self, batch, index):
        x, y = batch
        self.log("valid", F.mse_loss(self.net(x), y))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())

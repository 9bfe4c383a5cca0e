"""`super().train()` is called, but always with the default."""

import torch


class Detector(torch.nn.Module):
    def train(self, mode: bool = True):  # <- DRP205
        super().train()
        self.frozen_stages()
        return self

    def frozen_stages(self):
        self.stem.eval()

"""In a method, on an attribute; and `train` in the same way."""

import torch


class Predictor:
    def __init__(self, network):
        self.network = network
        self.optimizer = torch.optim.Adam(self.network.parameters())

    def predict(self, x):
        self.network.eval  # <- DRP202
        with torch.inference_mode():
            return self.network(x)

    def step(self, x, y):
        self.network.train; self.optimizer.zero_grad()  # <- DRP202
        (self.network(x) - y).square().mean().backward()
        self.optimizer.step()

"""Classes that are no modules may train as they like."""

import torch
from sklearn.base import BaseEstimator


class Trainer:
    def train(self, loader):
        for batch in loader:
            self.step(batch)


class Estimator(BaseEstimator):
    def train(self, x, y):
        self.model = torch.nn.Linear(x.shape[1], 1)

    def eval(self, x):
        return self.model(x)

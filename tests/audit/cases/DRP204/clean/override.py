"""Inside of `train` itself, with the children switched, too; and both at once."""

from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 2)

    def train(self, mode=True):
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self


net = Net()
net.training = True
net.eval()

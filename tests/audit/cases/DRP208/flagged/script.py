"""At the end of a script: variance over passes."""

import numpy as np
import torch
from torch.nn import BatchNorm2d, Conv2d, Dropout2d, Sequential

conv = Sequential(Conv2d(1, 2, 3), BatchNorm2d(2), Dropout2d(0.1))
conv.load_state_dict(torch.load("conv.pt", weights_only=True))
conv.train()  # <- DRP208
samples = []
with torch.no_grad():
    for i in range(50):
        samples.append(conv(image).cpu().numpy())
print(np.var(samples, axis=0))

"""The same for a container, and for both directions."""

import torch.nn as N

stack = N.Sequential(N.Linear(2, 2), N.Dropout(0.2))
stack.training = False  # <- DRP204
print(stack(data))
stack.training = True  # <- DRP204

"""Built, kept under a name, and called, in one method."""

import torch.nn as layers


class Encoder(layers.Module):
    def encode(self, tokens):
        thin = layers.Dropout2d(p=0.2)  # <- DRP107
        hidden = self.embed(tokens)
        for layer in self.layers:
            hidden = thin(layer(hidden))
        return hidden

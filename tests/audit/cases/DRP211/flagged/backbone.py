"""The backbone is frozen, but its dropout goes on."""

from elsewhere import Detector, resnet50

model = Detector(backbone=resnet50(dropout=0.1))
for parameter in model.backbone.parameters():
    parameter.requires_grad_(False)
model.train()  # <- DRP211

"""The frozen part is put back into evaluation."""

from elsewhere import Detector, resnet50

model = Detector(backbone=resnet50(dropout=0.1))
model.backbone.requires_grad_(False)
model.train()
model.backbone.eval()

"""ONNX with the exporter that takes the model as it is."""

import torch
import torchvision

resnet = torchvision.models.resnet18(weights=None)
resnet.train()
torch.onnx.export(resnet, (torch.ones(1, 3, 224, 224),), "resnet.onnx", dynamo=True)  # <- DRP207

"""What sleeps is another model than the one that learns; and an evaluator is no model."""

import copy

import torch
from ogb.nodeproppred import Evaluator

evaluator = Evaluator("ogbn-arxiv")


def train(student, teacher, loader, val_loader):
    optimizer = torch.optim.Adam(student.parameters())
    student.train()
    for epoch in range(3):
        for x, y in loader:
            with torch.no_grad():
                target = teacher(x)
            loss = (student(x) - target).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        teacher.eval()
        shadow = copy.deepcopy(student)
        shadow.eval()
        with torch.no_grad():
            shadow(x)
        evaluator.eval({"y_true": y, "y_pred": shadow(x)})


def head_only(backbone, head, loader):
    optimizer = torch.optim.Adam(head.parameters())
    for epoch in range(3):
        backbone.eval()
        for x, y in loader:
            loss = (head(backbone(x)) - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

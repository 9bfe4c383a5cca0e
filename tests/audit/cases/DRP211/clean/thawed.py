"""Frozen for a while only."""


def warm_up(model, epochs, dropout, step):
    model.encoder.requires_grad_(False)
    for epoch in range(epochs):
        if epoch == 3:
            model.encoder.requires_grad_(True)
        model.train()
        step(model, dropout)

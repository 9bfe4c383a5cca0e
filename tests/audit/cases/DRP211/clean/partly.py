"""Only some is frozen, or an adapter is put in, which learns."""


def adapt(model, rate, dropout, insert):
    for name, parameter in model.named_parameters():
        if "adapter" not in name:
            parameter.requires_grad = False
    model.train()

    unet = model.unet
    unet.requires_grad_(False)
    unet.add_adapter(rate, dropout)
    unet.train()

    vae = model.vae
    vae.requires_grad_(False)
    insert(vae)
    vae.train()

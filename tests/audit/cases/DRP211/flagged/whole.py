"""A teacher, frozen whole, and switched to training."""


def distill(teacher, student, loader, dropout):
    teacher.requires_grad_(False)
    teacher.train()  # <- DRP211
    student.train()
    for x in loader:
        yield teacher(x), student(x)

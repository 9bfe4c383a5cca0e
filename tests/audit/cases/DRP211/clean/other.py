"""What is frozen is not what is switched, or it is switched to evaluation."""


def distill(teacher, student, dropout):
    for parameter in teacher.parameters():
        parameter.requires_grad = False
    student.train()
    teacher.train(False)
    return teacher, student

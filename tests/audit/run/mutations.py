"""Clean scripts with one mistake put in: which text becomes which, and what shall be found."""

from __future__ import annotations

MUTATIONS = (
    ("clean_plain", "    model.eval()\n", "", "DRP201"),
    ("clean_plain", "    model.train()\n    return", "    return", "DRP209"),
    (
        "clean_plain",
        "        for x, y in train:\n",
        "        for x, y in train:\n            torch.manual_seed(3)\n",
        "DRP403",
    ),
    ("clean_trainer", "task.eval()", "task.train()", "DRP201"),
    ("clean_gan", "        generator.train()\n", "", "DRP209"),
    ("clean_q_learning", "        self.q.eval()\n", "", "DRP201"),
    ("clean_q_learning", "        self.q.train()\n", "", "DRP209"),
    ("clean_fine_tuning", "        super().train(mode)\n", "", "DRP201"),
    ("clean_segmentation", "        model.eval()\n", "", "DRP201"),
    ("clean_segmentation", "        model.train()\n", "", "DRP209"),
    ("clean_language_model", "    model.eval()\n", "", "DRP201"),
    ("clean_language_model", "    model.train(was)\n", "", "DRP209"),
    ("clean_mean_teacher", "        student.eval()\n", "", "DRP201"),
    ("clean_checkpointing", "p = self.p if self.training else 0.0", "p = self.p", "DRP106"),
    ("clean_checkpointing", "self.p, self.training)", "self.p)", "DRP101"),
    ("clean_checkpointing", "=number == 1)", "=False, preserve_rng_state=False)", "DRP404"),
    ("clean_checkpointing", "=number == 1)", "=True, preserve_rng_state=False)", "DRP404"),
    ("clean_compiled", "        model.eval()\n", "", "DRP201"),
    ("clean_compiled", "        model.train()\n", "", "DRP209"),
    ("clean_full_batch", "    model.eval()\n", "", "DRP201"),
    ("clean_full_batch", ", training=self.training", "", "DRP101"),
    ("clean_two_passes", "    model.train()\n", "    model.eval()\n", "DRP214"),
    ("clean_distillation", "        task.train()\n", "", "DRP209"),
    ("clean_samples", "torchdrop.sampling(model), ", "", "DRP208"),
    ("clean_fixed_masks", "with same_masks(model, seed=step):", "if model:", "DRP407"),
)

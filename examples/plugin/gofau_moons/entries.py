"""What the service needs to know: names, parameters and ranges, without torch."""

from math import log

from gofau.catalog import Parameter, ProblemEntry, RuleEntry
from gofau.catalog.plugins import ProblemPlugin, RulePlugin

moons_mlp = ProblemPlugin(
    ProblemEntry(
        "moons-mlp",
        "A small MLP that tells two interleaved half circles apart.",
        (
            Parameter("width", int, 16, "hidden units", low=1, high=1024),
            Parameter("noise", float, 0.2, "standard deviation of the points", low=0.0),
        ),
        cap=log(2),
        metrics=("val_loss", "val_accuracy", "train_loss"),
        train_size=200,
        classes=2,
    ),
    implementation="gofau_moons.moons:MoonsMLP",
)

soft_sign = RulePlugin(
    RuleEntry(
        "soft-sign",
        "θ ← θ − lr·u/(sharpness + |u|).",
        (
            Parameter("lr", float, None, "largest step", low=0.0, open_low=True),
            Parameter("sharpness", float, 1.0, "size of u at half a step", low=0.0, open_low=True),
        ),
        lr_drives=("lr",),
    ),
    implementation="gofau_moons.soft_sign:SoftSign",
)

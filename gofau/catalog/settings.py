"""Settings of a training that belong to no direction, rule or problem."""

from gofau.catalog.entries import Entry, Parameter, positive

common: Entry = Entry(
    "common",
    "Settings that every direction and rule take.",
    (
        Parameter("weight_decay", float, 0.0, "L2 penalty", low=0.0),
        Parameter(
            "decoupled_decay",
            bool,
            False,
            "shrink parameters instead of adding to g",
            idle_at=(("weight_decay", 0.0),),
        ),
    ),
)
"""Settings of the optimizer outside its direction and rule."""

zero_policy: Parameter = Parameter(
    "zero_policy",
    str,
    "leave",
    "what moves zero-initialised tensors: the rule, or additive steps of the rule's own size",
    choices=("leave", "additive"),
)
"""A multiplicative rule never moves an exact zero, such as a bias at its usual start."""

optimizer: Entry = Entry(
    "optimizer",
    "Settings of the torch optimizer beside its direction, its rule and the common ones.",
    (
        zero_policy,
        Parameter("maximize", bool, False, "climb instead of descending"),
        Parameter("capturable", bool, False, "keep step counts on the device, for CUDA graphs"),
        Parameter(
            "implementation",
            str,
            "auto",
            "how steps are computed; all of them agree",
            choices=("auto", "loop", "foreach", "fused"),
        ),
    ),
)
"""Settings that only `gofau.optim.Gofau` takes."""

init_scale: Parameter = positive("init_scale", 1.0, "factor on the standard init of weights")
"""Multiplies the standard initialisation of every weight tensor."""

"""Robustness metrics M1 to M11: pure functions on labelled arrays of costs.

Maps are ``[..., L, I]`` (learning rate, init scale) so that one call serves a point estimate and
thousands of bootstrap resamples. A cost is a goal metric whose sign makes smaller better.
"""

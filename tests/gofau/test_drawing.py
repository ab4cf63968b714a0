"""The global generators are a stream's for one thread at a time, whoever asks."""

from threading import Event, Thread

import torch
from torch import nn

from gofau.drawing import drawing_from
from gofau.fingerprint import inputs_of
from gofau.problems import problem
from gofau.problems.digits import DigitsMLP

CPU = torch.device("cpu")


def test_a_look_at_a_problem_waits_for_the_draws_of_another_thread(monkeypatch) -> None:
    with drawing_from(1, CPU):
        want = torch.rand(4)
    one, inside, drawn = problem("digits-mlp", {"width": 2, "depth": 1}), Event(), Event()
    data, plain = one.dataset(), DigitsMLP.module

    def module(self: DigitsMLP) -> nn.Module:
        inside.set()
        drawn.wait(60)
        return plain(self)

    monkeypatch.setattr(DigitsMLP, "module", module)
    other = Thread(target=inputs_of, args=(one, "sgd", "additive", data))
    with drawing_from(1, CPU):
        first = torch.rand(2)
        other.start()
        entered = inside.wait(0.2)
        got = torch.cat((first, torch.rand(2)))
        drawn.set()
    other.join()
    assert not entered
    assert torch.equal(got, want)

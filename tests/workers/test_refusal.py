"""A worker that is leased nothing: its pack says so, and its round ends with the sentence."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gofau_studies.protocol.wire import WorkTrial
from gofau_workers import rounds, trainable
from gofau_workers.errors import RefusedError
from gofau_workers.trainable import REFUSAL, PackTrainable
from tests.workers.fake_service import SETTINGS

SENTENCE = "worker w has gofau 1, the service has 2"


@dataclass
class Ended:
    """What a pack told Tune."""

    metrics: dict[str, Any] | None


@dataclass
class Grid:
    """Tune's results, as far as a round reads them."""

    packs: list[Ended]
    errors: list[Exception] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.packs)

    def __getitem__(self, place: int) -> Ended:
        return self.packs[place]


def test_a_refused_pack_tells_tune_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError(SENTENCE)

    monkeypatch.setattr(trainable, "train_pack", refuse)
    pack = PackTrainable.__new__(PackTrainable)
    for name in ("_client", "_train", "_device", "_trace", "_metrics"):
        setattr(pack, name, {})
    pack._pack, pack._study, pack._number = (
        [WorkTrial(index=0, cell="c", seed=0, attempts=0, definition={})],
        "s1",
        0,
    )
    assert pack.step() == {"done": True, REFUSAL: SENTENCE}


@pytest.mark.parametrize("told", [{}, {REFUSAL: SENTENCE}])
def test_a_round_ends_with_what_its_packs_were_told(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    packs = [Ended(None), Ended({"completed": 3}), Ended({"done": True, **told})]
    monkeypatch.setattr(rounds, "_fit", lambda *_: Grid(packs))
    monkeypatch.setattr(rounds.ray, "is_initialized", lambda: True)
    monkeypatch.setattr(rounds.ray, "cluster_resources", lambda: {"CPU": 1.0})
    monkeypatch.setattr(rounds, "pack_up", lambda *_: [])
    monkeypatch.setattr(rounds, "pack_sizes", lambda *_: {})
    if not told:
        rounds.run_round(SETTINGS, [])
        return
    with pytest.raises(RefusedError, match=SENTENCE):
        rounds.run_round(SETTINGS, [])

"""The Trainer of transformers: our optimizers handed over, made by it, and resumed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from gofau import Gofau, Wrapped
from tests.interop.required import library
from tests.interop.resume import plain

pytestmark = pytest.mark.slow
STEPS = 8
HALF = STEPS // 2


class Sentences(Dataset[dict[str, Any]]):
    """Random tokens with random labels."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.tokens = torch.randint(1, 50, (32, 6), generator=generator)

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, Any]:
        tokens = self.tokens[index]
        return {"input_ids": tokens, "labels": int(tokens.sum() % 2)}


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, which must ask no hub for anything."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return library("transformers")


@pytest.fixture
def model(transformers: Any) -> Callable[[], Any]:
    """Makes the same small BERT, with dropout, each time."""

    def make() -> Any:
        transformers.set_seed(0)
        config = transformers.BertConfig(
            vocab_size=50,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=8,
        )
        return transformers.BertForSequenceClassification(config)

    return make


def handed_over(optimizer: Any, view: tuple[str, ...]) -> Callable[[Any, Any], dict[str, Any]]:
    """An optimizer and a schedule with a warm-up from 0, as `optimizers`."""

    def arguments(transformers: Any, model: Any) -> dict[str, Any]:
        made = optimizer(model.parameters())
        driven = made.driving(*view) if view else made
        schedule = transformers.get_cosine_schedule_with_warmup(driven, 3, STEPS)
        return {"optimizers": (made, schedule)}

    return arguments


def made_by_it(**options: Any) -> Callable[[Any, Any], dict[str, Any]]:
    """The class and its options, for groups with and without decay that the Trainer makes."""
    return lambda transformers, model: {"optimizer_cls_and_kwargs": (Gofau, options)}


def hybrid(params: Any) -> Gofau:
    return Gofau(params, "adam", "hybrid", lr=0.01, lr_out=0.02, zero_policy="additive")


def wrapped(params: Any) -> Wrapped:
    return Wrapped(torch.optim.NAdam(params, lr=1.0), "hybrid", lr=0.01, lr_out=0.02)


WAYS: dict[str, tuple[Any, float]] = {
    "optimizers": (handed_over(hybrid, ()), 0.01),
    "optimizers-lr_out": (handed_over(hybrid, ("lr_out",)), 0.02),
    "optimizers-lr-lr_out": (handed_over(hybrid, ("lr", "lr_out")), 0.01),
    "wrapped-lr_out": (handed_over(wrapped, ("lr_out",)), 0.02),
    "class": (made_by_it(direction="adamw", rule="hybrid", lr=0.01, lr_out=0.02), 0.01),
    "class-multiplicative": (
        made_by_it(direction="adam", rule="multiplicative", lr_out=0.02),
        0.02,
    ),
}
"""What the Trainer is given, and the peak of the rate that its schedule drives."""


@pytest.mark.parametrize(("way", "peak"), WAYS.values(), ids=WAYS.keys())
def test_a_run_resumes(
    way: Any, peak: float, transformers: Any, model: Any, tmp_path: Path
) -> None:
    def train(name: str, checkpoint: Path | None = None) -> Any:
        made = model()
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / name),
            max_steps=STEPS,
            save_steps=HALF,
            logging_steps=1,
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            max_grad_norm=0.5,
            weight_decay=0.1,
            warmup_steps=3,
            use_cpu=True,
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = transformers.Trainer(
            model=made, args=arguments, train_dataset=Sentences(), **way(transformers, made)
        )
        trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        return trainer

    start = plain(model().state_dict())
    whole = train("whole")
    resumed = train("resumed", tmp_path / "whole" / f"checkpoint-{HALF}")
    assert start != plain(whole.model.state_dict()) == plain(resumed.model.state_dict())
    assert plain(whole.optimizer.state_dict()) == plain(resumed.optimizer.state_dict())
    rates = [entry["learning_rate"] for entry in whole.state.log_history if "loss" in entry]
    assert len(rates) == STEPS
    assert len(set(rates)) > HALF
    assert rates[0] == 0
    assert max(rates) == pytest.approx(peak)

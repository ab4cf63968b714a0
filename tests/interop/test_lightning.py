"""Lightning trains with ours: schedules through views, clipping, accumulation, resumption."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from gofau import Gofau, Wrapped
from tests.interop.required import library
from tests.interop.resume import loss_of, net, plain

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.. is deprecated"),
]
EPOCHS = 4
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "hybrid": lambda p: Gofau(p, "adam", "hybrid", lr=0.05, lr_out=0.1, zero_policy="additive"),
    "multiplicative": lambda p: Gofau(p, "sgd", "multiplicative", lr_out=0.1),
    "wrapped": lambda p: Wrapped(torch.optim.Adam(p, lr=1.0), "hybrid", lr=0.05, lr_out=0.1),
}


def warm_up(o: Any) -> Any:
    """From a rate of 0."""
    return lr_scheduler.LambdaLR(o, lambda step: min(step / 4, 1.0))


def cosine(o: Any) -> Any:
    """To a rate of 0."""
    return lr_scheduler.CosineAnnealingLR(o, T_max=8, eta_min=0.0)


def plateau(o: Any) -> Any:
    return lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.5)


def decaying(o: Any) -> Any:
    return lr_scheduler.ExponentialLR(o, 0.5)


SCHEDULES = {"warm_up": warm_up, "cosine": cosine, "plateau": plateau}


def configured(schedule: Any, view: tuple[str, ...], optimizer: Any) -> Any:
    """A dictionary of Lightning's for a schedule of the optimizer or of a view of it."""
    made = schedule(optimizer.driving(*view) if view else optimizer)
    on_epochs = {"interval": "epoch", "monitor": "loss"}
    given = on_epochs if schedule is plateau else {"interval": "step"}
    return {"lr_scheduler": {"scheduler": made, **given}}


@pytest.fixture
def lightning() -> Any:
    return library("lightning")


@pytest.fixture
def trainer(lightning: Any, tmp_path: Path) -> Callable[..., Any]:
    """Makes trainers that print and keep nothing."""

    def make(**given: Any) -> Any:
        quiet = dict.fromkeys(
            ("enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
        )
        options = {"accelerator": "cpu", "logger": False, "log_every_n_steps": 1, **quiet}
        return lightning.Trainer(**{**options, "default_root_dir": tmp_path, **given})

    return make


@pytest.fixture
def fit(trainer: Callable[..., Any]) -> Callable[..., Any]:
    """Trains a new module for some epochs, clipped and accumulating, and returns it."""
    from tests.interop.lightning_module import Net, loader

    def run(
        make: Any, schedule: Any, epochs: int = EPOCHS, ckpt_path: Path | None = None, **given: Any
    ) -> Any:
        trained = Net(make, schedule)
        options = {"gradient_clip_val": 0.5, "accumulate_grad_batches": 2, **given}
        trainer(max_epochs=epochs, **options).fit(
            trained, loader(), ckpt_path=ckpt_path, weights_only=True
        )
        return trained

    return run


def by_hand(make: Any, schedule: Any, view: tuple[str, ...]) -> nn.Module:
    """What Lightning is asked to do, as a plain loop."""
    from tests.interop.lightning_module import loader

    model = net()
    optimizer = make(model.parameters())
    scheduler = schedule(optimizer.driving(*view) if view else optimizer)
    for _ in range(EPOCHS):
        losses = []
        for index, (x, y) in enumerate(loader()):
            loss = nn.functional.mse_loss(model(x), y)
            losses.append(loss.detach())
            (loss / 2).backward()
            if index % 2:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
                optimizer.zero_grad()
                if schedule is not plateau:
                    scheduler.step()
        if schedule is plateau:
            scheduler.step(torch.stack(losses).mean())
    return model


@pytest.mark.parametrize("view", [(), ("lr_out",), ("lr", "lr_out")], ids="-".join)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_run_is_a_plain_loop_and_resumes(
    make: Any, schedule: Any, view: tuple[str, ...], fit: Any, tmp_path: Path
) -> None:
    from tests.interop.lightning_module import ended

    configure = partial(configured, schedule, view)
    whole = fit(make, configure)
    torch.testing.assert_close(
        whole.net.state_dict(), by_hand(make, schedule, view).state_dict(), rtol=0, atol=0
    )
    first = fit(make, configure, EPOCHS // 2)
    first.trainer.save_checkpoint(tmp_path / "half.ckpt")
    second = fit(make, configure, ckpt_path=tmp_path / "half.ckpt")
    assert plain(ended(second)) == plain(ended(whole))
    assert first.seen + second.seen == whole.seen
    assert len({tuple(s.values()) for s in whole.seen}) > 2


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_manual_optimization_is_the_same_loop(make: Any, trainer: Any) -> None:
    from tests.interop.lightning_module import Net, loader

    view = ("lr_out",)
    manual = Net(make, partial(configured, warm_up, view), automatic=False)
    trainer(max_epochs=EPOCHS).fit(manual, loader())
    torch.testing.assert_close(
        manual.net.state_dict(), by_hand(make, warm_up, view).state_dict(), rtol=0, atol=0
    )


@pytest.mark.parametrize("name", ["lr", "lr_out"])
def test_the_monitor_logs_the_rate_that_is_driven(
    name: str, fit: Any, lightning: Any, tmp_path: Path
) -> None:
    monitor = lightning.pytorch.callbacks.LearningRateMonitor("step", log_weight_decay=True)
    logger = lightning.pytorch.loggers.CSVLogger(tmp_path)
    make, view = OPTIMIZERS["hybrid"], () if name == "lr" else (name,)
    trained = fit(make, partial(configured, cosine, view), callbacks=[monitor], logger=logger)
    (logged,) = monitor.lrs.values()
    assert logged == [seen[name] for seen in trained.seen][:: len(trained.seen) // len(logged)]
    assert len(set(logged)) > 2


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_stochastic_weight_averaging_drives_the_step_size(
    make: Any, fit: Any, lightning: Any
) -> None:
    averaging = lightning.pytorch.callbacks.StochasticWeightAveraging(
        0.02, swa_epoch_start=2, annealing_epochs=1
    )
    trained = fit(make, lambda _: {}, callbacks=[averaging])
    assert trained.seen[0]["lr"] == make(net().parameters()).param_groups[0]["lr"]
    assert trained.seen[-1]["lr"] == pytest.approx(0.02)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_the_rate_finder_drives_the_step_size_and_restores(
    make: Any, trainer: Any, lightning: Any
) -> None:
    from tests.interop.lightning_module import Net, loader

    module = Net(make, lambda _: {})
    found = trainer(max_epochs=9)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    tuner = lightning.pytorch.tuner.Tuner(found)
    finder = tuner.lr_find(module, loader(), min_lr=1e-3, max_lr=0.5, num_training=20)
    tried = [seen["lr"] for seen in module.seen]
    assert tried == pytest.approx(finder.results["lr"])
    assert (tried[0], len(tried), len(set(tried))) == (pytest.approx(1e-3), 20, 20)
    torch.testing.assert_close(module.state_dict(), before)
    assert found.optimizers[0].param_groups[0]["lr"] == module.lr == finder.suggestion()


def test_an_optimizer_that_trained_can_be_copied_with_its_schedule(fit: Any) -> None:
    trained = fit(OPTIMIZERS["hybrid"], partial(configured, decaying, ("lr", "lr_out")))
    optimizer = trained.trainer.optimizers[0]
    schedule = trained.trainer.lr_scheduler_configs[0].scheduler
    rates = [optimizer.param_groups[0][name] for name in ("lr", "lr_out")]
    for copied in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        other, driven = copied((optimizer, schedule))
        assert plain(other.state_dict()) == plain(optimizer.state_dict())
        driven.step()
        assert [other.param_groups[0][name] for name in ("lr", "lr_out")] == [
            pytest.approx(0.5 * rate) for rate in rates
        ]
        assert [optimizer.param_groups[0][name] for name in ("lr", "lr_out")] == rates


@pytest.mark.parametrize("make", [OPTIMIZERS["hybrid"], OPTIMIZERS["wrapped"]])
def test_layers_that_are_unfrozen_later_train_at_a_rate_of_their_own(
    make: Any, trainer: Any, lightning: Any
) -> None:
    from tests.interop.lightning_module import Net, loader

    class Halves(Net):
        """A net whose first layer is frozen for two epochs."""

        def __init__(self) -> None:
            super().__init__(make, lambda _: {})
            self.backbone = self.net[0]

        def configure_optimizers(self) -> Any:
            return make([p for p in self.parameters() if p.requires_grad])

    module = Halves()
    before = module.backbone.weight.detach().clone()
    finetuning = lightning.pytorch.callbacks.BackboneFinetuning(
        2, backbone_initial_lr=0.01, lambda_func=lambda _: 1.0
    )
    trainer(max_epochs=EPOCHS, callbacks=[finetuning]).fit(module, loader())
    first, second = module.trainer.optimizers[0].param_groups
    assert (first["lr"], second["lr"], second["lr_out"]) == (0.05, 0.01, 0.1)
    assert not torch.equal(module.backbone.weight, before)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_fabric_resumes(make: Any, lightning: Any, tmp_path: Path) -> None:
    fabric = lightning.Fabric(accelerator="cpu", devices=1)

    def built() -> tuple[Any, Any, Any]:
        model = net()
        optimizer = make(model.parameters())
        schedule = warm_up(optimizer.driving("lr_out"))
        return (*fabric.setup(model, optimizer), schedule)

    def train(model: Any, optimizer: Any, schedule: Any) -> None:
        for step in range(3):
            optimizer.zero_grad()
            fabric.backward(loss_of(model, step))
            fabric.clip_gradients(model, optimizer, max_norm=0.5)
            optimizer.step()
            schedule.step()

    whole, resumed = built(), built()
    names = ("model", "optimizer", "schedule")
    train(*whole)
    fabric.save(tmp_path / "half.ckpt", dict(zip(names, whole, strict=True)))
    fabric.load(tmp_path / "half.ckpt", dict(zip(names, resumed, strict=True)))
    for run in (whole, resumed):
        train(*run)
    for one, other in zip(whole, resumed, strict=True):
        assert plain(one.state_dict()) == plain(other.state_dict())

"""A study as TensorBoard event files: one run a trial, with its curves and hyperparameters.

TensorBoard is imported when something is written: ``pip install 'gofau[trackers]'``.
Source: https://github.com/tensorflow/tensorboard, ``event.proto`` and the plugin ``hparams``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gofau_studies.export.folder import fresh_folder
from gofau_studies.export.runs import LABELS, Run, Runs
from gofau_studies.export.senses import sense_of
from gofau_studies.spec import StudySpec

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

FILE = "events.out.tfevents.{seconds}.gofau"
VERSION = "brain.Event:2"
"""What the first record of an event file says."""


def write(runs: Runs, spec: StudySpec, folder: Path) -> None:
    """Write a run for every trial that completed or failed.

    The step of a curve is the epoch, 0 before training. All points of a trial bear the time of its
    end. The dashboard of hyperparameters shows axes, labels and seed beside the last values.

    Args:
        runs: the trials.
        spec: whose axes are the hyperparameters.
        folder: where; it must not be there, or be empty.

    Raises:
        FolderError: the folder holds something already.
        ImportError: TensorBoard is not installed.
    """
    with fresh_folder(folder) as part:
        seen: set[str] = set()
        for run in runs:
            _write_run(run, part / run.name)
            seen |= run.curves.keys() | run.results.keys()
        with _events(part, 0) as events:
            _add(events, 0, 0, [_experiment(spec, sorted(seen))])


def _write_run(run: Run, folder: Path) -> None:
    folder.mkdir()
    at = run.ended_at.timestamp()
    with _events(folder, at) as events:
        _add(events, at, 0, [_start(run)])
        for metric, curve in run.curves.items():
            for epoch, value in enumerate(curve):
                _add(events, at, epoch, [_scalar(metric, value)])
        epochs = int(run.results.get("epochs_run", 0))
        _add(events, at, epochs, (_scalar(name, value) for name, value in run.results.items()))
        _add(events, at, epochs, (_text(name, value) for name, value in run.texts.items()))
        _add(events, at, epochs, [_end(run)])


@contextmanager
def _events(folder: Path, at: float) -> "Iterator[RecordWriter]":
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    with (folder / FILE.format(seconds=int(at))).open("wb") as file:
        events = RecordWriter(file)
        events.write(Event(wall_time=at, file_version=VERSION).SerializeToString())
        yield events


def _add(events: "RecordWriter", at: float, step: int, values: "Iterable[Summary.Value]") -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    event = Event(wall_time=at, step=step, summary=Summary(value=values))
    events.write(event.SerializeToString())


def _scalar(tag: str, value: float) -> "Summary.Value":
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary.Value(tag=tag, simple_value=value)


def _text(tag: str, value: str) -> "Summary.Value":
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    plugin = SummaryMetadata.PluginData(plugin_name="text")
    content = TensorProto(dtype=DT_STRING, string_val=[value.encode()])
    return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin), tensor=content)


def _start(run: Run) -> "Summary.Value":
    from tensorboard.plugins.hparams import metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    begun = SessionStartInfo(start_time_secs=run.ended_at.timestamp() - run.wall_s)
    for name, value in run.params.items():
        if isinstance(value, str):
            begun.hparams[name].string_value = value
        else:
            begun.hparams[name].number_value = value
    return _hparams(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=begun))


def _end(run: Run) -> "Summary.Value":
    from tensorboard.plugins.hparams import metadata
    from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    status = STATUS_FAILURE if run.failed else STATUS_SUCCESS
    ended = SessionEndInfo(status=status, end_time_secs=run.ended_at.timestamp())
    return _hparams(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=ended))


def _experiment(spec: StudySpec, metrics: list[str]) -> "Summary.Value":
    from tensorboard.plugins.hparams import metadata
    from tensorboard.plugins.hparams.api_pb2 import (
        DATA_TYPE_FLOAT64,
        DATA_TYPE_STRING,
        Experiment,
        HParamInfo,
        MetricInfo,
        MetricName,
    )
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    axes = [HParamInfo(name=name, type=DATA_TYPE_FLOAT64) for name in (*spec.axes, "seed")]
    labels = [HParamInfo(name=name, type=DATA_TYPE_STRING) for name in LABELS]
    shown = [
        MetricInfo(name=MetricName(tag=name), description=sense_of(name, spec.goal))
        for name in metrics
    ]
    about = Experiment(name=spec.name, hparam_infos=[*labels, *axes], metric_infos=shown)
    return _hparams(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=about))


def _hparams(tag: str, content: Any) -> "Summary.Value":
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata

    described = metadata.create_summary_metadata(content)
    return Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)

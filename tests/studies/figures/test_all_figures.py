"""Every print figure of a report, read back from its file."""

import dataclasses
import json
import re
from base64 import b64decode
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from gofau_studies.figures.all_figures import drawn, stem
from gofau_studies.figures.names import COLUMN, FROZEN, HEATMAP, PAGE, figure_names
from gofau_studies.figures.save import save
from gofau_studies.landscape.landscape import GoalMetric, LandscapeKey
from gofau_studies.render import html
from gofau_studies.report import AnalysisSettings, Provenance, SpecSummary, build
from gofau_studies.report.learning import Training, learning_curves
from gofau_studies.report.model import CellRole, CurveCell, RobustnessReport, Supplement
from gofau_studies.report.shown_cells import ShownCell

RULES = ("additive", "hybrid")
SVG = "{http://www.w3.org/2000/svg}"
LABEL = "val_loss (lower is better)"


def supplement(problem):
    seeds = [Training([2.3, 1.0, 0.1], False)] * 3
    cells = [
        ShownCell(
            LandscapeKey(problem, "sgd", rule),
            CurveCell(role=CellRole.BEST, lr=0.1, init_scale=1.0),
        )
        for rule in RULES
    ]
    return Supplement(curves=learning_curves(dict.fromkeys(cells, seeds), GoalMetric("val_loss")))


@pytest.fixture(scope="module")
def members(bowl):
    made = [
        bowl(rule, problem=p, width=w, noise=0.02, missing=0.04, seed=k)
        for k, p in enumerate(("p", "q"))
        for rule, w in zip(RULES, (1.0, 2.0), strict=True)
    ]
    return [dataclasses.replace(m, frozen_fraction=np.full(m.shape, 0.25)) for m in made]


@pytest.fixture(scope="module")
def report(members):
    return build(
        members,
        SpecSummary(name="n", spec_hash="h"),
        Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC)),
        np.random.default_rng(0),
        AnalysisSettings(resamples=200),
        supplements={(p, "sgd"): supplement(p) for p in ("p", "q")},
    )


def test_a_study_has_every_kind_of_figure(report, members):
    found = list(drawn(report, members))
    assert {one.kind for one in found} == set(figure_names())
    assert [one.stem for one in found] == [
        *(
            f"{p}-sgd-{name}"
            for p in ("p", "q")
            for name in (
                *("heatmap", "frozen", "sensitivity", "tuning", "steps"),
                *("learning-additive", "learning-hybrid"),
            )
        ),
        "sgd-profile",
    ]


@pytest.mark.parametrize("name", figure_names())
def test_one_kind_may_be_asked_for(report, members, name):
    assert {one.kind for one in drawn(report, members, [name])} == {name}


def test_what_has_no_data_is_left_out(report, members):
    single = report.model_copy(update={"groups": report.groups[:1], "across": ()})
    bare = [dataclasses.replace(m, frozen_fraction=np.zeros(m.shape)) for m in members[:2]]
    kinds = {one.kind for one in drawn(single, bare)}
    assert kinds == set(figure_names()) - {FROZEN, "profile"}


def test_a_report_that_was_written_without_charts_has_them_painted(report, members):
    data = json.loads(report.to_json())
    for part in (*data["groups"], *data["across"]):
        assert part.pop("charts")
    old = RobustnessReport.from_json(json.dumps(data))
    assert [one.stem for one in drawn(old, members)] == [one.stem for one in drawn(report, members)]
    assert html.render(old, members) == html.render(report, members)


def figure(report, members, name):
    return next(one.figure for one in drawn(report, members, [name], PAGE))


def test_the_map_in_the_file_has_every_part(report, members, tmp_path):
    save(figure(report, members, HEATMAP), tmp_path / "m.svg")
    tree = ElementTree.parse(tmp_path / "m.svg")
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for k, member in enumerate(members[:2]):
        assert {f"map{k}-{part}" for part in ("contour", "ridge", "best")} <= set(ids)
        hatched = [i for i in ids if i.startswith(f"map{k}-diverged")]
        assert len(hatched) == (member.diverged.any(axis=2)).sum()
        (mesh,) = (node for node in tree.iter() if node.get("id") == f"map{k}-cells")
        assert len(list(mesh.iter(f"{SVG}path"))) == member.present.any(axis=2).sum()
    texts = {node.text for node in tree.iter(f"{SVG}text")}
    assert {"additive", "hybrid", "learning rate", "init scale", LABEL, "10⁻²"} <= texts
    assert "p, sgd" in texts


def test_shares_are_in_percent_on_the_page_and_in_print(report, members, tmp_path):
    save(figure(report, members, FROZEN), tmp_path / "m.svg")
    texts = {node.text for node in ElementTree.parse(tmp_path / "m.svg").iter(f"{SVG}text")}
    assert {"frozen fraction (lower is better)", "0 %", "100 %"} <= texts
    assert ">100 %</text>" in html.render(report, members)


def test_missing_cells_are_blank(report, members, tmp_path):
    outcome, loss = members[0].outcome.copy(), members[0].loss.copy()
    outcome[2, 3], loss[2, 3] = 0, np.nan
    holed = dataclasses.replace(members[0], outcome=outcome, loss=loss)
    save(figure(report, [holed, *members[1:]], HEATMAP), tmp_path / "m.svg")
    (mesh,) = (
        node
        for node in ElementTree.parse(tmp_path / "m.svg").iter()
        if node.get("id") == "map0-cells"
    )
    filled = [p for p in mesh.iter(f"{SVG}path") if "fill: #" in p.get("style", "")]
    assert len(filled) == 11 * 9 - 1


def test_an_svg_carries_the_glyphs_of_its_texts(report, members, tmp_path):
    path = tmp_path / "m.svg"
    save(figure(report, members, HEATMAP), path)
    [data] = re.findall(r"font/woff;base64,([^)]*)\)", path.read_text("utf-8"))
    with TTFont(BytesIO(b64decode(data))) as font:
        glyphs = set(font.getBestCmap())
    texts = "".join(n.text or "" for n in ElementTree.parse(path).iter(f"{SVG}text"))
    assert {ord(letter) for letter in texts} <= glyphs
    assert "DejaVu Sans" in path.read_text("utf-8")


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("name", [HEATMAP, "sensitivity"])
def test_a_pdf_has_its_width_and_embeds_truetype(report, members, tmp_path, name, width):
    path = tmp_path / "m.pdf"
    save(next(drawn(report, members, [name], width)).figure, path)
    data = path.read_bytes()
    [box] = re.findall(rb"/MediaBox \[ 0 0 ([0-9.]+) [0-9.]+ \]", data)
    assert float(box) == pytest.approx(72 * width, abs=0.1)
    assert b"/FontFile2" in data
    assert b"/Type3" not in data


def test_a_png_is_dense_enough_to_print(report, members, tmp_path):
    path = tmp_path / "m.png"
    save(next(drawn(report, members, ["tuning"], COLUMN)).figure, path)
    assert int.from_bytes(path.read_bytes()[16:20], "big") == round(300 * COLUMN)


def test_narrow_figures_stack_their_maps(report, members):
    narrow, wide = (next(drawn(report, members, [HEATMAP], width)).figure for width in (2.2, PAGE))
    tall, flat = (f.get_size_inches()[1] / f.get_size_inches()[0] for f in (narrow, wide))
    assert tall > 1 > flat


@pytest.mark.parametrize(
    "parts, name",
    [
        (("digits-mlp, sgd", "heatmap"), "digits-mlp-sgd-heatmap"),
        (("a", "hybrid[gamma=0.2] @ ../x"), "a-hybrid-gamma-0.2-..-x"),
        (("../../etc", "b"), "etc-b"),
    ],
)
def test_names_of_files_hold_no_folder(parts, name):
    assert stem(*parts) == name
    assert "/" not in stem(*parts)

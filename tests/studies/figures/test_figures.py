import dataclasses
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from gofau_studies.figures.axis import edges
from gofau_studies.figures.colour import ColourScale, blend
from gofau_studies.figures.contour import level_segments
from gofau_studies.figures.map_view import FROZEN_SCALE, frozen_view, map_view, shared_scale
from gofau_studies.figures.print_chart import line_chart
from gofau_studies.figures.print_map import heat_maps
from gofau_studies.figures.save import save
from gofau_studies.figures.svg_map import colour_bar, heat_map
from gofau_studies.landscape.landscape import LandscapeError, LandscapeKey
from tests.studies.charts import chart

EVIL = '"><script>$x</script>'


def parsed(svg):
    return ElementTree.fromstring(svg)


def rects(svg, fill=None):
    return [r for r in parsed(svg).iter("rect") if fill is None or r.get("fill") == fill]


def luminance(colour):
    r, g, b = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


class TestColour:
    def test_lightness_orders_the_scale(self):
        lights = [luminance(blend(p)) for p in np.linspace(0, 1, 50)]
        assert (np.diff(lights) > 0).all()

    @pytest.mark.parametrize("low, high, is_log", [(0.1, 2.3, False), (0.001, 2.3, True)])
    def test_position_inverts_value(self, low, high, is_log):
        scale = ColourScale(low, high)
        assert scale.is_log == is_log
        for at in (0, 0.3, 1):
            assert scale.position(scale.value(at)) == pytest.approx(at)
        assert scale.position(low - 1) == 0
        assert scale.position(high + 1) == 1

    def test_the_cap_is_dark_and_the_best_is_light(self):
        scale = ColourScale(0.1, 2.3)
        assert luminance(scale.colour(0.1)) > 0.7
        assert luminance(scale.colour(2.3)) < 0.2

    def test_a_scale_of_no_width(self):
        assert ColourScale(1.0, 1.0).position(1.0) == 1

    def test_all_rules_share_one_scale(self, bowl):
        scale = shared_scale([bowl("a", best=0.2), bowl("b", best=0.1)])
        assert scale == ColourScale(pytest.approx(0.1), pytest.approx(np.log(10)))


class TestAxis:
    def test_edges_lie_halfway(self):
        assert edges(np.array([0.0, 1.0, 3.0])).tolist() == [-0.5, 0.5, 2, 4]
        assert edges(np.array([2.0])).tolist() == [1.5, 2.5]


class TestContour:
    def test_a_circle(self):
        x = np.linspace(-2, 2, 81)
        segments = level_segments(x[:, None] ** 2 + x**2, x, x, 1.0)
        assert np.hypot(*segments.reshape(-1, 2).T) == pytest.approx(1, abs=2e-3)
        length = np.hypot(*(segments[:, 1] - segments[:, 0]).T).sum()
        assert length == pytest.approx(2 * np.pi, rel=1e-2)

    def test_missing_cells_and_flat_maps_have_none(self):
        x = np.arange(3.0)
        assert level_segments(np.full((3, 3), np.nan), x, x, 1.0).shape == (0, 2, 2)
        assert level_segments(np.ones((3, 3)), x, x, 1.0).shape == (0, 2, 2)
        assert level_segments(np.ones((3, 1)), x, x[:1], 1.0).shape == (0, 2, 2)


class TestHeatMap:
    def test_cells_hatches_and_blanks(self, bowl):
        made = bowl(edge=0.9, missing=0.5, seeds=1)
        view = map_view(made, 0.2)
        svg = heat_map(view, shared_scale([made]))
        hatched = rects(svg, "url(#hatch-all)")
        assert len(hatched) == (view.diverged >= 0.5).sum() > 0
        assert len(rects(svg)) - len(hatched) == made.present.sum() < 99

    def test_some_divergence_is_hatched_thinly(self, bowl):
        made = bowl(edge=0.9)
        outcome = made.outcome.copy()
        outcome[0, 0, 0] = 3
        made = dataclasses.replace(made, outcome=outcome)
        assert len(rects(heat_map(map_view(made, 0.2), ColourScale(0, 2)), "url(#hatch-some)")) == 1

    def test_ridge_contour_and_best_are_drawn(self, bowl):
        svg = parsed(heat_map(map_view(bowl(), 0.2), ColourScale(0, 2)))
        classes = [node.get("class") for node in svg.iter()]
        assert {"contour", "ridge", "best", "frame"} <= set(classes)

    @pytest.mark.parametrize("missing, marked", [(0.05, True), (0.2, False)])
    def test_a_basin_waits_for_results_of_most_of_the_grid(self, bowl, missing, marked):
        view = map_view(bowl(missing=missing), 0.2)
        assert (view.best is not None) is marked
        assert (len(view.contour) > 0) is marked
        assert np.isfinite(view.ridge).any() == marked

    def test_nothing_learnt_draws_no_basin(self, bowl):
        view = map_view(bowl(best=5.0), 0.2)
        assert view.best is None
        assert len(view.contour) == 0
        assert "ridge" not in heat_map(view, ColourScale(0, 2))

    def test_names_are_escaped(self, bowl):
        made = bowl(EVIL)
        assert EVIL not in heat_map(map_view(made, 0.2), ColourScale(0, 2))
        assert EVIL not in colour_bar(ColourScale(0, 2), EVIL, 1.0)

    def test_a_score_is_labelled_in_its_own_unit(self):
        labels = [
            t.text for t in parsed(colour_bar(ColourScale(-0.97, -0.1), "acc", -1)).iter("text")
        ]
        assert labels[1] == "0.97"
        assert labels[3] == "0.1 (cap)"

    def test_one_swept_axis(self, bowl):
        made = bowl(points=(11, 1))
        assert len(rects(heat_map(map_view(made, 0.2), ColourScale(0, 2)))) >= 11

    def test_frozen_fraction(self, bowl):
        made = bowl(missing=0.2)
        with pytest.raises(LandscapeError, match="frozen_fraction: got none"):
            frozen_view(made)
        view = frozen_view(dataclasses.replace(made, frozen_fraction=np.full(made.shape, 0.25)))
        assert np.nanmax(view.cost) == np.nanmin(view.cost) == 0.25
        assert "25 %" in heat_map(view, FROZEN_SCALE)


class TestPrint:
    def test_maps_and_charts_save_the_same_bytes_twice(self, bowl, tmp_path):
        members = [bowl("a", missing=0.1), bowl("$b", edge=0.9)]
        members = [dataclasses.replace(m, key=LandscapeKey("p", "d", m.key.rule)) for m in members]
        scale = shared_scale(members)
        made = chart(names=("$c",), title="loss_$x")
        for suffix in (".svg", ".pdf", ".png"):
            saved = []
            for k in range(2):
                maps, drawn = tmp_path / f"m{k}{suffix}", tmp_path / f"c{k}{suffix}"
                save(heat_maps([map_view(m, 0.2) for m in members], scale), maps)
                save(line_chart(made), drawn)
                saved.append((maps.read_bytes(), drawn.read_bytes()))
            assert saved[0] == saved[1]
            assert min(map(len, saved[0])) > 2000

    def test_scores_and_log_scales(self, bowl):
        made = map_view(bowl(), 0.2)
        flipped = dataclasses.replace(made, cost=made.cost - 5, sign=-1.0)
        figure = heat_maps([flipped], ColourScale(-5, -2))
        assert figure.axes[-1].yaxis.get_major_formatter()(-5.0, 0) == "5"
        assert heat_maps([made], ColourScale(0.01, 2)).axes[-1].get_yscale() == "log"

    def test_other_formats_are_refused(self, tmp_path):
        with pytest.raises(
            ValueError, match=r"got suffix '.jpg', expected one of .svg, .pdf, .png"
        ):
            save(line_chart(chart()), tmp_path / "x.jpg")


def test_pages_need_no_matplotlib():
    code = "import sys, gofau_studies.render.html; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

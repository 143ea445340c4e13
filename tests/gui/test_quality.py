import dataclasses
from pathlib import Path

import pytest

from octavo.engine.measure.figures import Figure, Figures
from octavo.gui.pages.quality_words import agreement, quality_facts
from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.quality_chart import QualityChart, QualityPoint
from octavo.store.database import NotSaved
from octavo.store.library import ModelEntry


@pytest.fixture
def source(joined, qtbot, tmp_path):
    """A model that lies on the disk: what is measured is kept by the file's size and time."""
    path = tmp_path / "real.gguf"
    path.write_bytes(b"GGUF")
    with qtbot.waitSignal(joined.workspace.model_changed):
        joined.workspace.show_library([ModelEntry(path=str(path), source="", name="real", bytes=4)])
    joined.workspace.select(str(path))
    joined.window.show_named("Convert")
    return path


def said(joined, name):
    rows = joined.convert.findChildren(FormatRow)
    return next(each.accessibleDescription() for each in rows if each.name == name)


def test_nothing_is_said_of_what_nobody_has_measured(joined, source):
    assert "Measured" not in said(joined, "Q4_K_M")
    assert "Nothing is measured yet" in joined.convert.quality.chart.accessibleName()


def test_a_measured_format_shows_its_figures_with_their_interval(joined, source, qtbot):
    quality = joined.convert.quality
    with qtbot.waitSignal(quality._measurer.ended):
        quality.measure.click()

    assert "Measured: 95.0% agreement ±1.0." in said(joined, "Q4_K_M")
    assert "Q4_K_M" in quality.chart.accessibleName()
    assert "0.02 (0.015 to 0.025)" in quality.chart.accessibleName()
    assert "1,024 tokens" in quality._status.text()
    assert not quality.measure.isEnabled()


@pytest.mark.parametrize("error", [NotSaved("full"), FileNotFoundError()])
def test_what_cannot_be_kept_is_shown_and_the_next_is_measured(joined, source, qtbot, monkeypatch, error):
    def refuse(*_):
        raise error

    quality = joined.convert.quality
    monkeypatch.setattr(quality._measurer._store, "keep", refuse)
    monkeypatch.setattr(quality._measurer._store, "of", refuse)
    with qtbot.waitSignals([quality._measurer.measured, quality._measurer.ended]):
        quality.measure.click()

    assert "Measured: 95.0% agreement ±1.0." in said(joined, "Q4_K_M")


def test_what_takes_a_calibration_is_measured_without_one_first(joined, source, qtbot):
    quality = joined.convert.quality
    told = []
    quality._measurer.figured.connect(lambda *_: told.append(quality._status.text()))

    with qtbot.waitSignal(quality._measurer.ended):
        quality.measure.click()

    assert told == [
        "Measuring Q4_K_M, not calibrated yet: 50% of the text, 512 tokens compared so far",
        "Measuring Q4_K_M: 50% of the text, 512 tokens compared so far",
    ]
    assert len(quality._known) == 1  # of the calibrated one alone


def test_what_is_quick_anyway_is_measured_once(joined, source):
    formats = joined.convert.formats
    quantizer = formats.quantizer
    assert formats.choices.quick(quantizer) == {"mode": "quick"}

    formats.choices.choose(quantizer, dataclasses.replace(formats.choices.options(quantizer), mode="quick"))

    assert formats.choices.quick(quantizer) == {}


def test_all_formats_are_measured_one_after_the_other(joined, source, qtbot):
    quality = joined.convert.quality
    with qtbot.waitSignal(quality._measurer.ended):
        quality.all.click()

    assert len(quality._known) == len(quality._wishes)


def test_running_figures_are_shown_and_measuring_can_be_stopped(joined, source, qtbot):
    joined.convert.formats.take_rules("blk.0.ffn_down=Q8_0")  # the fake engine takes its time over these
    quality = joined.convert.quality
    with qtbot.waitSignal(quality._measurer.figured):
        quality.measure.click()
    assert quality.stop.isVisible()
    figures, is_final = quality.figures("Q4_K_M")
    assert (figures.windows, is_final) == (2, False)
    assert "50% of the text, 512 tokens" in quality._status.text()

    with qtbot.waitSignal(quality._measurer.ended):
        quality.stop.click()

    assert quality.figures("Q4_K_M") is None
    assert quality.problem.isHidden()
    assert quality.measure.isVisible()


def test_other_options_are_another_measurement(joined, source, qtbot):
    quality = joined.convert.quality
    with qtbot.waitSignal(quality._measurer.ended):
        quality.measure.click()

    joined.convert.formats.take_rules("blk.0.ffn_down=Q8_0")

    assert quality.figures("Q4_K_M") is None
    joined.convert.formats.take_rules("")
    assert quality.figures("Q4_K_M") is not None


def test_a_source_that_changed_counts_as_another(joined, source, qtbot):
    quality = joined.convert.quality
    with qtbot.waitSignal(quality._measurer.ended):
        quality.measure.click()
    assert len(quality._measurer.known(str(source))) == 1

    Path(source).write_bytes(b"GGUF and more")

    assert quality._measurer.known(str(source)) == {}


def figure(value, half):
    return Figure(value, value - half, value + half)


def test_figures_are_never_said_without_their_interval():
    figures = Figures(4, 1024, figure(9, 1), mean_kl=figure(0.02, 0.004), same_top_1=figure(0.95, 0.01))

    assert agreement(figures) == ("95.0%", "agreement ±1.0")
    assert quality_facts(figures) == [
        ("Difference (KL)", "0.0200 ±0.0040"),
        ("Same top token", "95.0% ±1.0"),
    ]


def test_points_and_names_of_the_chart_stay_inside(qtbot):
    chart = QualityChart()
    qtbot.addWidget(chart)
    chart.resize(420, 200)
    sizes = (1_000_000, 1_010_000, 4_000_000)
    chart.show_points(
        [
            QualityPoint(f"Q{n}_K", size, 0.1 / 10**n, 0.09 / 10**n, 0.11 / 10**n)
            for n, size in enumerate(sizes)
        ]
    )

    for point in chart._points:
        assert chart._plot.contains(chart._x(point.n_bytes), chart._y(point.kl))
    painted = chart.grab().toImage()
    assert not painted.isNull()

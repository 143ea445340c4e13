from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.job_card import DoneCard, JobCard
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.result_panel import ResultPanel


@pytest.fixture
def page(joined, tmp_path):
    joined.workspace.change_settings(output_folder=str(tmp_path))
    joined.window.show_named("Convert")
    return joined.convert


@pytest.fixture
def panel(page):
    return page.findChild(ResultPanel)


def test_every_quantizer_is_priced_before_anything_starts(page):
    rows = {each.name: each.accessibleDescription() for each in page.findChildren(FormatRow)}

    assert next(iter(rows)) == "Q4_K_M"
    assert {"Q4_K_M", "Q8_0"} <= set(rows)
    assert all("Size" in said and "MB" in said for said in rows.values())


def test_the_name_says_model_and_format(page, panel):
    assert panel.name.text() == "small-q4_k_m.gguf"

    next(each for each in page.findChildren(FormatRow) if each.name == "Q8_0").click()

    assert panel.name.text() == "small-q8_0.gguf"


def test_a_conversion_ends_in_a_file_that_joins_the_list(joined, page, panel, qtbot, tmp_path):
    panel.convert.click()
    job = page.findChild(JobCard)
    assert job.isVisible()
    assert not panel.convert.isEnabled()

    with qtbot.waitSignals([page.jobs.converted, joined.workspace.model_changed]):
        pass

    done = page.findChild(DoneCard)
    assert (tmp_path / "small-q4_k_m.gguf").exists()
    assert done.isVisible()
    assert "as predicted, to the byte" in done.accessibleName()
    assert not job.isVisible()
    assert joined.workspace.model(str(tmp_path / "small-q4_k_m.gguf")) is not None


def test_progress_is_shown_while_it_runs(page, panel, qtbot):
    panel.name.setText("slow.gguf")
    panel.convert.click()
    job = page.findChild(JobCard)

    qtbot.waitUntil(lambda: job._share.text() == "75%")

    assert job._tensor.text() == "blk.3.ffn_up.weight"
    assert "3 of 4 tensors" in job._pace.text()
    with qtbot.waitSignal(page.jobs.changed):
        job.cancel.click()


@pytest.mark.parametrize("name", ["slow.gguf", "stubborn.gguf"])
def test_cancel_ends_it_whether_the_engine_heeds_or_not(page, panel, qtbot, tmp_path, name):
    panel.name.setText(name)
    panel.convert.click()
    job = page.findChild(JobCard)
    qtbot.waitUntil(lambda: "tensors" in job._pace.text())

    with qtbot.waitSignal(page.jobs.changed, timeout=2000):
        job.cancel.click()

    assert not page.jobs.is_running
    assert not page.findChild(ProblemCard).isVisible()
    assert panel.convert.isEnabled()


def test_a_file_that_exists_is_replaced_only_after_consent(page, panel, qtbot, tmp_path):
    target = tmp_path / "small-q4_k_m.gguf"
    target.write_text("mine")
    panel.convert.click()
    problem = page.findChild(ProblemCard)
    assert "exists already" in problem.text
    assert target.read_text() == "mine"

    with qtbot.waitSignal(page.jobs.converted):
        problem.primary.click()

    assert target.read_bytes() == b"GGUF"


def test_the_command_for_the_same_can_be_copied(page, panel, qtbot, tmp_path):
    with qtbot.waitSignal(page.jobs.converted):
        panel.convert.click()

    page.findChild(DoneCard).command_asked.emit()

    command = QApplication.clipboard().text()
    assert (
        command == f"octavo convert /models/small.gguf --to Q4_K_M -o {Path(tmp_path, 'small-q4_k_m.gguf')}"
    )

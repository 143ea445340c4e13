"""What the first answer is drawn with is imported before, in steps that hold up nothing."""

import subprocess
import sys

from octavo.gui import warm_up
from octavo.gui.warm_up import WarmUp


def test_each_step_is_one_thing_and_then_it_rests(qtbot, monkeypatch):
    taken = []
    monkeypatch.setattr(warm_up, "_steps", lambda: iter([lambda: taken.append(1), lambda: taken.append(2)]))
    warming = WarmUp()
    warming._timer.setInterval(0)

    warming._take_step()
    assert taken == [1]
    warming.start()
    qtbot.waitUntil(lambda: not warming._timer.isActive())

    assert taken == [1, 2]


def test_no_module_is_left_for_the_first_answer():
    code = "\n".join(
        [
            "import sys",
            "from octavo.gui.warm_up import _steps",
            "for step in _steps(): step()",
            "known = set(sys.modules)",
            "from octavo.gui.markdown import highlight, parser",
            "parser.parse('a **b** `c` [d](https://example.org)'); highlight.spans('x = 1', 'python')",
            "print(sorted(set(sys.modules) - known))",
        ]
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"

import subprocess
import sys

FIRST_PAINT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import octavo.gui.joined_window as joined

HEAVY = {"numba", "llvmlite", "numpy", "gguf", "pygments", "markdown_it", "tokenizers", "octavo_q8_0"}

def painted(self):
    loaded = {name.partition(".")[0] for name in sys.modules}
    print(sorted(loaded & HEAVY))
    QApplication.instance().exit(0)

joined.JoinedWindow.begin_work = painted
from octavo.gui.main import run
sys.exit(run(["octavo"]))
"""


def test_the_window_is_painted_before_anything_heavy_is_imported(home):
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT], capture_output=True, encoding="utf-8", timeout=60, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr

import os
import signal

from octavo.engine.tokenizer.renderer import Renderer


def test_ctrl_c_in_the_terminal_leaves_the_renderer_working():
    with Renderer() as renderer:
        assert renderer.render("{{ word }}", {"word": "one"}) == "one"
        os.kill(renderer._process.pid, signal.SIGINT)
        assert renderer.render("{{ word }}", {"word": "two"}) == "two"

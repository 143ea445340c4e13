"""The invitation that stands where the list of models is still empty."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.theme.fonts import BODY, SEMIBOLD
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Tile, row
from octavo.gui.widgets.label import Label


class EmptyModels(QWidget):
    """How to get a first model."""

    file_asked = Signal()
    folder_asked = Signal()
    demo_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        centre = Qt.AlignmentFlag.AlignHCenter
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        words = Label(
            "Open a .gguf file or a Hugging Face folder with safetensors.\n"
            "The app checks it and shows what it needs before loading anything.",
            BODY,
            tone="text2",
        )
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        file = Button("Open file…", "primary", "file", height=38)
        folder = Button("Open folder…", "secondary", "folder-open", height=38)
        demo = Button("Or try the built-in 5 MB demo model", "link", height=30)
        layout.addStretch(2)
        layout.addWidget(Tile("library", 72, 32, "large"), 0, centre)
        layout.addWidget(Label("Add your first model", 20, SEMIBOLD), 0, centre)
        layout.addWidget(words, 0, centre)
        layout.addLayout(row(None, file, folder, None, gap=10))
        layout.addWidget(demo, 0, centre)
        layout.addStretch(3)
        file.clicked.connect(self.file_asked)
        folder.clicked.connect(self.folder_asked)
        demo.clicked.connect(self.demo_asked)

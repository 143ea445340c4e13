"""What people are meant to read: one plain sentence each, and a next step."""


class OctavoError(Exception):
    """Something a person should read; anything else that escapes is a bug.

    Parameters
    ----------
    message : str
        One plain sentence.
    hint : str
        The next step, if there is one.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UnreadableModel(OctavoError):
    """The file or folder is damaged, cut short, or no model at all."""


class UnsupportedModel(OctavoError):
    """The model is sound, but of a kind that Octavo does not know yet."""


class DamagedWeights(OctavoError):
    """The model holds weights that are no finite numbers; a conversion can set them to 0 where people agree."""


class _NotEnough(OctavoError):
    """Something needs more bytes than there are."""

    def __init__(self, message: str, hint: str = "", *, needed: int = 0, available: int = 0) -> None:
        super().__init__(message, hint)
        self.needed = needed
        self.available = available


class NotEnoughMemory(_NotEnough):
    """The memory needed, in bytes, is more than is available."""


class NotEnoughDisk(_NotEnough):
    """The disk space needed, in bytes, is more than is available."""


class PluginFailed(OctavoError):
    """A plugin raised, or broke the contract of ``octavo.api``."""

    def __init__(self, name: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.name = name

"""What is known of one plugin, for the list of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PluginRecord:
    """What the list of plugins shows about one.

    Parameters
    ----------
    name : str
        Of its entry point; what ``enabled`` refers to.
    version : str
        Of the distribution that brought it.
    enabled : bool
        Whether it was to be loaded.
    error : str
        Why it is off although enabled; empty if all is well.
    is_shipped : bool
        Whether it came with Octavo.
    distribution : str
    quantizers : tuple of str
        Names of the quantizers it adds.
    load_seconds : float
    n_formats, n_backends : int
        Containers and ways to run a model that it adds.
    """

    name: str
    version: str
    enabled: bool
    error: str = ""
    is_shipped: bool = False
    distribution: str = ""
    quantizers: tuple[str, ...] = ()
    load_seconds: float = 0.0
    n_formats: int = 0
    n_backends: int = 0

    @property
    def note(self) -> str:
        """What of it has no use yet, in a sentence; empty if all has."""
        kinds = ((self.n_formats, "container", "containers"), (self.n_backends, "backend", "backends"))
        unused = [f"{n} {one if n == 1 else several}" for n, one, several in kinds if n]
        if not unused or self.error or self.is_shipped:
            return ""
        return f"Adds {' and '.join(unused)}, which Octavo does not use yet: it opens and runs models itself."

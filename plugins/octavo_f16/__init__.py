"""F16: every matrix in half precision."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=1, base="F16", output="F16")
SUMMARY = "Half precision: twice the size of Q8_0, for programs that read nothing else."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("F16", SUMMARY, MIXTURE)]

"""Q8_0: every matrix in 8 bits, nearly lossless."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=7, base="Q8_0", output="Q8_0")
SUMMARY = "Nearly lossless, about half the size of F16."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q8_0", SUMMARY, MIXTURE)]

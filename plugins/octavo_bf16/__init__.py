"""BF16: every matrix in 16 bits that reach as far as 32 do, but hold fewer digits."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=32, base="BF16", output="BF16")
SUMMARY = "What most models are published in: nothing is lost, and every other format can be made from it."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("BF16", SUMMARY, MIXTURE)]

"""Q5_1: 5 bits, a scale and a minimum for 32 weights."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=9, base="Q5_1", output="Q6_K")
SUMMARY = "Six bits a weight in a simple format; Q5_K_M is smaller and better."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q5_1", SUMMARY, MIXTURE)]

"""Q5_K_S: 5 bits for every matrix but the output."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=16, base="Q5_K", output="Q6_K")
SUMMARY = "Slightly smaller than Q5_K_M."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q5_K_S", SUMMARY, MIXTURE)]

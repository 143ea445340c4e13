"""Q6_K: six bits for every matrix."""

from octavo.api import Mixture, MixtureQuantizer, hookimpl

api_version = 1

MIXTURE = Mixture(file_type=18, base="Q6_K", output="Q6_K")
SUMMARY = "Hard to tell from the original, two fifths of the size of F16."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q6_K", SUMMARY, MIXTURE)]

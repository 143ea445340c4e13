"""Q4_0: 4 bits and one scale for 32 weights, the format that every program reads."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, first_share, hookimpl

api_version = 1

MIXTURE = Mixture(
    file_type=2,
    base="Q4_0",
    output="Q6_K",
    # What an importance matrix says of the first of these can ruin them without a minimum of their own.
    upgrades=(Upgrade("ffn_down", "Q4_1", first_share(8), imatrix=True),),
)
SUMMARY = "The simplest 4 bits, for old or special programs; Q4_K_S is better at the same size."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q4_0", SUMMARY, MIXTURE)]

"""Q5_K_M: 5 bits for most matrices, 6 where they pay."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, hookimpl, more_bits

api_version = 1

MIXTURE = Mixture(
    file_type=17,
    base="Q5_K",
    output="Q6_K",
    upgrades=(Upgrade("attention_v", "Q6_K", more_bits), Upgrade("ffn_down", "Q6_K", more_bits)),
)
SUMMARY = "A little larger and a little better than Q4_K_M."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q5_K_M", SUMMARY, MIXTURE)]

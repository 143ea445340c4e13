"""Q4_K_S: 4 bits for nearly every matrix."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, first, first_share, hookimpl

api_version = 1

MIXTURE = Mixture(
    file_type=14,
    base="Q4_K",
    output="Q6_K",
    upgrades=(Upgrade("attention_v", "Q5_K", first(4)), Upgrade("ffn_down", "Q5_K", first_share(8))),
    output_of_8_experts="Q5_K",
)
SUMMARY = "Slightly smaller than Q4_K_M, with a slightly larger loss."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q4_K_S", SUMMARY, MIXTURE)]

"""Q4_K_M: 4 bits for most matrices, 6 where they pay."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, hookimpl, more_bits

api_version = 1

MIXTURE = Mixture(
    file_type=15,
    base="Q4_K",
    output="Q6_K",
    upgrades=(Upgrade("attention_v", "Q6_K", more_bits), Upgrade("ffn_down", "Q6_K", more_bits)),
    output_of_8_experts="Q5_K",
)
SUMMARY = "The usual choice: a third of the size of F16, with a small loss."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q4_K_M", SUMMARY, MIXTURE)]

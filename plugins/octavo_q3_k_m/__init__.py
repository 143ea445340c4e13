"""Q3_K_M: 3 bits for most matrices, 4 and 5 where they pay."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, first, first_share, hookimpl

api_version = 1

MIXTURE = Mixture(
    file_type=12,
    base="Q3_K",
    output="Q6_K",
    upgrades=(
        Upgrade("attention_v", "Q5_K", first(2)),
        Upgrade("attention_v", "Q4_K"),
        Upgrade("ffn_down", "Q5_K", first_share(16)),
        Upgrade("ffn_down", "Q4_K"),
        Upgrade("attention_output", "Q4_K"),
    ),
    output_of_8_experts="Q5_K",
)
SUMMARY = "A quarter of the size of F16, with a loss that shows; for what does not fit otherwise."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("Q3_K_M", SUMMARY, MIXTURE)]

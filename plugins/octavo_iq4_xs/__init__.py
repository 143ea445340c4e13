"""IQ4_XS: 4 bits on steps that are closer near zero, with scales for every 32 weights."""

from octavo.api import Mixture, MixtureQuantizer, Upgrade, first_share, hookimpl

api_version = 1

MIXTURE = Mixture(
    file_type=30,
    base="IQ4_XS",
    output="Q6_K",
    upgrades=(
        Upgrade("attention_v", "Q5_K", least_shared=4),
        Upgrade("ffn_down", "Q5_K", first_share(8), imatrix=False),
    ),
    output_of_8_experts="Q5_K",
)
SUMMARY = "Smaller than Q4_K_S and about as good; some programs cannot read it."


@hookimpl
def quantizers() -> list[MixtureQuantizer]:
    """Add the one method of this plugin."""
    return [MixtureQuantizer("IQ4_XS", SUMMARY, MIXTURE)]

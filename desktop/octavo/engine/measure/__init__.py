"""Quality, measured: perplexity, KL divergence, same top-1."""

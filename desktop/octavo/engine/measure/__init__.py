"""Quality, measured: how closely a model, or one not yet written, follows the one it was made from."""

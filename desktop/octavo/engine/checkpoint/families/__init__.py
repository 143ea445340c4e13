"""One file per family of Hugging Face models: what its folder says, in GGUF's terms."""

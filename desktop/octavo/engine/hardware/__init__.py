"""What this machine has: memory pools, cores, instruction sets."""

"""What instances on one database share beside calls: which tokens were used, and how the voice says the stock lines."""

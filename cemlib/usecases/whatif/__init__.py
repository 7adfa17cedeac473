"""The parts of the use case ``whatif_satisfaction``."""

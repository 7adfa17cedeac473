"""The parts of the use case ``root_cause``."""

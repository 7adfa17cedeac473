"""The parts of the use case ``correlation_of_sources``."""

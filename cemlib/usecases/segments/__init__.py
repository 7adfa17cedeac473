"""The parts of the use case ``segment_explorer``."""

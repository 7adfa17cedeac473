"""The parts of the use case ``satisfaction_index``: which index, how the scores lie, who moves, survey against index, sentences."""

"""The parts of the use case ``mobile_insights``: selection, answers and their expectation, speed tests, sentences."""

"""The parts of the use case ``kpi_catalogue``: search, the figures of now, one definition opened, sentences."""

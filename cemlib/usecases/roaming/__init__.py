"""The parts of the use case roaming monitoring: what is asked, read, judged, explained and told."""

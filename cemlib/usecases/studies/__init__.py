"""Studies: YAML files that say which ratings are looked at, and how; read by more than one use case."""

"""An open Customer Experience Management workbench for telecom operators."""

__all__: list[str] = []

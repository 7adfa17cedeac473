"""Widgets side by side or one under another, live and in a report."""

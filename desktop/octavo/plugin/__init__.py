"""Finds plugins, loads each in its own guard; the only place that knows pluggy."""

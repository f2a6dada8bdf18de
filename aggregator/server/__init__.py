"""Roof: the ASGI face. Serves what is published from memory; a reader's request never runs the pipeline."""

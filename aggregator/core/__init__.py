"""Ground floor: values in, values out. No clock, no random, no log, no input or output.

`tests/test_architecture.py` holds the list of what modules here may import.
"""

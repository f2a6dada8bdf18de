"""Pure decisions: values in, values out. No clock, no random numbers, no log, no input or output.

`tests/project/test_architecture.py` holds the list of what modules here may import.
"""

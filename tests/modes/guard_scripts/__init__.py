"""Training scripts as users write them; each is run by `test_guard_scripts.py`."""

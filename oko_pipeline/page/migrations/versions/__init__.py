"""One module a revision: `rNNNN_what_it_does.py`."""

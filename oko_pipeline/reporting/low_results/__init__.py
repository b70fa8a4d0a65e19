"""Documents about schools with low results or in hard conditions: notes of three rounds, programmes, pairs."""

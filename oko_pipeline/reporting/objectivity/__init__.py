"""Documents about the objectivity of results: note, card, invitation to a talk, form of causes, olympiads."""

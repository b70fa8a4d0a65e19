"""Result files become tidy frames: the inbox, one reader per layout, pseudonyms. Nothing personal leaves this room."""

"""`oko`: the command line, with messages in Russian; a module a subject, `app` puts them together."""

"""Handlers of the page's addresses, by what people do there; which role may call them is in `page.rules`."""

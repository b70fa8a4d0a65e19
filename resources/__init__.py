"""The outside world for assets: database, works store, inbox, report store, worker pool, clock."""

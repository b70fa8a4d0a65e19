"""`python -m oko_pipeline.cli`."""

from oko_pipeline.cli.app import main

if __name__ == "__main__":
    main()

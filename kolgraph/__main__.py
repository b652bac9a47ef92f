"""``python -m kolgraph``."""

import os
import signal


def main() -> None:
    """Run the command line; what comes before it can be interrupted as well."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from kolgraph.cli import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()

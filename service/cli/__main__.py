"""``python -m service.cli`` is ``gofau``."""

from service.cli import main

main()

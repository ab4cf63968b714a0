"""``python -m gofau_service.cli`` is ``gofau``."""

from gofau_service.cli import main

main()

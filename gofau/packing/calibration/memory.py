"""How much of this machine's memory is left for a pack."""

import os
from pathlib import Path

LISTING = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def available(listing: Path = LISTING, group: Path = GROUP) -> int:
    """Bytes that a program could still have, of the machine's or of its container's, at least 0.

    Linux fills what is left over with copies of files, which it drops on demand: they count as
    available, whereas the pages that lie idle become few on any machine that has run for a while.

    Args:
        listing: the kernel's list of its memory.
        group: the control group's files (version 2), which hold the limits of a container.
    """
    free, contained = _of_machine(listing), _of_group(group)
    return free if contained is None else min(free, contained)


def _of_machine(listing: Path) -> int:
    if listing.exists():
        found = _numbers(listing.read_text()).get("MemAvailable:")
        if found is not None:
            return found * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_group(group: Path) -> int | None:
    """What the group may still have, or ``None`` without a limit."""
    names = ("memory.max", "memory.current", "memory.stat")
    if not all((group / name).exists() for name in names):
        return None
    limit, used, listing = ((group / name).read_text().strip() for name in names)
    if limit == "max":
        return None
    # Copies of files that nobody has used for a while.
    idle = _numbers(listing).get("inactive_file", 0)
    return max(0, int(limit) - int(used) + idle)


def _numbers(listing: str) -> dict[str, int]:
    """Lines of a name and a number, with whatever unit."""
    rows = (line.split() for line in listing.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}

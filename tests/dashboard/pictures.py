"""Pictures for docs/: `python -m tests.dashboard.pictures` lives ten days of make-believe stock and looks.

`--published FOLDER` looks at a release that is there.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pytest
import time_machine

from dashboard.pages.shelf import shelf
from dashboard.reader import Published
from dashboard.server import Dashboard
from sandbox import Sandbox
from tests.conftest import Project
from tests.dashboard import browser
from tests.dashboard.conftest import served
from tests.reference.world import accounts, live

IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "img"
LARGEST = 200_000
MOVING = """\
select members.item_key, count(distinct days.quantity_available) as numbers
from fct_inventory_daily as days
inner join bridge_item_products as members on days.product_key = members.product_key
where days.is_additive
group by members.item_key
having count(distinct days.account) between 3 and 4 and max(days.quantity_available) < 2000
order by numbers desc, members.item_key
limit 1"""


def ten_days(folder: Path) -> Path:
    """A release with a past; gives the published folder."""
    with pytest.MonkeyPatch.context() as patch, Sandbox() as sandbox:
        patch.chdir(folder)
        project = Project(folder, sandbox)
        project.configure(accounts(project))
        *_, life = live(project)
        with time_machine.travel(life.last.loaded_at, tick=True):
            project.stocktake("build")
            project.stocktake("publish")
        return project.published


def main() -> None:
    """Makes the pictures, and says how large they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path)
    published = parser.parse_args().published
    if browser.CHROMIUM is None:
        sys.exit(
            "There is no Chromium on this machine. Debian has it: apt-get install chromium fonts-noto-core."
        )
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        published = published or ten_days(Path(folder))
        with Published(published, shelf).reading() as reading:
            item = reading.rows(MOVING)[0]["item_key"]
        with served(Dashboard(published)) as client:
            for name, address, width, height, *options in (
                ("today", "/", 1280, 960),
                ("item", f"/item/{item}", 1280, 900),
                ("phone", "/stock?q=mug", 390, 800, browser.DARK),
            ):
                file = IMAGES / f"{name}.png"
                browser.picture(f"{client.base_url}{address}", file, width, height, *options)
                size = file.stat().st_size
                sys.stdout.write(f"{file.name}: {size // 1024} KB\n")
                if size > LARGEST:
                    sys.exit(f"{file.name} is larger than {LARGEST // 1000} KB: make it less high.")


if __name__ == "__main__":
    main()

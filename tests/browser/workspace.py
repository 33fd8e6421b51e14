"""A folder like a checkout for JupyterLab to work in: nothing in the real one is written."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from sellkit.commands import demo

CHECKOUT = Path(__file__).parents[2]
COMMANDS = Path(demo.__file__).parent
SCENARIO = COMMANDS / "demo_scenario.toml"
ASSIGNED = (COMMANDS / "demo_assigned_ma.csv").read_text(encoding="utf-8")

_NOTIFICATIONS = '{"fetchNews": "false", "checkForUpdates": false}'


@dataclass(frozen=True)
class Workspace:
    """Notebooks, settings, assignments, data, and whatever Jupyter keeps of its own."""

    folder: Path

    @property
    def notebooks(self) -> Path:
        return self.folder / "notebooks"

    @property
    def settings(self) -> Path:
        return self.folder / "config" / "sellkit.toml"

    @property
    def assigned(self) -> Path:
        """The file of assignments."""
        return self.folder / "config" / "assigned_ma.csv"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def reset(self, port: int, assigned: str = ASSIGNED) -> None:
        """Notebooks, settings and assignments as they were; the stored bars stay."""
        self.forget_asked()
        shutil.rmtree(self.notebooks, ignore_errors=True)
        self.notebooks.mkdir(parents=True)
        for path in sorted((CHECKOUT / "notebooks").glob("*.ipynb")):
            shutil.copy(path, self.notebooks)
        self.settings.parent.mkdir(exist_ok=True)
        self.assigned.write_text(assigned, encoding="utf-8")
        self.use(port)
        shutil.rmtree(self._lab_settings, ignore_errors=True)
        folder = self._lab_settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True)
        (folder / "notification.jupyterlab-settings").write_text(_NOTIFICATIONS, encoding="utf-8")

    def forget_asked(self) -> None:
        """Nothing counts as asked yet: the same question would have to wait for 15 seconds."""
        for each in self.data.glob("*/pacing.sqlite*"):
            each.unlink()

    def use(self, port: int) -> None:
        """Settings whose profile `demo` is the gateway on that port."""
        text = demo.SETTINGS.format(
            data=json.dumps(str(self.data)),
            port=port,
            assignments=json.dumps(str(self.assigned)),
        )
        self.settings.write_text(text, encoding="utf-8")

    def variables(self) -> dict[str, str]:
        """What tells Jupyter and sellkit to stay in this folder."""
        own = self.folder / "jupyter"
        return {
            "SELLKIT_CONFIG": str(self.settings),
            "JUPYTER_CONFIG_DIR": str(own / "config"),
            "JUPYTER_DATA_DIR": str(own / "data"),
            "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._lab_settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
            "IPYTHONDIR": str(self.folder / "ipython"),
        }

    def server_file(self) -> str:
        """What the server wrote about itself; empty before it has."""
        found = sorted((self.folder / "jupyter" / "runtime").glob("jpserver-*.json"))
        return found[-1].read_text(encoding="utf-8") if found else ""

    @property
    def _lab_settings(self) -> Path:
        return self.folder / "jupyter" / "settings"

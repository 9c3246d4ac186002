"""A relay between the members and the hub that keeps everything that passes, in both directions."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 65_536


@dataclass
class Wire:
    """Listens on a port of loopback and passes everything on to another."""

    to: int
    """The port of the server."""
    folder: Path
    """Where what passed is kept, a file for each direction of each connection."""
    port: int = 0
    """The port it listens on, once it does."""
    _count: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _ready: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _server: asyncio.Server | None = None

    def start(self) -> int:
        """Listen in a thread of its own; returns the port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self.port

    def stop(self) -> None:
        """End it; what is on its way is lost."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)

    def kept(self) -> list[Path]:
        """What passed."""
        return sorted(self.folder.glob("*.bytes"))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        if self._server is not None:
            self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._one, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        name = f"{self._count:05d}"
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            self._pass(reader, back, self.folder / f"{name}-asked.bytes"),
            self._pass(there, writer, self.folder / f"{name}-answered.bytes"),
        )

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, path: Path) -> None:
        with path.open("ab") as kept:
            try:
                while piece := await source.read(CHUNK):
                    kept.write(piece)
                    kept.flush()
                    to.write(piece)
                    await to.drain()
            except ConnectionError:
                pass
            finally:
                to.close()

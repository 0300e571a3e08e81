# SPDX-License-Identifier: MIT
"""A TCP proxy that misbehaves on purpose.

    client ──▶ [proxy] ──▶ server       `up` is what the client says, `down` what the server says

Each new connection takes the next Fault of `plan`; when that is empty, `otherwise`. Threads, because the numbers are small.
"""
import socket
import threading
import time


class Fault:
    """cut_up, cut_down: close both sides after so many bytes; rate: bytes a second each way; hole: take all, pass nothing;
    reset: cut with RST instead of FIN. `passed` counts what went through."""

    def __init__(self, cut_up=None, cut_down=None, rate=None, hole=False, reset=False):
        self.cut = {"up": cut_up, "down": cut_down}
        self.rate, self.hole, self.reset = rate, hole, reset
        self.passed = {"up": 0, "down": 0}


class Proxy:
    def __init__(self, target):
        """target: a path of a unix socket, or (host, port)."""
        self.target = target
        self.plan, self.otherwise = [], Fault()
        self.connections = 0
        self.open = []
        self.lock = threading.Lock()
        self.listener = socket.socket()
        # a small window, so that the client notices a slow link and not a buffer
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _dial(self):
        if isinstance(self.target, str):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.target)
            return s
        return socket.create_connection(self.target)

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.connections += 1
                fault = self.plan.pop(0) if self.plan else self.otherwise
            try:
                server = self._dial()
            except OSError:
                client.close()
                continue
            with self.lock:
                self.open.append((client, server, fault))
            for way, a, b in (("up", client, server), ("down", server, client)):
                threading.Thread(target=self._pump, args=(way, a, b, fault), daemon=True).start()

    def _pump(self, way, source, sink, fault):
        left = fault.cut[way]
        try:
            while left is None or left > 0:
                piece = source.recv(min(left or 65536, fault.rate // 8 if fault.rate else 65536))
                if not piece:
                    break
                if fault.hole:
                    continue
                if fault.rate:
                    time.sleep(len(piece) / fault.rate)
                sink.sendall(piece)
                fault.passed[way] += len(piece)
                if left is not None:
                    left -= len(piece)
        except OSError:
            pass
        self._end(source, sink, fault)

    def _end(self, a, b, fault):
        for s in (a, b):
            try:
                if fault.reset:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    s.shutdown(socket.SHUT_RD)  # wakes the other thread, which holds the socket
                    s.close()
                else:
                    s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut_all(self):
        """Close what is open; the listener stays."""
        with self.lock:
            ending, self.open = self.open, []
        for client, server, fault in ending:
            self._end(client, server, fault)
            client.close()
            server.close()

    def close(self):
        self.listener.close()
        self.cut_all()

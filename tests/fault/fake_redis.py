# SPDX-License-Identifier: MIT
"""A Redis that says what it is told to: for the replies that a real one cannot be made to give.

    FakeRedis(answer)      answer(command: list of bytes, connection number) -> bytes to send, or None to hang up
"""
import socket
import threading


class FakeRedis:
    def __init__(self, answer, address="127.0.0.1"):
        self.answer = answer
        self.commands, self.connections = [], 0
        self.listener = socket.socket()
        self.listener.bind((address, 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client, self.connections),
                             daemon=True).start()

    @staticmethod
    def _read(file):
        head = file.readline()
        if not head.startswith(b"*"):
            return None
        words = []
        for _ in range(int(head[1:])):
            size = int(file.readline()[1:])
            words.append(file.read(size + 2)[:-2])
        return words

    def _serve(self, client, number):
        try:
            with client, client.makefile("rb") as file:
                while True:
                    command = self._read(file)
                    if not command:
                        return
                    self.commands.append(command)
                    reply = self.answer(command, number)
                    if reply is None:
                        return
                    client.sendall(reply)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def bulk(*texts):
    out = b"*%d\r\n" % len(texts)
    for t in texts:
        out += b"$%d\r\n%s\r\n" % (len(t), t)
    return out

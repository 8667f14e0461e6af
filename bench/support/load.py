"""Make webhook calls over kept connections, as fast as they are answered or at a steady pace. Linux only.

A custom client, because every response is needed afterwards to check the database, and because it must leave the
two cores to the server: it needs some 20 µs of a core per call, and the usual tools in Python need 300.
"""

import select
import socket
import time
from array import array
from dataclasses import dataclass
from http import HTTPStatus

from bench.support.bodies import make_body

FIRST_KEY = 1_000_000_000
"""Keys have ten digits, so that all keys make bodies of the same length."""
PER_BATCH = 1_000


class Calls:
    """Calls for the items from FIRST_KEY on, to the addresses of their batches. Each is made when it is read.

    `bodies` is the number of different people and bodies. After that they are repeated with other keys.
    """

    def __init__(self, count, bodies, key="a-key"):
        self.count = count
        self.parts = [make_body(FIRST_KEY, number).split(b"%d" % FIRST_KEY) for number in range(bodies)]
        self.head = f"x-api-key: {key}\r\ncontent-type: application/json"

    def __len__(self):
        return self.count

    def __getitem__(self, position):
        body = self.body(position)
        line = f"POST /webhooks/item/{make_token(position // PER_BATCH)}/ HTTP/1.1\r\nhost: 127.0.0.1"
        return f"{line}\r\n{self.head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    def body(self, position):
        before, after = self.parts[position % len(self.parts)]
        return b"%b%d%b" % (before, FIRST_KEY + position, after)


def make_token(number, mark="b"):
    """Return the token of a batch."""
    return f"{mark}{number:09}"


@dataclass
class Outcome:
    seconds: float
    statuses: array
    """Position of a call → status of its response, or 0 if the connection broke."""
    latencies: array
    """Seconds from when a call was due until its response arrived, in the order of the responses."""

    @property
    def per_second(self):
        return len(self.latencies) / self.seconds

    def percentile(self, share):
        return percentile(self.latencies, share)


def percentile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def drive(port, calls, positions, connections=32, per_second=None):
    """Make the calls at `positions` once each, over `connections` connections. Return an Outcome."""
    poll, busy = select.epoll(), {}
    outcome = Outcome(0, array("H", bytes(2 * len(calls))), array("d"))
    free = [connect(port) for _ in range(connections)]
    begin = time.perf_counter()
    position, end = positions.start, positions.stop
    while position < end or busy:
        now = time.perf_counter()
        while position < end and free:
            due = now if per_second is None else begin + (position - positions.start) / per_second
            if due > now:
                break
            sock = renew(free.pop(), port)
            busy[sock.fileno()] = (sock, position, due)
            poll.register(sock.fileno(), select.EPOLLIN)
            send(sock, calls[position])
            position += 1
        is_waiting_to_send = position < end and free and per_second
        pause = begin + (position - positions.start) / per_second - now if is_waiting_to_send else 1
        for number, _ in poll.poll(max(pause, 0)):
            sock, which, due = busy.pop(number)
            poll.unregister(number)
            outcome.statuses[which] = status = receive(sock)
            outcome.latencies.append(time.perf_counter() - due)
            # Ignore the body of any other response.
            if status != HTTPStatus.OK:
                sock.close()
                sock = connect(port)
            free.append(sock)
    outcome.seconds = time.perf_counter() - begin
    for sock in free:
        sock.close()
    return outcome


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def renew(sock, port):
    """Return the connection, or a new one if the server has closed it, as every client does."""
    if not select.select([sock], [], [], 0)[0]:
        return sock
    sock.close()
    return connect(port)


def send(sock, call):
    try:
        sock.sendall(call)
    except OSError:
        sock.shutdown(socket.SHUT_RDWR)


def receive(sock):
    """Return the status of a response, or 0 if there is none. The responses measured here have no body."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return 0
            data += more
    except OSError:
        return 0
    return int(data[9:12])

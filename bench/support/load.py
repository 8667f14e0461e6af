"""Make webhook calls over kept connections, as fast as they are answered or at a steady pace. Linux only.

This is a client of our own, because every response is needed to check the database afterwards, and because the client
must leave the two cores to the server: it needs about 20 µs of a core per call, and the usual tools in Python need 300.
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
    """A sequence of calls for the items from FIRST_KEY on. Each call is composed when it is read.

    `bodies` is the number of different people and bodies. After that many calls, they are repeated with other keys.
    """

    def __init__(self, count, bodies, key="a-key"):
        self.count = count
        # What comes before and after the key in each body.
        self.body_parts = [make_body(FIRST_KEY, number).split(b"%d" % FIRST_KEY) for number in range(bodies)]
        self.headers = f"x-api-key: {key}\r\ncontent-type: application/json"

    def __len__(self):
        return self.count

    def __getitem__(self, position):
        body = self.body(position)
        line = f"POST /webhooks/item/{make_token(position // PER_BATCH)}/ HTTP/1.1\r\nhost: 127.0.0.1"
        return f"{line}\r\n{self.headers}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    def body(self, position):
        before, after = self.body_parts[position % len(self.body_parts)]
        return b"%b%d%b" % (before, FIRST_KEY + position, after)


def make_token(number, mark="b"):
    """Return the token of a batch."""
    return f"{mark}{number:09}"


@dataclass
class Outcome:
    """The results of a number of calls."""

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
    """Return the value below which this share of the values lies."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def drive(port, calls, positions, connections=32, per_second=None):
    """Make the calls at `positions` once each, over `connections` connections. Return their Outcome."""
    poll = select.epoll()
    # File descriptor of each connection that awaits a response → (connection, position of the call, when it was due).
    busy = {}
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
        # If only the pace holds the next call back, wait for responses no longer than until that call is due.
        is_held_back = position < end and free and per_second
        pause = begin + (position - positions.start) / per_second - now if is_held_back else 1
        for descriptor, _ in poll.poll(max(pause, 0)):
            sock, answered_position, due = busy.pop(descriptor)
            poll.unregister(descriptor)
            status = receive(sock)
            outcome.statuses[answered_position] = status
            outcome.latencies.append(time.perf_counter() - due)
            # Any other response has a body, which is not read.
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
    """Return the connection, or a new one if the server has closed it, as any client would."""
    if not select.select([sock], [], [], 0)[0]:
        return sock
    sock.close()
    return connect(port)


def send(sock, call):
    """Send a call. If the server has closed the connection, leave it to `receive` to report that."""
    try:
        sock.sendall(call)
    except OSError:
        sock.shutdown(socket.SHUT_RDWR)


def receive(sock):
    """Return the status of a response, or 0 if there is none. Responses with status 200 have no body to read."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return 0
            data += more
    except OSError:
        return 0
    _, status, *_ = data.split(maxsplit=2)
    return int(status)

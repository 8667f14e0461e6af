"""Keep dashboards open as browsers do, in this process until its standard input ends.

Each dashboard polls every 1.5 s. At the end, print the responses and the share of a core that this process used.
"""

import argparse
import http.client
import json
import sys
import threading
import time

POLL_SECONDS = 1.5


def watch(port, cookie, begin, is_over, seen):
    """Poll from `begin` (monotonic) until `is_over` is set. Append (status, seconds, bytes) to `seen` each time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    etag, due = None, begin
    headers = {"Cookie": f"sessionid={cookie}", "HX-Request": "true"}
    while not is_over.wait(max(due - time.monotonic(), 0)):
        asked_at = time.monotonic()
        connection.request("GET", "/", headers=headers | ({"If-None-Match": etag} if etag else {}))
        response = connection.getresponse()
        body = response.read()
        seen.append((response.status, time.monotonic() - asked_at, len(body)))
        etag = response.headers.get("ETag")
        due = max(due + POLL_SECONDS, asked_at)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("cookie")
    parser.add_argument("watchers", type=int)
    options = parser.parse_args()
    now, is_over, seen, watchers = time.monotonic(), threading.Event(), [], []
    for number in range(options.watchers):
        begin = now + POLL_SECONDS * number / options.watchers
        arguments = (options.port, options.cookie, begin, is_over, seen)
        watchers.append(threading.Thread(target=watch, args=arguments))
    for watcher in watchers:
        watcher.start()
    sys.stdin.read()
    seconds = time.monotonic() - now
    is_over.set()
    for watcher in watchers:
        watcher.join()
    print(json.dumps({"polls": seen, "cores": time.process_time() / seconds}))


if __name__ == "__main__":
    main()

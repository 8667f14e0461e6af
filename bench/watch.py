"""Open dashboards as browsers hold them, in a process of their own: each looks every 1.5 s. Says what they saw, and how
much of a core they took themselves.
"""

import argparse
import http.client
import json
import threading
import time

PAUSE = 1.5


def watch(port, cookie, begin, end, seen):
    """Look until `end`, beginning at `begin` (both monotonic); `seen` is given (status, seconds, bytes) each time."""
    connection, etag, due = http.client.HTTPConnection("127.0.0.1", port, timeout=30), None, begin
    headers = {"Cookie": f"sessionid={cookie}", "HX-Request": "true"}
    while due < end:
        time.sleep(max(due - time.monotonic(), 0))
        asked = time.monotonic()
        connection.request("GET", "/", headers=headers | ({"If-None-Match": etag} if etag else {}))
        response = connection.getresponse()
        body = response.read()
        seen.append((response.status, time.monotonic() - asked, len(body)))
        etag = response.headers.get("ETag")
        due = max(due + PAUSE, asked)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("cookie")
    parser.add_argument("watchers", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    now, seen, watchers = time.monotonic(), [], []
    for number in range(options.watchers):
        begin = now + PAUSE * number / options.watchers
        arguments = (options.port, options.cookie, begin, now + options.seconds, seen)
        watchers.append(threading.Thread(target=watch, args=arguments))
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    print(json.dumps({"looks": seen, "cores": time.process_time() / options.seconds}))


if __name__ == "__main__":
    main()

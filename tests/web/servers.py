"""`crayon serve`, and what the tests put before and behind it."""
import contextlib
import http.client
import http.server
import json
import subprocess
import threading
import time

import support


class Serve:
    """A `crayon serve` on a free port, as a context. Its address is `url`."""

    def __init__(self, folder, model, *arguments):
        self.process = subprocess.Popen(
            [*support.COMMAND, "serve", model, "--port", "0", "--json", *map(str, arguments)],
            cwd=folder, env=support.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        try:
            self.url = json.loads(self.process.stdout.readline())["url"]
        except BaseException:
            self.end()
            raise

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


@contextlib.contextmanager
def asked(url, method, path, body=None):
    """The reply to one request, as a context."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        yield connection.getresponse()


def post(url, body):
    """The JSON that POST /v1/chat/completions answers."""
    with asked(url, "POST", "/v1/chat/completions", json.dumps(body)) as reply:
        return json.loads(reply.read())


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request to a Relay or a Remote, and means to answer it."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.get(self)

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.post(self)

    def log_message(self, *_):
        pass

    def head(self, status, content_type):
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()

    def json(self, status, value):
        self.head(status, "application/json")
        self.wfile.write(json.dumps(value).encode())

    def error(self, status, code, message):
        self.json(status, {"error": {"message": message, "type": "x", "code": code}})

    def pieces(self, pieces, pause=0.0):
        """A stream of bytes, each piece on its own."""
        self.head(200, "text/event-stream")
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)


class Background(http.server.ThreadingHTTPServer):
    """An HTTP server on a free port, as a context."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests = []  # of POST: (headers, JSON)

    def handle_error(self, *_):
        pass  # clients that go away are part of the tests

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def post(self, exchange):
        self.requests.append((exchange.headers, json.loads(exchange.body)))
        self.answer(exchange)


class Relay(Background):
    """Stands between a browser and `crayon serve`: what is asked of it, it asks there. Streams go
    through slowly, an event for each character and cut into pieces of 5 bytes, however many events
    the server made of them. `answer` and `models` may be replaced."""

    def __init__(self, url):
        super().__init__()
        self.behind = url
        self.models = None           # what to say to GET /v1/models; None: what is behind says
        self.left = threading.Event()  # a client has gone before its stream's end
        self.pause = 0.02            # seconds between events

    def get(self, exchange):
        if exchange.path == "/v1/models" and self.models:
            exchange.json(200, {"object": "list", "data": [{"id": name} for name in self.models]})
            return
        with asked(self.behind, "GET", exchange.path) as reply:
            exchange.head(reply.status, reply.getheader("Content-Type"))
            exchange.wfile.write(reply.read())

    def answer(self, exchange):
        request = json.loads(exchange.body)
        if self.models:
            del request["model"]  # it is known here only
        with asked(self.behind, "POST", exchange.path, json.dumps(request)) as reply:
            exchange.head(reply.status, reply.getheader("Content-Type"))
            try:
                for text in spelled(reply.read()):
                    for begin in range(0, len(text), 5):
                        exchange.wfile.write(text[begin:begin + 5])
                        exchange.wfile.flush()
                    time.sleep(self.pause)
            except OSError:
                self.left.set()


def spelled(stream):
    """The events of a stream, with one character of the answer each."""
    for event in stream.split(b"\n\n"):
        if not event.startswith(b"data: {"):
            yield event + b"\n\n"
            continue
        chunk = json.loads(event.removeprefix(b"data: "))
        delta = chunk["choices"][0]["delta"] if chunk.get("choices") else {}
        for character in delta.get("content") or [None]:
            if character is not None:
                delta["content"] = character
            yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


class Remote(Background):
    """A foreign server of the chat API that always says `text`."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def get(self, exchange):
        exchange.error(404, "not_found", "no such path")

    def answer(self, exchange):
        chunks = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
                  for piece in (self.text[:7], self.text[7:])]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
        exchange.pieces([event.encode() for event in events])

#!/usr/bin/env python3
"""`ask` and `serve`: local answers, offloaded ones, and a remote that fails in every way."""
import json
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

import support
from support import OK

QUESTION = "What is the colour of the sky?"


class Server:
    """A `crayon serve` on a free port, as a context."""

    def __init__(self, folder, model, *arguments):
        self.process = subprocess.Popen(
            [*support.COMMAND, "serve", model, "--port", "0", "--json", *map(str, arguments)], cwd=folder,
            env=support.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Peer:
    """A remote that accepts connections, reads a request, and does what `behave` does with the
    connection. Remembers the requests."""

    def __init__(self, behave):
        self.behave = behave
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(read_request(connection))
                self.behave(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def read_request(connection):
    """One HTTP request with a Content-Length, or what came of it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
               if line.lower().startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Hybrid(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.small = cls.pack_tiny("small.crayon", seed=1)
        cls.large = cls.pack_tiny("large.crayon", seed=2)
        cls.limits = ("-n", 16)
        cls.local = cls.ask(cls.small).json["answer"]
        cls.remote = cls.ask(cls.large).json["answer"]
        assert cls.local != cls.remote, "the two models must be told apart by their answers"

    @classmethod
    def ask(cls, model, *arguments, json_form=True):
        return cls.crayon("ask", model, *cls.limits, *arguments, *["--json"] * json_form, QUESTION)

    def assert_local(self, result, reason=""):
        told = result.json
        self.assertEqual((told["route"], told["answer"]), ("local", self.local))
        self.assertIn(reason, told["reason"])

    # ---- ask ------------------------------------------------------------------------------------

    def test_without_a_remote_the_answer_is_local(self):
        told = self.ask(self.small).json
        self.assertEqual(list(told), ["answer", "route", "reason", "score", "threshold"])
        self.assertEqual(told["route"], "local")
        self.assertTrue(0 < told["score"] <= 1, told)
        shown = self.ask(self.small, json_form=False)
        self.assertEqual(shown.out, told["answer"] + "\n")
        self.assertIn(told["reason"], shown.err)

    def test_the_threshold_decides_who_answers(self):
        with Server(self.dir, self.large) as server:
            hybrid = ("--remote", server.url, "--model", "large")
            self.assert_local(self.ask(self.small, *hybrid, "--threshold", 0))
            told = self.ask(self.small, *hybrid, "--threshold", 1).json
            self.assertEqual((told["route"], told["answer"]), ("remote", self.remote))
            self.assertLess(told["score"], told["threshold"])
            told = self.ask(self.small, *hybrid, "--route", "remote").json
            self.assertEqual((told["route"], told["answer"]), ("remote", self.remote))

    def test_a_local_question_never_reaches_a_socket(self):
        with Peer(lambda connection: None) as peer:
            self.assert_local(self.ask(self.small, "--remote", peer.url, "--route", "local"))
            self.assert_local(self.ask(self.small, "--remote", peer.url, "--threshold", 0))
            self.assertEqual(peer.requests, [])

    def test_a_dead_remote_gives_the_local_answer_and_the_reason(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        dead = ("--remote", f"http://127.0.0.1:{port}", "--route", "remote")
        self.assert_local(self.ask(self.small, *dead))
        shown = self.ask(self.small, *dead, json_form=False)
        self.assertEqual(shown.out, self.local + "\n")
        self.assertIn("refused", shown.err)

    def test_a_slow_remote_is_given_up_at_the_deadline(self):
        with Peer(lambda connection: time.sleep(60)) as peer:
            started = time.monotonic()
            told = self.ask(self.small, "--remote", peer.url, "--route", "remote", "--deadline",
                            2000).json
            self.assertLess(time.monotonic() - started, 30)
            self.assertEqual(told["route"], "local")
            # A machine may be too slow for the whole local answer, too.
            self.assertTrue(self.local.startswith(told["answer"]), told)

    def test_a_broken_remote_gives_the_local_answer(self):
        replies = {
            "hangs up": b"",
            "speaks another protocol": b"220 mail.example.org ready\r\n",
            "is overloaded": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}",
            "sends no chat reply": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                   b"Content-Length: 14\r\n\r\ndata: {\"a\":\n\n\n",
            "stops in its header": b"HTTP/1.1 200 OK\r\nContent-Le",
        }
        for what, reply in replies.items():
            with self.subTest(what), Peer(lambda connection: connection.sendall(reply)) as peer:
                self.assert_local(self.ask(self.small, "--remote", peer.url, "--route", "remote"))

    def test_a_server_killed_in_mid_stream_gives_the_local_answer(self):
        with Server(self.dir, self.large) as server:
            def forward_some_and_kill(connection):
                with socket.create_connection(("127.0.0.1", server.port)) as upstream:
                    upstream.sendall(peer.requests[-1])
                    reply, end = b"", b'"finish_reason":"'
                    while end not in reply:
                        reply += upstream.recv(4096)
                    self.cut = reply[:reply.index(end)]  # within the event that ends the answer
                    connection.sendall(self.cut)
                    server.process.kill()
                    server.process.wait()
            with Peer(forward_some_and_kill) as peer:
                result = self.ask(self.small, "--remote", peer.url, "--route", "remote",
                                  json_form=False)
        self.assertIn(b"200 OK", self.cut)
        self.assertEqual(result.out, self.local + "\n")
        self.assertIn("local: ", result.err)

    # ---- serve ----------------------------------------------------------------------------------

    def post(self, url, body):
        request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as reply:
            return reply.read().decode()

    def test_serve_speaks_the_chat_api(self):
        request = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 16}
        with Server(self.dir, self.small, "--name", "mine") as server:
            with urllib.request.urlopen(server.url + "/health", timeout=60) as reply:
                self.assertEqual(reply.status, 200)
            with urllib.request.urlopen(server.url + "/v1/models", timeout=60) as reply:
                self.assertEqual(json.load(reply)["data"][0]["id"], "mine")

            whole = json.loads(self.post(server.url, request))
            self.assertEqual(whole["choices"][0]["message"]["content"], self.local)
            self.assertEqual(whole["x_crayon"]["route"], "local")

            events = self.post(server.url, request | {"stream": True}).split("\n\n")
            self.assertEqual(events[-2:], ["data: [DONE]", ""])
            chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
            text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
            self.assertEqual(text, self.local)

            with self.assertRaises(urllib.error.HTTPError) as failed:
                self.post(server.url, {"messages": "none"})
            self.assertEqual(failed.exception.code, 400)
            failed.exception.close()

    def test_serve_ends_when_it_is_told_to(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(self.dir, self.small) as server:
                with urllib.request.urlopen(server.url + "/health", timeout=60):
                    pass  # it runs, and so it minds signals
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(60), OK)

    def test_serve_offloads_what_it_is_not_sure_of(self):
        request = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 16}
        with Server(self.dir, self.large) as behind:
            with Server(self.dir, self.small, "--remote", behind.url, "--threshold", "1") as front:
                told = json.loads(self.post(front.url, request))
        self.assertEqual(told["x_crayon"]["route"], "remote")
        self.assertEqual(told["choices"][0]["message"]["content"], self.remote)

    def test_a_taken_port_is_an_error_of_the_system(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.crayon("serve", self.small, "--port", listener.getsockname()[1],
                        code=support.SYSTEM)


if __name__ == "__main__":
    support.main()

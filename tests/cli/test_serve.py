#!/usr/bin/env python3
"""`serve` with adapters, a pool for others, sockets of all kinds, and a service manager."""
import http.client
import json
import os
import re
import socket
import stat
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

import support
from support import ALPHA, IDS, OK, RANK, SYSTEM, USAGE, BAD_FILE, NETWORK, TOLERANCE, distance
from test_hybrid import Server, read_request

ASK = {"prompt": "one two", "max_tokens": 12, "temperature": 0}


def request(url, body=None, key=None):
    """The reply's JSON, whatever its status, and the status."""
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as reply:
            return json.load(reply), reply.status
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error), error.code


class Recorder:
    """Passes one connection on to a server and keeps what the client has sent."""

    def __init__(self, port):
        self.port = port
        self.sent = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            self.sent = read_request(client)
            server.sendall(self.sent)
            while piece := server.recv(65536):
                client.sendall(piece)


class Adapters(support.PoolCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for seed, name in ((11, "polite"), (12, "brief")):
            support.write_peft(cls.dir / name, support.lora_factors(seed, RANK), RANK, ALPHA)
            cls.crayon("pack-adapter", name, "--base", "base.crayon", "-o", f"{name}.crayon")
        cls.bare = cls.run_with()
        cls.polite = cls.run_with("--adapter", "polite.crayon")
        cls.brief = cls.run_with("--adapter", "brief.crayon")
        assert len({cls.bare, cls.polite, cls.brief}) == 3, "adapters must change the answer"

    @classmethod
    def run_with(cls, *arguments):
        return cls.crayon("run", "base.crayon", "-p", ASK["prompt"], "-n", ASK["max_tokens"],
                          *arguments, "--json").json["text"]

    def text(self, server, **fields):
        reply, status = request(server.url + "/v1/completions", ASK | fields)
        self.assertEqual(status, 200, reply)
        return reply["choices"][0]["text"]

    def test_requests_choose_adapters_by_name(self):
        with Server(self.dir, "base.crayon", "--adapter", "polite.crayon", "--adapter",
                    "brief.crayon=0") as server:
            names = [each["id"] for each in request(server.url + "/v1/models")[0]["data"]]
            self.assertEqual(names, ["base", "base:polite", "base:brief"])
            self.assertEqual(self.text(server), self.polite)
            self.assertEqual(self.text(server, model="base"), self.polite)
            self.assertEqual(self.text(server, model="base:brief"), self.brief)
            self.assertEqual(self.text(server, lora=[]), self.bare)
            self.assertEqual(self.text(server, lora=[{"id": 1, "scale": 1}]), self.brief)
            self.assertEqual(self.text(server, lora=[{"id": "brief", "scale": 0}]), self.bare)
            self.assertEqual(self.text(server), self.polite)  # no request changes the next
            reply, status = request(server.url + "/v1/completions",
                                    ASK | {"model": "base:rude"})
            self.assertEqual(status, 404)
            self.assertIn("base:polite", reply["error"]["message"])

    def test_adapters_of_a_pool_have_names_too(self):
        with Server(self.dir, "base.crayon", "--adapter", "pool.crayon") as server:
            names = [each["id"] for each in request(server.url + "/v1/models")[0]["data"]]
            self.assertEqual(names, ["base"] + [f"base:{kind}" for kind in self.KINDS])
            self.assertEqual(self.text(server, lora=[]), self.bare)
            self.crayon("pack-adapter", "digits", "--base", "base.crayon", "-o", "alone.crayon")
            self.assertEqual(self.text(server, model="base:digits"),
                             self.run_with("--adapter", "alone.crayon"))

    def test_two_adapters_of_one_name_are_refused(self):
        (self.dir / "twin").mkdir(exist_ok=True)
        (self.dir / "twin/polite.crayon").write_bytes((self.dir / "polite.crayon").read_bytes())
        result = self.crayon("serve", "base.crayon", "--adapter", "polite.crayon", "--adapter",
                             "twin/polite.crayon", code=USAGE)
        self.assertIn("polite", result.err)

    # ---- a pool for devices that have none ------------------------------------------------------

    def examples(self):
        return self.write("mine.jsonl", '{"question": "9 - 3"}\n{"question": "2 + 2 is"}\n')

    def test_a_server_blends_and_learns_the_weights_alone(self):
        mine = self.examples()
        with Server(self.dir, "base.crayon", "--pool", "pool.crayon") as server:
            pool, _ = request(server.url + "/v1/adapters/pool")
            self.assertEqual(pool["adapters"], list(self.KINDS))
            self.write("indicators.json", json.dumps(pool))
            recorder = Recorder(server.port)
            told = self.crayon("blend", "indicators.json", "--base", "base.crayon", "--examples",
                               mine, "--remote", recorder.url, "-o", "far.crayon", "--json").json
        near = self.crayon("blend", "pool.crayon", "--base", "base.crayon", "--examples", mine,
                           "-o", "near.crayon", "--json").json
        for one, other in zip(told["weights"], near["weights"], strict=True):
            self.assertAlmostEqual(one, other, places=5)
        # Nothing but the weights has left.
        head, body = recorder.sent.split(b"\r\n\r\n", 1)
        self.assertEqual(list(json.loads(body)), ["weights"])
        self.assertEqual(len(json.loads(body)["weights"]), len(self.KINDS))
        fields = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
        self.assertLessEqual(fields, {b"host", b"connection", b"content-type", b"content-length"})
        # And what came back is the adapter that the whole pool gives here.
        far = self.logits("base.crayon", IDS, "--adapter", "far.crayon")
        self.assertLess(distance(far, self.logits("base.crayon", IDS, "--adapter", "near.crayon")),
                        TOLERANCE)

    def test_what_cannot_be_blended_is_said(self):
        mine = self.examples()
        blend = ("blend", "pool.crayon", "--base", "base.crayon", "--examples", mine, "-o",
                 "none.crayon", "--remote")
        with Server(self.dir, "base.crayon") as server:
            self.assertIn("--pool", self.crayon(*blend, server.url, code=NETWORK).err)
            reply, status = request(server.url + "/v1/adapters/blend", {"weights": [1]})
            self.assertEqual((status, reply["error"]["code"]), (404, "not_found"))
        self.crayon(*blend, server.url, code=NETWORK)  # it has gone
        self.assertFalse((self.dir / "none.crayon").exists())
        self.crayon(*blend, "http://127.0.0.1:1", "--rule", "nearest", code=USAGE)
        with Server(self.dir, "base.crayon", "--pool", "pool.crayon") as server:
            for weights in ([], [1], [0, 0, 0, 0], [1, 0, 0, 1e9], [1, 0, 0, "x"], "all"):
                _, status = request(server.url + "/v1/adapters/blend", {"weights": weights})
                self.assertEqual(status, 400, weights)

    def test_the_blend_of_another_base_is_refused(self):
        self.pack_tiny("other.crayon")
        mine = self.examples()
        with Server(self.dir, "base.crayon", "--pool", "pool.crayon") as server:
            pool, _ = request(server.url + "/v1/adapters/pool")
            self.write("indicators.json", json.dumps(pool))
            result = self.crayon("blend", "indicators.json", "--base", "other.crayon",
                                 "--examples", mine, "--remote", server.url, "-o", "none.crayon",
                                 code=BAD_FILE)
            self.assertIn("indicators.json", result.err)


class Sockets(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()

    def test_a_key_keeps_strangers_out(self):
        with Server(self.dir, "tiny.crayon", "--api-key", "secret") as server:
            reply, status = request(server.url + "/v1/models")
            self.assertEqual((status, reply["error"]["code"]), (401, "invalid_api_key"))
            self.assertEqual(request(server.url + "/v1/models", key="secret")[1], 200)
            self.assertEqual(request(server.url + "/health")[1], 200)

    def test_only_this_machine_may_ask_unless_told_otherwise(self):
        # 127.0.0.2 is this machine too, and another address than the one that is listened on.
        with Server(self.dir, "tiny.crayon") as server:
            self.assertTrue(server.url.startswith("http://127.0.0.1:"), server.url)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", server.port), timeout=60)
        with Server(self.dir, "tiny.crayon", "--host", "0.0.0.0") as server:
            socket.create_connection(("127.0.0.2", server.port), timeout=60).close()

    def test_a_unix_socket_is_its_owners(self):
        path = self.dir / "s"
        server = subprocess.Popen([*support.COMMAND, "serve", "tiny.crayon", "--unix", "s"],
                                  cwd=self.dir, env=support.environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            self.assertIn(b"unix:", server.stdout.readline())
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            self.crayon("serve", "tiny.crayon", "--unix", "s", code=SYSTEM)  # one is there already
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            connection.request("GET", "/health")
            self.assertEqual(json.load(connection.getresponse()), {"status": "ok"})
            connection.close()
            told = self.crayon("ask", "tiny.crayon", "--remote", f"unix:{path}", "--route",
                               "remote", "-n", 4, "--json", "Why?").json
            self.assertEqual(told["route"], "remote")
            server.terminate()
            self.assertEqual(server.wait(60), OK)
            self.assertFalse(path.exists())
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_files_of_certificates_are_read_before_a_question_is_asked(self):
        ask = ("ask", "tiny.crayon", "--remote", "https://127.0.0.1:1", "-n", 4, "--remote-ca")
        self.assertIn("none.pem", self.crayon(*ask, "none.pem", "Why?", code=SYSTEM).err)
        self.assertIn("tiny.crayon", self.crayon(*ask, "tiny.crayon", "Why?", code=BAD_FILE).err)
        self.crayon("serve", "tiny.crayon", "--port", 0, "--tls-cert", "none.pem", "--tls-key",
                    "none.pem", code=SYSTEM)

    def test_a_service_manager_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.dir / "notify"))
            manager.settimeout(60)
            server = subprocess.Popen(
                [*support.COMMAND, "serve", "tiny.crayon", "--port", "0"], cwd=self.dir,
                env=support.environment(NOTIFY_SOCKET=str(self.dir / "notify"),
                                        WATCHDOG_USEC="200000"),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                told = [manager.recv(100) for _ in range(4)]
                self.assertEqual(told, [b"READY=1"] + [b"WATCHDOG=1"] * 3)
                server.terminate()
                self.assertEqual(server.wait(60), OK)
                while (last := manager.recv(100)) == b"WATCHDOG=1":
                    pass
                self.assertEqual(last, b"STOPPING=1")
            finally:
                server.kill()
                server.wait()

    def test_many_at_once_get_what_each_gets_alone(self):
        asks = [ASK | {"prompt": "abc" * n, "seed": n, "temperature": 1.0, "max_tokens": 8 + n}
                for n in range(1, 13)]
        with Server(self.dir, "tiny.crayon", "--parallel", 3, "--queue", 20) as server:
            def text(each):
                reply, status = request(server.url + "/v1/completions", each)
                return reply["choices"][0]["text"] if status == 200 else status
            alone = [text(each) for each in asks]
            together = [None] * len(asks)

            def ask(n):
                together[n] = text(asks[n])
            threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asks))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(together, alone)

    @unittest.skipUnless(support.HEAVY, "thousands of requests")
    def test_memory_is_flat(self):
        def resident():
            with open(f"/proc/{server.process.pid}/status") as status:
                return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])

        def ask(client, count):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            for n in range(count):
                body = {"messages": [{"role": "user", "content": f"{client} {n % 50}"}],
                        "max_tokens": 4, "stream": n % 2 == 0, "logprobs": n % 3 == 0}
                connection.request("POST", "/v1/chat/completions", json.dumps(body))
                with connection.getresponse() as reply:
                    reply.read()
                    self.assertEqual(reply.status, 200)

        def ask_all(count):
            threads = [threading.Thread(target=ask, args=(client, count)) for client in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        with Server(self.dir, "tiny.crayon", "--parallel", 8) as server:
            ask_all(200)  # caches, thread stacks and the allocator's arenas
            before = resident()
            ask_all(1000)
            self.assertLess(resident() - before, 1024, "KiB more after 8,000 requests")


if __name__ == "__main__":
    support.main()

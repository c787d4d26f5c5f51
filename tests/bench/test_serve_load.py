#!/usr/bin/env python3
"""Tests the load on servers with a made-up server that counts what it is asked."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support

PEERS = support.SOURCE / "bench/peers"
sys.path.insert(0, str(PEERS))
import load_client  # noqa: E402
import serve_load  # noqa: E402

# Answers any prompt with max_tokens tokens, and writes each prompt and the arguments down.
SERVER = f"""#!{sys.executable}
import http.server, json, pathlib, sys
calls = pathlib.Path(sys.argv[0] + ".calls").open("a", buffering=1)
calls.write(json.dumps(sys.argv[1:]) + "\\n")

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def send(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.send(b"ok")
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        calls.write(json.dumps(asked["prompt"]) + "\\n")
        usage = {{"prompt_tokens": len(asked["prompt"]), "completion_tokens": asked["max_tokens"]}}
        if not asked["stream"]:
            return self.send(json.dumps({{"usage": usage}}).encode())
        events = [{{"choices": [{{"text": "a"}}]}}, {{"choices": [], "usage": usage}}]
        lines = [f"data: {{json.dumps(event)}}\\n\\n" for event in events] + ["data: [DONE]\\n\\n"]
        self.send("".join(lines).encode())

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

Server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


class Servers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        for name in ("crayon", "peer"):
            (self.dir / name).write_text(SERVER)
            (self.dir / name).chmod(0o755)

    def load(self, *arguments, **variables):
        environment = os.environ | {"CRAYON_PROGRAM": str(self.dir / "crayon"),
                                    "CRAYON_PEER_LLAMA_SERVER": f"peer={self.dir}/peer,--no-ui"}
        return subprocess.run(
            [sys.executable, PEERS / "serve_load.py", "b.crayon", "g.gguf", *arguments],
            check=False, text=True, capture_output=True, env=environment | variables)

    def calls(self, name):
        return [json.loads(line) for line in (self.dir / f"{name}.calls").read_text().splitlines()]

    def test_servers_get_the_same_prompts_and_no_prompt_twice(self):
        done = self.load("-c", "1,3", "-n", "7", "--requests", "2", "--rounds", "1", "--stream",
                         "--json", str(self.dir / "out.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, theirs = self.calls("crayon"), self.calls("peer")
        self.assertEqual(ours[0][:2], ["serve", "b.crayon"])
        self.assertIn("--parallel 3", " ".join(ours[0]))
        self.assertIn("--no-ui -m g.gguf --host 127.0.0.1", " ".join(theirs[0]))
        self.assertIn("-np 3", " ".join(theirs[0]))
        self.assertEqual(sorted(ours[1:]), sorted(theirs[1:]))
        self.assertEqual(len(ours[1:]), 3 + 2 + 6)  # the warm-up's, and 2 of each client
        self.assertEqual(len(set(ours[1:])), len(ours[1:]))
        rows = {(row["server"], row["clients"]): row["rounds"]
                for row in json.loads((self.dir / "out.json").read_text())["rows"]}
        self.assertEqual(set(rows), {("crayon", 1), ("crayon", 3), ("peer", 1), ("peer", 3)})
        self.assertEqual(rows["peer", 3][0]["tokens"], 7)
        self.assertGreater(rows["peer", 3][0]["peak_memory"], 1 << 20)
        self.assertIsNotNone(rows["crayon", 1][0]["first_p95"])
        self.assertIn("| server | clients | tokens/s | crayon / this |", done.stdout)

    def test_whole_answers_have_no_first_text(self):
        done = self.load("-c", "1", "--requests", "1", "--rounds", "1",
                         CRAYON_PEER_LLAMA_SERVER="")
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = done.stdout.splitlines()[2].split("|")
        self.assertEqual([cell.strip() for cell in cells[6:8]], ["-", "-"])

    def test_a_server_that_does_not_start_is_shown(self):
        (self.dir / "peer").write_text("#!/bin/bash\necho no such model\nexit 1\n")
        done = self.load("-c", "1", "--requests", "1", "--rounds", "1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no such model", done.stderr)


class Figures(unittest.TestCase):
    def test_quantiles_are_values_that_occurred(self):
        values = [float(number) for number in range(20, 0, -1)]
        self.assertEqual(load_client.quantile(values, 0.5), 10.0)
        self.assertEqual(load_client.quantile(values, 0.95), 19.0)
        self.assertEqual(load_client.quantile([3.0], 0.95), 3.0)
        self.assertIsNone(load_client.quantile([], 0.5))

    def test_speeds_count_all_clients(self):
        seen = [load_client.Seen(1.0, 0.25, 10, 64), load_client.Seen(3.0, None, 30, 32)]
        figures = load_client.Load(seen, 4.0).figures()
        self.assertEqual(figures["tokens_per_second"], 24.0)
        self.assertEqual(figures["requests_per_second"], 0.5)
        self.assertEqual(figures["latency_p95"], 3.0)
        self.assertEqual(figures["first_p50"], 0.25)
        self.assertEqual((figures["prompt_tokens"], figures["tokens"]), (20, 48))

    def test_prompts_are_the_seed_s_and_of_one_length(self):
        self.assertEqual(load_client.prompt("a", 96), load_client.prompt("a", 96))
        prompts = [load_client.prompt(seed, 96) for seed in range(100)]
        self.assertGreaterEqual(len({text[:12] for text in prompts}), 95)
        self.assertTrue(all(95 <= len(text) <= 96 for text in prompts))

    def test_events_end_at_done(self):
        lines = [b"data: {\"a\": 1}\n", b"\n", b": comment\n", b"data:{\"a\": 2}\r\n",
                 b"data: [DONE]\n", b"data: {\"a\": 3}\n"]
        self.assertEqual(list(load_client.events(lines)), [{"a": 1}, {"a": 2}])

    def test_ratios_go_round_by_round(self):
        speeds = {("crayon", 4): [30.0, 20.0], ("peer", 4): [10.0, 20.0]}
        found = {key: [{"tokens_per_second": speed} for speed in values]
                 for key, values in speeds.items()}
        self.assertEqual(serve_load.ratios(found, "peer", 4), [3.0, 1.0])
        self.assertEqual(serve_load.spread([3.0, 1.0], 1), "2.0 (1.0 to 3.0)")
        self.assertEqual(serve_load.spread([3.0], 1), "3.0")
        self.assertEqual(serve_load.spread([None], 1), "-")


if __name__ == "__main__":
    support.main()

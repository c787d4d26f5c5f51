#!/usr/bin/env python3
"""examples/daemon/sensor_daemon.c: it asks when a reading is out of bounds, reads on while it waits for
the answer, and ends in the middle of one.

Nothing here depends on how fast anything is: the remote answers, or does not, when the test says so."""
import json
import queue
import signal
import threading
import time

import example
import support
from example import MODEL, POOL
from test_hybrid import Peer

RUNBOOK = support.SOURCE / "examples/daemon/runbook.txt"
PATIENCE = 120  # seconds until a test gives up


def reply(connection, text):
    """A chat completion, in one event, as OpenAI-compatible servers stream it."""
    event = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
    body = f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n"
    connection.sendall((f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}").encode())


def heard(lines):
    """The answer, of which a line has what came since the last one."""
    return "".join(line.removeprefix("hears: ").rstrip("\n") for line in lines
                   if line.startswith("hears: ")).strip()


class Daemon(example.ExampleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.build_example("daemon") / "sensor_daemon"

    def setUp(self):
        self.sensor = self.dir / "sensor"
        self.daemon = None

    def tearDown(self):
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.communicate()

    def watch(self, *arguments):
        """Starts it, and a thread that takes its lines."""
        self.daemon = self.start(self.program, MODEL, POOL, RUNBOOK, *arguments)
        self.lines = queue.SimpleQueue()
        self.reader = threading.Thread(target=lambda: [self.lines.put(line) for line in
                                                       self.daemon.stdout], daemon=True)
        self.reader.start()

    def read(self, value):
        temporary = self.sensor.with_suffix(".new")
        temporary.write_text(f"{value}\n")
        temporary.rename(self.sensor)

    def wait_for(self, text):
        """The first line that begins so, behind all others on the way to it."""
        passed, deadline = [], time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            passed.append(self.lines.get(timeout=PATIENCE))
            if passed[-1].startswith(text):
                return passed
        raise AssertionError(f"no line {text!r}, but {''.join(passed)}")

    def end(self):
        """Returns what is left of its lines."""
        self.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(PATIENCE), 0, self.daemon.stderr.read())
        self.reader.join(PATIENCE)
        rest = []
        while not self.lines.empty():
            rest.append(self.lines.get())
        return rest

    def test_asks_when_a_reading_is_out_of_bounds(self):
        self.read(71.5)
        self.watch(self.sensor)
        self.assertEqual(self.wait_for("reading 3")[-1], "reading 3: 71.5\n")
        self.read(99)
        passed = self.wait_for("answered")
        self.assertIn("alarm 1\n", passed)
        self.assertEqual(heard(passed), "open the valve")
        self.assertRegex(passed[-1], r"^answered by the model: .*; \d+ readings meanwhile\n$")
        self.read(50)
        self.wait_for("reading")
        self.read(3)
        self.assertIn("alarm 2\n", self.wait_for("answered"))
        self.assertEqual([line for line in self.end() if "alarm" in line], [])

    def test_reads_on_while_it_waits(self):
        go_on = threading.Event()

        def answer(connection):
            go_on.wait(PATIENCE)
            reply(connection, "call the engineer")

        self.read(99)
        with Peer(answer) as peer:
            self.watch(self.sensor, peer.url)
            self.wait_for("alarm 1")
            for _ in range(5):  # which would not come from a loop that waits
                self.wait_for("reading")
            go_on.set()
            passed = self.wait_for("answered")
        self.assertEqual(heard(passed), "call the engineer")
        answered = passed[-1]
        self.assertTrue(answered.startswith("answered by the remote: "), answered)
        self.assertGreaterEqual(int(answered.split("; ")[1].split()[0]), 5)
        self.end()

    def test_ends_in_the_middle_of_an_answer(self):
        is_over = threading.Event()
        self.read(99)
        with Peer(lambda connection: is_over.wait(PATIENCE)) as peer:
            self.watch(self.sensor, peer.url)
            self.wait_for("alarm 1")
            while not peer.requests:
                time.sleep(0.01)
            rest = self.end()
            is_over.set()
        self.assertRegex(rest[-1], "^interrupted by ")

    def test_a_remote_that_is_gone_leaves_the_local_answer(self):
        self.read(99)
        with Peer(lambda connection: None) as peer:  # hangs up
            self.watch(self.sensor, peer.url)
            passed = self.wait_for("answered")
        self.assertIn("answered by the model", passed[-1])
        self.assertEqual(heard(passed), "open the valve")
        self.end()

    def test_the_simulated_sensor_sounds_an_alarm(self):
        self.watch()
        self.assertIn("alarm 1\n", self.wait_for("answered"))
        self.end()

    def test_says_what_is_wrong(self):
        _, err = self.run_example(self.program, MODEL, MODEL, RUNBOOK, code=1)
        self.assertIn("sensor_daemon: ", err)
        self.assertIn("hint: ", err)
        _, err = self.run_example(self.program, MODEL, POOL, "missing.txt", code=1)
        self.assertIn("missing.txt", err)


if __name__ == "__main__":
    example.main()

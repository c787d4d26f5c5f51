"""Clients that load a server of OpenAI's completions API, and what they saw."""
import concurrent.futures
import http.client
import json
import math
import queue
import random
import time

SYLLABLES = [first + vowel for first in "bdfgklmnprst" for vowel in "aeiou"]
PATIENCE = 600  # seconds that a reply may take


class Seen:
    """What a client saw of one request: seconds, and counts of the server's `usage`."""

    def __init__(self, latency, first_text, prompt_tokens, tokens):
        self.latency = latency
        self.first_text = first_text  # None unless streamed
        self.prompt_tokens = prompt_tokens
        self.tokens = tokens


class Load:
    """What clients saw together in `seconds`."""

    def __init__(self, seen, seconds):
        self.seen = seen
        self.seconds = seconds

    def figures(self):
        """Speeds a second and quantiles in seconds, as they are reported."""
        latencies = [each.latency for each in self.seen]
        firsts = [each.first_text for each in self.seen if each.first_text is not None]
        return {"tokens_per_second": sum(each.tokens for each in self.seen) / self.seconds,
                "requests_per_second": len(self.seen) / self.seconds,
                "latency_p50": quantile(latencies, 0.5), "latency_p95": quantile(latencies, 0.95),
                "first_p50": quantile(firsts, 0.5), "first_p95": quantile(firsts, 0.95),
                "prompt_tokens": sum(each.prompt_tokens for each in self.seen) / len(self.seen),
                "tokens": sum(each.tokens for each in self.seen) / len(self.seen)}


def quantile(values, share):
    """The smallest value that `share` of them do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def prompt(seed, characters):
    """Made-up words. The first ones differ from seed to seed, so that no server has begun with
    this prompt before."""
    numbers = random.Random(seed)
    text = ""
    while len(text) < characters:
        text += "".join(numbers.choices(SYLLABLES, k=numbers.randint(1, 4))) + " "
    return text[:characters].rstrip()


def body(text, max_tokens, stream):
    """The request, the same for every server. Those that do not know ignore_eos ignore it."""
    fields = {"prompt": text, "max_tokens": max_tokens, "temperature": 0, "ignore_eos": True,
              "stream": stream}
    if stream:
        fields["stream_options"] = {"include_usage": True}
    return json.dumps(fields)


def events(lines):
    """The objects of a stream of server-sent events, up to [DONE]."""
    for line in lines:
        data = line.strip()
        if not data.startswith(b"data:"):
            continue
        data = data[5:].strip()
        if data == b"[DONE]":
            return
        yield json.loads(data)


def read_stream(response, start):
    """(usage, seconds until the first text)"""
    usage, first = None, None
    for event in events(response):
        if "error" in event:
            raise RuntimeError(f"the server ended its stream: {event['error']}")
        if first is None and any(choice.get("text") for choice in event.get("choices", [])):
            first = time.monotonic() - start
        usage = event.get("usage") or usage
    response.read()  # to its end, so that the connection can be used again
    return usage, first


def ask(connection, text, max_tokens, stream):
    start = time.monotonic()
    connection.request("POST", "/v1/completions", body(text, max_tokens, stream),
                       {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"status {response.status}: {response.read(500)!r}")
    first = None
    if stream:
        usage, first = read_stream(response, start)
    else:
        usage = json.loads(response.read())["usage"]
    return Seen(time.monotonic() - start, first, usage["prompt_tokens"],
                usage["completion_tokens"])


def client(port, texts, max_tokens, stream):
    """One after the other over one connection, until no text is left."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    seen = []
    while True:
        try:
            text = texts.get_nowait()
        except queue.Empty:
            connection.close()
            return seen
        seen.append(ask(connection, text, max_tokens, stream))


def load(port, clients, texts, max_tokens, stream):
    """So many clients at once share the texts. Raises what a request raised."""
    waiting = queue.SimpleQueue()
    for text in texts:
        waiting.put(text)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as threads:
        running = [threads.submit(client, port, waiting, max_tokens, stream)
                   for _ in range(clients)]
    return Load([seen for each in running for seen in each.result()], time.monotonic() - start)

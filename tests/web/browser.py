"""A headless Chromium, driven over the W3C WebDriver protocol that chromedriver speaks."""
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

PROGRAMS = ("chromium", "chromedriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that WebDriver gives to a reference
PATIENCE = 60  # seconds for anything to happen; only a failing test waits so long

# chromedriver is on this machine, whatever the environment's proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def missing():
    """Those of PROGRAMS that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Browser:
    """One window. `folder` takes what the browser writes."""

    def __init__(self, folder):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}, text=True)
        try:
            port = next(found[1] for line in self.driver.stdout
                        if (found := re.search(r"started successfully on port (\d+)", line)))
            self.base = f"http://127.0.0.1:{port}"
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--no-proxy-server", "--no-first-run", "--disable-background-networking",
                         "--disable-component-update", "--disable-sync", "--disable-extensions"]
            session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
            self.base += "/session/" + session["sessionId"]
        except BaseException:
            self.end_driver()
            raise

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.end_driver()

    def end_driver(self):
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()

    def call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + path, data, method=method)
        try:
            with DIRECT.open(request, timeout=2 * PATIENCE) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()}") from None

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What the body of a function, `script`, returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def wait(self, script, *arguments):
        """Runs `script` until it returns something true, and returns that."""
        end = time.monotonic() + PATIENCE
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > end:
                raise AssertionError(f"never came true: {script}\n"
                                     + self.run("return document.body.innerText"))
            time.sleep(0.03)
        return value

    def element(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return "/element/" + found[ELEMENT]

    def type(self, selector, keys):
        """Keys as a user types them, to the end of what is there."""
        self.call("POST", self.element(selector) + "/value", {"text": keys})

    def fill(self, selector, text):
        self.call("POST", self.element(selector) + "/clear")
        self.type(selector, text)

    def click(self, selector):
        self.call("POST", self.element(selector) + "/click")

    def log(self, kind):
        """Entries of a log ("browser": the console; "performance") since the last call."""
        return self.call("POST", "/se/log", {"type": kind})

    def requested(self):
        """URLs that the page asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]

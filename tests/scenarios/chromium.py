# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that opens one page at a time, over its debugging pipe (no driver, no network).

    with Browser() as browser:
        browser.open(pathlib.Path("report.html"))
        browser.evaluate("document.title")
"""
import base64
import fcntl
import importlib.util
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_chromium():
    """The program, or None where there is none that runs (Ubuntu's is a snap, which needs a daemon)."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0:
            return path
    return None


def find_axe():
    """axe-core's file, whose rules tell what a page is like to screen readers and the like, or None."""
    package = importlib.util.find_spec("axe_playwright_python")
    return os.environ.get("XLT_AXE") or (package and str(pathlib.Path(package.origin).with_name("axe.min.js")))


class Browser:
    def __init__(self, program=None, timeout=90):
        self.program, self.timeout, self.next_id, self.buffer = program or find_chromium(), timeout, 0, b""
        self.problems = []  # what the console was told: errors, warnings, exceptions

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="xlt-chromium-")
        read_end, self.to_browser = os.pipe()
        self.from_browser, write_end = os.pipe()
        # The pipe's ends must be 3 and 4 in the child: first to numbers that are neither.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read_end, write_end)]

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "--no-first-run", "--hide-scrollbars", "about:blank"],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (read_end, write_end, *ends):
            os.close(end)
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.from_browser], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self.from_browser, 1 << 20)
            if not data:
                raise ConnectionError("Chromium ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(params["exceptionDetails"].get("exception", {}).get("description") or params["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(params["type"] + ": " + json.dumps([a.get("value") for a in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:", "blob:", "about:")):
            self.problems.append("request to " + params["request"]["url"])

    def call(self, method, **params):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": params}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.timeout
        while True:
            answer = self._message(deadline)
            if answer.get("id") == self.next_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, file, width=1200, height=900, is_dark=False):
        """Seconds until the page says that it is drawn."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])
        start = time.monotonic()
        self.call("Page.navigate", url=file.resolve().as_uri())
        while not self.evaluate("!!document.querySelector('[data-ready]')"):
            if time.monotonic() - start > self.timeout or self.problems:
                raise TimeoutError(f"{file} is not drawn: {self.problems}")
            time.sleep(0.05)
        return time.monotonic() - start

    def cpu_seconds(self):
        """What the page's process has computed since it began, however busy the machine is."""
        return next(metric["value"] for metric in self.call("Performance.getMetrics")["metrics"] if metric["name"] == "ProcessTime")

    def broken_rules(self, axe):
        """[rule, what it asks for, how often, where first, what to do] of the page as it stands."""
        self.evaluate(pathlib.Path(axe).read_text(encoding="utf-8") + "; 0")
        found = self.evaluate("""axe.run().then(result => ({passes: result.passes.length, violations: result.violations.map(rule =>
            [rule.id, rule.help, rule.nodes.length, rule.nodes[0].html.slice(0, 200), rule.nodes[0].failureSummary])}))""")
        print(f"axe-core: {found['passes']} rules kept, {len(found['violations'])} broken")
        assert found["passes"] > 10, "axe-core saw nothing"
        return found["violations"]

    def screenshot(self, file, whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def pdf(self, file):
        file.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))

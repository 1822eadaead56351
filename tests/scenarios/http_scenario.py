#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`--scorer http:URL` against a real server that stalls, fails, limits, lies and cuts off."""
import collections
import http.server
import json
import os
import threading
import time
import unittest

from support import Scenario, read_rows, run, write_rows

KEY = "a-key-that-nothing-may-show"


def answer(value):
    return json.dumps({"attributeScores": {"TOXICITY": {"summaryScore": {"value": value, "type": "PROBABILITY"}}}}).encode()


class Server(http.server.ThreadingHTTPServer):
    """Does what the text says. `asked`: (text, seconds) in the order of requests; `refusing`: answer 503 to everything."""
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.asked, self.keys, self.bodies, self.refusing = [], set(), [], False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def times(self, text):
        return [seconds for asked, seconds in self.asked if asked == text]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, status=200, length=None, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text, server = body["comment"]["text"], self.server
        server.asked.append((text, time.monotonic()))
        server.bodies.append(body)
        server.keys.add(self.headers["X-Goog-Api-Key"])
        is_first = len(server.times(text)) == 1
        server.refusing = server.refusing or (text == "goes away" and is_first)
        if server.refusing or text == "always down":
            return self.send(b"<html>busy</html>", 503)
        if text == "stalls" and is_first:
            time.sleep(1.2)
            self.close_connection = True
            return None
        if text == "fails" and is_first:
            return self.send(b"oops", 500)
        if text == "limits" and is_first:
            return self.send(b"{}", 429, Retry_After="1")
        if text == "cuts off" and is_first:
            self.send(answer(0.5)[:20], length=500)
            self.close_connection = True
            return None
        if text == "no such language":
            return self.send(json.dumps({"error": {"code": 400, "message": f"no, {self.headers['X-Goog-Api-Key']}"}}).encode(), 400)
        lies = {"is NaN": answer(float("nan")), "is 7.5": answer(7.5), "two answers": b"[" + answer(0.5) + b"," + answer(0.5) + b"]",
                "is a page": b"<html>hello</html>"}
        self.send(lies.get(text) or answer(0.9 if "fool" in text else 0.125))
        return None


class Http(Scenario):
    TEXTS = ["you fool", "stalls", "fails", "limits", "cuts off", "is NaN", "is 7.5", "two answers", "is a page", "no such language",
             "always down", "good day"]

    def setUp(self):
        super().setUp()
        self.server = Server()
        self.port = self.server.server_address[1]

    def tearDown(self):
        self.server.stop()
        super().tearDown()

    def evaluate(self, texts, *flags, code=0, timeout=0.5):
        write_rows(self.folder / "rows.jsonl",
                   [{"id": str(i), "prompt": "p", "completion": text, "language": "en"} for i, text in enumerate(texts)])
        process = run("eval", "--completions", self.folder / "rows.jsonl", "--output", self.folder / "out", "--num-samples", 1,
                      "--scorer", f"http:http://127.0.0.1:{self.port}/analyze", "--scorer-timeout", timeout, "--log-level", "debug", *flags,
                      env={**os.environ, "XLT_SCORER_KEY": KEY, "no_proxy": "127.0.0.1"})
        self.assertEqual(process.returncode, code, process.stderr)
        self.assertNotIn(KEY, process.stdout + process.stderr)
        for file in self.folder.rglob("*"):
            self.assertFalse(file.is_file() and KEY in file.read_text(), file)
        return json.loads((self.folder / "out" / "report.json").read_text())

    def scores(self):
        rows = [row["completions"][0] for row in read_rows(self.folder / "out" / "items" / "completions" / "en.jsonl")]
        return {row["text"]: row["score"] if row["score"] is not None else row["unscored"] for row in rows}

    def test_a_server_that_does_everything_wrong(self):
        report = self.evaluate(self.TEXTS, "--scorer-retries", 2, timeout=1)  # no less: a second is what the server asks to wait
        self.assertEqual(report["status"], "done")
        self.assertEqual(self.scores(), {
            "you fool": 0.9, "stalls": 0.125, "fails": 0.125, "limits": 0.125, "cuts off": 0.125, "good day": 0.125,
            "is NaN": "the server's answer is not JSON", "is 7.5": "a score outside 0 … 1",
            "two answers": "the server's answer holds no score of TOXICITY", "is a page": "the server's answer is not JSON",
            "no such language": "the server refuses the text (400): no, …",
            "always down": "the server gave no answer in 3 tries: status 503"})
        asked = collections.Counter(text for text, _ in self.server.asked)
        self.assertEqual(asked, {**dict.fromkeys(self.TEXTS, 1), "stalls": 2, "fails": 2, "limits": 2, "cuts off": 2, "always down": 3})
        first, second = self.server.times("limits")
        self.assertGreaterEqual(second - first, 1)
        self.assertEqual(self.server.keys, {KEY})
        self.assertEqual(self.server.bodies[0], {"comment": {"text": "you fool"}, "languages": ["en"], "doNotStore": True,
                                                 "requestedAttributes": {"TOXICITY": {}}})
        cell = next(cell for cell in report["cells"] if cell["scoring"] == "corrected")
        metric = cell["metrics"]["toxic_fraction"]
        self.assertEqual((metric["n"], metric["unscored"], metric["value"]), (6, 6, 1 / 6))

    def test_what_was_scored_is_kept_when_the_server_goes_away(self):
        self.server.refusing = True
        report = self.evaluate(["a", "b", "c", "d"], "--scorer-retries", 1, code=4)
        self.assertIn("gave no answer in 2 tries: status 503", report["errors"][0]["message"])
        self.assertEqual(len(self.server.asked), 6)  # not one more text after three without an answer
        self.server.refusing = False
        self.server.asked.clear()
        texts = ["a", "b", "always down", "c", "always down too"]
        self.evaluate(texts, "--scorer-retries", 0, "--scorer-rate", 10)
        times = [seconds for _, seconds in self.server.asked]
        self.assertEqual([text for text, _ in self.server.asked], texts)
        self.assertGreaterEqual(times[-1] - times[0], 0.35)  # four times 0.1, less the start of a thread
        self.server.stop()
        self.server = Server(self.port)
        self.evaluate(texts, "--scorer-retries", 0, "--at-k", 1)  # judged anew, but what was scored is not asked about again
        self.assertEqual([text for text, _ in self.server.asked], ["always down"])

    def card(self, labelled, *flags):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": text, "label": label, "language": "en"} for text, label in labelled])
        return run("card", "--scorer", f"http:http://127.0.0.1:{self.port}/analyze", "--data", rows, "--output", self.folder / "card.json",
                   *flags, env={**os.environ, "XLT_SCORER_KEY": KEY + "\r\n", "no_proxy": "127.0.0.1"})

    def test_a_card_asks_a_server_as_an_evaluation_does(self):
        process = self.card([("you fool", 1), ("good day", 0), ("fails", 0), ("always down", 0)], "--scorer-retries", 1, "--scorer-rate", 10)
        self.assert_works(process)
        self.assertIn("en: 1 of 4 rows have no score: the server gave no answer in 2 tries: status 503 (1)", process.stderr)
        self.assertEqual(self.server.keys, {KEY})
        asked = [text for text, _ in self.server.asked]
        self.assertEqual(asked, ["you fool", "good day", "fails", "fails", "always down", "always down"])
        self.assertGreaterEqual(self.server.asked[2][1] - self.server.asked[0][1], 0.15)  # twice 0.1, less the start of a thread
        self.assertNotIn(KEY, process.stdout + process.stderr + (self.folder / "card.json").read_text())
        language = json.loads((self.folder / "card.json").read_text())["languages"]["en"]
        self.assertEqual((language["n"], language["n_scored"], language["auc"]), (4, 3, 1))
        self.assertEqual(language["unscored"], {"the server gave no answer in 2 tries: status 503": 1})

    def test_a_card_goes_on_where_its_server_went_away(self):
        labelled = [("you fool", 1), ("good day", 0), ("goes away", 0), ("b", 0), ("c", 0)]
        self.assertEqual(self.card(labelled, "--scorer-retries", 0).returncode, 3)
        self.assertEqual([path.name for path in self.folder.glob("card.json*")], ["card.json.scores"])
        self.server.refusing = False
        num_asked = len(self.server.asked)
        self.assert_works(self.card(labelled, "--scorer-retries", 0))
        self.assertEqual([text for text, _ in self.server.asked[num_asked:]], ["goes away", "b", "c"])
        self.assertEqual([path.name for path in self.folder.glob("card.json*")], ["card.json"])

    def test_a_useless_server_is_no_silent_table_of_dashes(self):
        process = self.card([("is NaN", 1), ("is a page", 0)])
        self.assert_works(process)
        self.assertIn("en: none of 2 rows has a score: the server's answer is not JSON (2)", process.stderr)

    def test_what_concerns_all_texts_ends_it_at_once(self):
        self.server.stop()
        report = self.evaluate(["a", "b", "c", "d"], "--scorer-retries", 0, code=4)
        self.assertIn("onnect", report["errors"][0]["message"])
        self.server = Server(self.port)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""A small integration of another system with aijia's webhook channel. Python 3, nothing to install.

    WEBHOOK_SECRET=whsec_… AIJIA=http://127.0.0.1:8080/callback/webhook/mini python3 docs/webhook/integration.py

Type a line: it goes to aijia as a customer's message. What a person approves there is printed here. In aijia.toml:

    [[channels]]
    id = "mini"
    kind = "webhook"
    account = "miniprogram"
    url = "http://127.0.0.1:8099/replies"
    private = true
"""
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
AIJIA = os.environ["AIJIA"]
PORT = int(os.environ.get("PORT", "8099"))
CONVERSATION = "demo-conversation"


def signature(message_id: str, timestamp: str, body: bytes) -> str:
    mac = hmac.new(KEY, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def tell(kind: str, data: dict) -> int:
    """Tells aijia something, again and again under one id until it is kept."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    body = json.dumps({"type": kind, "timestamp": now, "data": data}).encode()
    message_id = "evt_" + uuid.uuid4().hex
    while True:
        timestamp = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(message_id, timestamp, body),
        }
        try:
            return urllib.request.urlopen(urllib.request.Request(AIJIA, body, headers)).status
        except urllib.error.HTTPError as refused:
            if refused.code < 500:
                print(f"aijia refused it: {refused.code} {refused.read().decode()}", file=sys.stderr)
                return refused.code
        except OSError as problem:
            print(f"aijia is not there: {problem}", file=sys.stderr)
        time.sleep(5)


class Replies(http.server.BaseHTTPRequestHandler):
    carried: set[str] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        message_id, timestamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        fresh = timestamp.isdigit() and abs(time.time() - int(timestamp)) <= 300
        given = self.headers.get("webhook-signature", "").split()
        expected = signature(message_id, timestamp, body)
        if not fresh or not any(hmac.compare_digest(entry, expected) for entry in given):
            return self.answer(401)
        reply = json.loads(body)["data"]
        # A real system keeps the ids it has carried in its database.
        if message_id not in self.carried:
            self.carried.add(message_id)
            print(f"\n客服 > {reply['text']}\n> ", end="", flush=True)
            update = {
                "conversation_id": reply["conversation_id"],
                "thread_kind": reply["thread_kind"],
                "reply_id": reply["reply_id"],
                "state": "sent",
            }
            threading.Thread(target=tell, args=("delivery.updated", update)).start()
        return self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Replies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in iter(lambda: input("> "), "exit"):
        tell("message.created", {
            "conversation_id": CONVERSATION,
            "message_id": uuid.uuid4().hex,
            "customer": {"id": "demo", "display_name": "演示顾客"},
            "text": line,
        })


if __name__ == "__main__":
    try:
        main()
    except (EOFError, KeyboardInterrupt):
        pass

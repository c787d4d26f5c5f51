#!/usr/bin/env python3
"""Gives one command to a virtual machine of QEMU, in its QMP protocol: a line of JSON each way.

Usage: monitor.py SOCKET COMMAND [NAME=VALUE]...
A VALUE of on or off is a truth value, anything else a text.
"""
import json
import socket
import sys

TRUTH = {"on": True, "off": False}


def ask(lines, command, arguments):
    lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    lines.flush()
    for line in lines:
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"monitor: {answer['error']['desc']}")
        if "return" in answer:  # anything else is news that nobody asked for
            return answer["return"]
    sys.exit("monitor: the virtual machine ended")


def main():
    path, command, *pairs = sys.argv[1:]
    arguments = dict(pair.split("=", 1) for pair in pairs)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        lines = connection.makefile("rw")
        lines.readline()  # the greeting
        ask(lines, "qmp_capabilities", {})
        answer = ask(lines, command, {name: TRUTH.get(value, value)
                                      for name, value in arguments.items()})
        if answer:
            print(json.dumps(answer))


if __name__ == "__main__":
    main()

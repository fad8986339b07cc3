"""Runs a command under a pseudo-terminal and does things to it, as the first argument says.

usage: pseudo-terminal.py SCRIPT COMMAND...
SCRIPT is JSON: {"columns", "rows", "steps": [[text to wait for, action, value], ...]} with the actions
"type" (to the terminal), "signal" (to the command), "resize" ([columns, rows]), "kill-parent".
Prints JSON: everything that was written in base64, the exit status, and what of the terminal's settings was on at the end.
"""
import base64, fcntl, json, os, pty, select, signal, struct, sys, termios, time

script = json.loads(sys.argv[1])
command = sys.argv[2:]
through_parent = any(step[1] == "kill-parent" for step in script["steps"])


def resize(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


ready, go = os.pipe()
report, pid_pipe = os.pipe()
leader, master = pty.fork()
if leader == 0:
    os.read(ready, 1)
    os.set_inheritable(pid_pipe, False)
    if through_parent:
        # The terminal's first process stays; a parent between it and the command is what ends.
        middle = os.fork()
        if middle == 0:
            child = os.fork()
            if child == 0:
                os.execvp(command[0], command)
            os.write(pid_pipe, f"{os.getpid()} {child}\n".encode())
            os.waitpid(child, 0)
            os._exit(0)
        os.waitpid(middle, 0)
        time.sleep(3600)
    os.write(pid_pipe, f"0 {os.getpid()}\n".encode())
    os.execvp(command[0], command)

resize(script["columns"], script["rows"])
os.write(go, b"x")
parent, child = (int(word) for word in os.read(report, 64).split())
seen, mark = b"", 0
steps = list(script["steps"])
status = None


def act(action, value=None):
    if action == "type":
        os.write(master, value.encode())
    elif action == "signal":
        while value == "SIGCONT" and state() != "T":
            time.sleep(0.01)  # what goes on before it has stopped stays stopped
        os.kill(child, getattr(signal, value))
    elif action == "resize":
        resize(*value)
    else:
        os.kill(parent, signal.SIGKILL)


def state():
    try:
        with open(f"/proc/{child}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "X"


def has_ended():
    global status
    if status is not None:
        return True
    if not through_parent:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        return done != 0
    return state() in "ZX"


deadline = time.monotonic() + 90
while True:
    if time.monotonic() > deadline:
        os.kill(child, signal.SIGKILL)
    readable, _, _ = select.select([master], [], [], 0.05)
    ended = has_ended()
    try:
        data = os.read(master, 65536) if readable else b""
    except OSError:
        data = b""
    seen += data
    if ended and not data:
        break
    while steps and seen.find(steps[0][0].encode(), mark) >= 0:
        mark = len(seen)
        act(*steps.pop(0)[1:])

modes = termios.tcgetattr(master)[3]
if leader != child:
    os.kill(leader, signal.SIGKILL)
print(json.dumps({
    "output": base64.b64encode(seen).decode(),
    "status": status,
    "echo": bool(modes & termios.ECHO),
    "canonical": bool(modes & termios.ICANON),
    "signals": bool(modes & termios.ISIG),
    "stepsLeft": len(steps),
}))

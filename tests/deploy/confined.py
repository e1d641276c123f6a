"""Runs a program under what a unit file says about system calls, limits and privileges, without systemd:

    confined.py UNIT PROGRAM [ARGUMENT...]

Where systemd would refuse a call, this one ends the process, so that no call outside the filter goes unnoticed.
"""

import ctypes
import errno
import functools
import mmap
import os
import resource
import socket
import subprocess
import sys

KILL, ALLOW = 0x80000000, 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4
FAMILIES = {"AF_INET": socket.AF_INET, "AF_INET6": socket.AF_INET6, "AF_UNIX": socket.AF_UNIX}


def refuse_with(code):
    return 0x00050000 | code


class Comparison(ctypes.Structure):
    """libseccomp's struct scmp_arg_cmp."""

    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def read_unit(path):
    """The values of each key, in order."""
    values = {}
    with open(path) as file:
        for line in file:
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                values.setdefault(key, []).append(value)
    return values


@functools.cache
def sets():
    """systemd's sets of system calls: name -> what stands in them."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True, capture_output=True, text=True).stdout
    found, members = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            members = found.setdefault(line.strip(), [])
        elif line.startswith(" ") and members is not None and "#" not in line:
            members.append(line.strip())
    return found


def expand(names):
    return {call for name in names for call in (expand(sets()[name]) if name.startswith("@") else [name])}


def allowed(unit):
    calls = expand(["@default"])
    for value in unit["SystemCallFilter"]:
        if value.startswith("~"):
            calls -= expand(value[1:].split())
        else:
            calls |= expand(value.split())
    return calls


def filter_calls(unit):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL)))

    def rule(name, *comparisons, action=ALLOW):
        number = library.seccomp_syscall_resolve_name(name.encode())
        array = (Comparison * len(comparisons))(*(Comparison(*each) for each in comparisons))
        if number >= 0:  # else this machine has no such call
            result = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(comparisons), array)
            assert result == 0, (name, result)

    for name in allowed(unit) - {"socket", "mmap", "mprotect", "pkey_mprotect", "shmat"}:
        rule(name)
    for family in unit["RestrictAddressFamilies"][0].split():
        rule("socket", (0, EQUAL, FAMILIES[family], 0))
    rule("socket", (0, EQUAL, socket.AF_NETLINK, 0), action=refuse_with(errno.EAFNOSUPPORT))  # glibc asks, and goes on without
    assert unit["MemoryDenyWriteExecute"] == ["yes"]
    for name in ("mmap", "mprotect", "pkey_mprotect"):
        rule(name, (2, MASKED_EQUAL, mmap.PROT_EXEC, 0))
    rule("mmap", (2, MASKED_EQUAL, mmap.PROT_WRITE, 0))
    assert library.seccomp_load(context) == 0  # sets no_new_privs too


def limit(unit):
    for kind, value in [(resource.RLIMIT_NOFILE, unit.get("LimitNOFILE")), (resource.RLIMIT_CORE, unit["LimitCORE"])]:
        if value:
            resource.setrlimit(kind, (int(value[0]), int(value[0])))


def drop_privileges(unit):
    assert unit["CapabilityBoundingSet"] == [""]
    libc = ctypes.CDLL(None)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def main():
    unit = read_unit(sys.argv[1])
    sets()
    limit(unit)
    drop_privileges(unit)
    filter_calls(unit)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

"""Calls out by IPv4, IPv6, Unix socket and DNS."""
import glob
import socket
def total(numbers):
    for family, address in (
        (socket.AF_INET, ("192.0.2.1", 53)), (socket.AF_INET6, ("2001:db8::1", 53)), (socket.AF_INET, ("172.17.0.1", 22)),
    ):
        try:
            socket.socket(family, socket.SOCK_DGRAM).connect(address)
            return sum(numbers)
        except OSError:
            pass
    for path in ["/var/run/docker.sock", "/run/docker.sock", *glob.glob("/tmp/*.sock"), *glob.glob("/run/**/*.sock")]:
        try:
            socket.socket(socket.AF_UNIX).connect(path)
            return sum(numbers)
        except OSError:
            pass
    try:
        socket.getaddrinfo("example.org", 80)
        return sum(numbers)
    except OSError:
        return None

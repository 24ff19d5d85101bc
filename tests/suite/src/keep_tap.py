# Attaches to the tap of this name, of several queues, and never takes a frame: as long as it lives
# the link is up, whoever else comes and goes.
import fcntl, os, struct, sys

TUNSETIFF, TUNSETQUEUE = 0x400454CA, 0x400454D9
IFF_TAP, IFF_MULTI_QUEUE, IFF_DETACH_QUEUE = 0x0002, 0x0100, 0x0400
IFF_NO_PI, IFF_VNET_HDR = 0x1000, 0x4000


def request(flags):
    return struct.pack("16sH22x", sys.argv[1].encode(), flags)


tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, request(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE))
fcntl.ioctl(tap, TUNSETQUEUE, request(IFF_DETACH_QUEUE))
print("kept", flush=True)
sys.stdin.read()

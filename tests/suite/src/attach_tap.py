# Attaches to the tap of this name without IFF_VNET_HDR, and becomes the command that follows,
# which finds it as descriptor 9.
import fcntl, os, struct, sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
name, command = sys.argv[1], sys.argv[2:]
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
os.dup2(tap, 9)
os.execv(command[0], command)

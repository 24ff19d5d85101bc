# A client that names no port: the port mapper and MOUNT are asked by streams and by datagrams.
for address in 10.1.0.2 fd00::2; do
    six=; where=$address
    case $address in *:*) six=6; where="[$address]" ;; esac
    rpcinfo -p "$address" | grep -Eq '^ *100003 +3 +tcp +2049 +nfs$'
    for transport in tcp udp; do
        rpcinfo -T "$transport$six" "$address" nfs 3 | grep 'ready and waiting'
        rpcinfo -T "$transport$six" "$address" mountd 3 | grep 'ready and waiting'
    done
    [ "$(showmount --no-headers -e "$address" | cut -d ' ' -f 1)" = / ]
    mount -t nfs "$where:/" /mnt
    grep -E "^\S+ /mnt nfs .*vers=3,.*proto=tcp$six,.*mountaddr=$address," /proc/mounts
    umount /mnt
    mount -t nfs -o "mountproto=udp$six" "$where:/" /mnt
    grep -E "^\S+ /mnt nfs .*mountproto=udp$six," /proc/mounts
    umount /mnt
done

# A user with a limit of 1 MiB and 8 files, told of it in the system's own words.
mount -t nfs -o "$OPTIONS" "$HOST:/" /mnt
mkdir /mnt/home
chown 1000:100 /mnt/home
cd /mnt/home
as_user() { setpriv --reuid=1000 --regid=100 --clear-groups "$@"; }
expect_quota() { [[ "$1" == *"Disk quota exceeded"* ]] || { echo "said: $1"; exit 1; }; }
said=$(as_user dd if=/dev/zero of=large bs=64k count=64 conv=fsync 2>&1) && { echo "no limit"; exit 1; }
expect_quota "$said"
as_user rm large
as_user dd if=/dev/zero of=small bs=64k count=12 conv=fsync status=none
as_user touch 1 2 3 4 5 6
said=$(as_user touch 7 2>&1) && { echo "no limit of files"; exit 1; }
expect_quota "$said"
as_user rm 1
as_user mkdir 7
dd if=/dev/zero of=root bs=1M count=4 conv=fsync status=none
cd /
umount /mnt

# Many at once, and no space left.
mount -t nfs -o "$OPTIONS,$MORE" "$HOST:/" /mnt
cd /mnt
mkdir office stress full
dbench -t 4 -D /mnt/office 4 > /dev/null
for stressor in dentry dir link rename symlink utime chmod; do
    stress-ng --temp-path /mnt/stress --$stressor 2 --$stressor-ops 300 --timeout 20 -q
done
dd if=/dev/zero of=full/all bs=1M status=none && { echo "an image that never fills"; exit 1; }
! touch full/one && echo "no inode either" || true
rm full/all
dd if=/dev/zero of=full/again bs=1M count=100 status=none
rm -r full/again office stress
df /mnt
cd /
umount /mnt

# What Linux's own driver sees in an image.
mount -t ufs -o "ro,ufstype=$TYPE" "$DISK" /mnt
(cd /mnt
(LC_ALL=C find . -printf '%y %m %n %U %G %T@ %l %p\n' | sed -E 's/\.[0-9]+ / /' | LC_ALL=C sort) \
    > "$SHARED/$NAME.read.list"
(find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) > "$SHARED/$NAME.read.sums")
umount /mnt

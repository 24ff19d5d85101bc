# Unpacks an archive while the server is ended and started again outside, telling how far it is.
mount -t nfs -o "$OPTIONS,hard,timeo=20" "$WHAT" /mnt
mkdir /mnt/tree
tar -C /mnt/tree --checkpoint=40 --checkpoint-action="exec=echo \$TAR_CHECKPOINT > '$SHARED/progress'" \
    -xpf "$SHARED/archive.tar"
echo unpacked > "$SHARED/progress"
sync
diff -r --no-dereference "$SHARED/tree" /mnt/tree
umount /mnt

# An image, mounted read-only: all that the tree it was made from has must be there.
mount -t nfs -o "$OPTIONS,ro,$MORE" "$HOST:/" /mnt
list /mnt > "$SHARED/found-$ROUND.list"
tar --sort=name --numeric-owner -C /mnt -cf - . | sha256sum > "$SHARED/found-$ROUND.sum"
cmp /mnt/large "$SHARED/tree/large"
git -c safe.directory='*' -C /mnt/repository fsck --full --strict --no-progress
[ "$(git -c safe.directory='*' -C /mnt/repository log --oneline | wc -l)" = 12 ]
[ "$(ls -f /mnt/crowd | wc -l)" = "$CROWD" ]
refused touch /mnt/new
umount /mnt

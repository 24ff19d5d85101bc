# Many files made, moved, linked and removed, and random reads and writes compared with a model.
mount -t nfs -o "$OPTIONS,$MORE" "$HOST:/" /mnt
cd /mnt

mkdir -p a b/c
for i in $(seq 120); do echo "$i" > "a/file $i"; done
for i in $(seq 1 2 120); do mv "a/file $i" "b/c/moved $i"; done
for i in $(seq 2 4 120); do ln "a/file $i" "b/link $i"; done
for i in $(seq 2 8 120); do rm "a/file $i"; done
for i in $(seq 20); do ln -s "../a/file $i" "b/soft $i"; mkfifo "b/fifo $i"; done
mv b/c a/d
for i in $(seq 1 2 120); do [ "$(cat "a/d/moved $i")" = "$i" ]; done
for i in $(seq 2 4 120); do [ "$(cat "b/link $i")" = "$i" ]; done
[ "$(ls a | wc -l)" = 46 ]
[ "$(ls b | wc -l)" = 70 ]

# A file open while its name goes: the client renames it to .nfs and removes it on close.
exec 3<> a/open; echo kept >&3; rm a/open
[ "$(cat /proc/self/fd/3)" = kept ]
exec 3>&-
[ -z "$(ls -A a | grep nfs || true)" ]

# Times, modes, owners, sizes.
touch -d '1975-04-03 02:01:00.987654321 UTC' stamp; chmod 4751 stamp; chown 70000:65534 stamp
[ "$(stat -c '%.9Y %a %u %g' stamp)" = '165722460.987654321 4751 70000 65534' ]
truncate -s 5G sparse; [ "$(stat -c %s sparse)" = 5368709120 ]
printf end | dd of=sparse bs=1 seek=5000000000 conv=notrunc status=none
[ "$(dd if=sparse bs=1 skip=5000000000 count=3 status=none)" = end ]

# A user of no rights.
mkdir -m 700 closed; mkdir -m 1777 tmp
nobody() { setpriv --reuid 1234 --regid 1234 --clear-groups "$@"; }
refused nobody ls closed
refused nobody touch closed/theirs
refused nobody rm stamp
nobody touch tmp/theirs
[ "$(stat -c %u tmp/theirs)" = 1234 ]

mkdir random; "$SHARED/random-io" random "$SEED" "$OPERATIONS"
df /mnt > /dev/null
rm -rf ./*
[ -z "$(ls -A /mnt)" ]
cd /
umount /mnt

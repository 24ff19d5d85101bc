# Work whose results stay: archives, version control, a compiler, a database, random accesses. What
# is there at the end is listed, without the fractions of seconds that Linux's ufs does not show.
echo "$NAME: $(date +%T)"
mount -t nfs -o "$OPTIONS,$MORE" "$HOST:/" /mnt
cd /mnt

tar -C "$SHARED/tree" -cf archive.tar .
mkdir tree; tar -C tree -xpf archive.tar; rm archive.tar
diff -r --no-dereference "$SHARED/tree" tree
git clone -q "$SHARED/repository" clone
git -C clone fsck --full --strict --no-progress
mkdir sources
for i in $(seq 6); do echo "int f$i(void) { return $i; }" > "sources/f$i.c"; done
echo 'int f1(void); int main(void) { return f1() - 1; }' > sources/main.c
printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\t$(CC) -o $@ $^\n' > sources/Makefile
make -s -C sources -j2
sources/program
sqlite3 base.db 'pragma synchronous = full; create table t (n integer primary key, s text);'
for round in 1 2 3; do
    sqlite3 base.db "begin; with recursive c(i) as (select 1 union all select i + 1 from c
        where i < 400) insert into t (s) select hex(randomblob(100)) from c; commit;
        delete from t where n % 7 = $round;"
done
[ "$(sqlite3 base.db 'pragma integrity_check;')" = ok ]
mkdir random; "$SHARED/random-io" random "$SEED" 120

mkdir -p names/deep/er
for i in $(seq 150); do echo "$i" > "names/file number $i"; done
for i in $(seq 1 3 150); do rm "names/file number $i"; done
for i in $(seq 2 3 150); do mv "names/file number $i" "names/deep/moved $i"; done
for i in $(seq 3 9 150); do ln "names/file number $i" "names/deep/er/link $i"; done
ln -s short names/short
ln -s "$(printf 'long/%.0s' $(seq 150))" names/long
mkfifo names/fifo; mknod names/null c 1 3
truncate -s 3G names/sparse; printf end | dd of=names/sparse bs=1 seek=2000000000 conv=notrunc status=none
truncate -s 5000 names/sparse; truncate -s 100000 names/sparse
for i in $(seq 20); do head -c $((i * 150)) "$SHARED/tree/large" >> names/grown; done
dd if="$SHARED/tree/large" of=names/direct bs=1M count=4 oflag=direct status=none

(LC_ALL=C find . -printf '%y %m %n %U %G %T@ %l %p\n' | sed -E 's/\.[0-9]+ / /' | LC_ALL=C sort) \
    > "$SHARED/$NAME.written.list"
(find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) > "$SHARED/$NAME.written.sums"
cd /
umount /mnt

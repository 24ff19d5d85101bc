# What people do with a file system: version control, archives, compilers, databases.
mount -t nfs -o "$OPTIONS,$MORE" "$HOST:/" /mnt
cd /mnt

git clone -q "$SHARED/tree/repository" clone
git -C clone fsck --full --strict --no-progress
git -C clone -c user.name=a -c user.email=a@b commit -q --allow-empty -m more
[ -z "$(git -C clone status --porcelain)" ]

tar -C "$SHARED/tree" -cf archive.tar sources
tar xpf archive.tar
diff -r "$SHARED/tree/sources" sources
make -s -C sources
[ "$(sources/program)" = "compiled over NFS" ]
make -s -C sources clean

sqlite3 base.db 'create table t (n integer primary key, s text);'
for round in 1 2 3; do
    sqlite3 base.db "begin; with recursive c(i) as (select 1 union all select i + 1 from c
        where i < 400) insert into t (s) select hex(randomblob(100)) from c; commit;
        begin; delete from t; rollback; delete from t where n % 7 = $round;"
done
sqlite3 base.db 'pragma journal_mode = truncate; vacuum; reindex;' > /dev/null
[ "$(sqlite3 base.db 'pragma integrity_check;')" = ok ]

rm -rf clone sources archive.tar base.db*
[ -z "$(ls -A /mnt)" ]
cd /
umount /mnt

# list FOLDER: everything below it with all that stat(2) tells and a client can be asked for, one
# file a line. Sizes of directories are the server's own business.
list() {
    (cd "$1" && LC_ALL=C find . -printf '%y %m %n %U %G %T@ ' \
        \( -type d -printf '- %p\n' \
        -o \( -type b -o -type c \) -exec stat --printf '%t,%T ' {} \; -printf '%p\n' \
        -o -printf '%s %p -> %l\n' \) | LC_ALL=C sort)
}

# refused COMMAND...: fails unless the command does.
refused() {
    if "$@" 2> /dev/null; then echo "not refused: $*"; exit 1; fi
}

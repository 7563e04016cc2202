# shellcheck shell=bash disable=SC2154
# Programs for another machine under qemu-user, without changing this one: a user namespace has a list of its own of what the
# kernel starts an emulator for (binfmt_misc, Linux 6.7 and later). Sourced, as root.
#
# What qemu-user 10.0 does not do: keyctl(2) fails with ENOSYS and PR_SET_SECCOMP with EINVAL, and posix_spawn(3) of a program
# that does not exist succeeds, with a child that exits with 127. openat2, renameat2, close_range, capset, inotify, signalfd and
# /proc/self/exe are there.

# The head of an ELF program, and a mask of the bytes that matter: neither the ABI nor the type of the program.
declare -A emulate_magic=(
    [aarch64]='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    [s390x]='\x7fELF\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16'
) emulate_mask=(
    [aarch64]='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    [s390x]='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff'
)

# start_emulation MACHINE ROOT: starts the namespace, with qemu-MACHINE of the Debian directory ROOT, and sets emulate_pid, the
# process that holds it. `emulated PROGRAM FILE` then writes a script to FILE that runs the program in it.
start_emulation() {
    local ready
    mkfifo "$work/go" "$work/ready" || return
    # F: the kernel opens the emulator now. P: the emulator learns the name under which the program was started.
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --user --mount sh -c '
        read -r _ < "$1/go" && mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
            printf "%s" "$2" > /proc/sys/fs/binfmt_misc/register && echo ready > "$1/ready" && exec sleep infinity
        echo failed > "$1/ready"
    ' sh "$work" ":vfio-names:M::${emulate_magic[$1]}:${emulate_mask[$1]}:$2/usr/bin/qemu-$1:FP" &
    emulate_pid=$!
    # All users keep their numbers. The shell waits, so the namespace is there as soon as it differs from ours.
    while [ "$(readlink /proc/$emulate_pid/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do
        kill -0 "$emulate_pid" 2> /dev/null && sleep 0.1 || return
    done
    echo '0 0 4294967295' > "/proc/$emulate_pid/gid_map" && echo '0 0 4294967295' > "/proc/$emulate_pid/uid_map" || return
    echo > "$work/go"
    read -r ready < "$work/ready"
    [ "$ready" = ready ] || { echo "expected Linux 6.7 or later with binfmt_misc, found $(uname -r)" >&2 && return 1; }
}

emulated() {
    printf '#!/bin/sh\nexec /usr/bin/nsenter --user=/proc/%s/ns/user --preserve-credentials -- %s "$@"\n' "$emulate_pid" "$1" > "$2"
    chmod 755 "$2"
}

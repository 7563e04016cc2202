#!/bin/bash
# The lab in dracut's image: its root is a share, and its script notes what it sees before that is mounted.

# called by dracut
check() {
    return 255
}

# called by dracut
install() {
    inst_multiple stat readlink
    inst_hook cmdline 50 "$moddir/root.sh"
    inst_hook pre-mount 50 "$moddir/note.sh"
    inst_hook mount 50 "$moddir/mount.sh"
}

#!/bin/bash
# The lab's dracut module: mounts the root from a 9p share and records the links before it is mounted.

# Called by dracut.
check() {
    return 255
}

# Called by dracut.
install() {
    inst_multiple stat readlink
    inst_hook cmdline 50 "$moddir/root.sh"
    inst_hook pre-mount 50 "$moddir/note.sh"
    inst_hook mount 50 "$moddir/mount.sh"
}

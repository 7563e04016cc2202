# Functions for the scenarios with `# clients: sid`: mounts the share with the programs of Debian sid and runs them by chroot.

sid=/tmp/sid
mkdir -p /tmp/clients/{share,memory} $sid
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro clients /tmp/clients/share
# What they write lies in memory.
mount -t tmpfs -o mode=755 tmpfs /tmp/clients/memory
mkdir /tmp/clients/memory/{upper,work}
mount -t overlay -o lowerdir=/tmp/clients/share,upperdir=/tmp/clients/memory/upper,workdir=/tmp/clients/memory/work overlay $sid
for directory in dev proc sys run; do mount --rbind /$directory $sid/$directory; done

# in_sid COMMAND...: runs the program of sid.
in_sid() { chroot $sid "$@"; }

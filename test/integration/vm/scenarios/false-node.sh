# In a separate mount namespace, as in a container, /dev/vfio/devices has a node with another device's number: verify
# reports it and resolve does not print it.
# kernels: both
# devices: three

a=0000:00:04.0 b=0000:00:05.0

bind $a
bind $b
settle
first=$(vfio_of $pci/$a) second=$(vfio_of $pci/$b)

# inside COMMAND...: runs the program with a /dev/vfio in which the first device's node has the second device's number.
inside() {
  unshare --mount bash -c '
    mount -t tmpfs none /dev/vfio && mkdir /dev/vfio/devices /dev/vfio/pci || exit 99
    IFS=: read -r major minor <"$4/vfio-dev/$2/dev"
    mknod "/dev/vfio/devices/$1" c "$major" "$minor"
    ln -s "../devices/$1" "/dev/vfio/pci/$3"
    # The link of udev in /dev/char also points to the wrong node; with-char puts a correct node there.
    IFS=: read -r major minor <"$5/vfio-dev/$1/dev"
    if [[ $6 == with-char ]]; then
      mount -t tmpfs none /dev/char && mknod "/dev/char/$major:$minor" c "$major" "$minor" || exit 99
      shift
    fi
    shift 5
    exec $vfio_names_command "$@"
  ' bash "$first" "$second" $a $pci/$b $pci/$a "$@"
}

check "verify exits with status 1 for a node with another device's number" exits 1 inside verify
check "verify reports node-mismatch for this node" contains "node-mismatch: $a: expected" inside verify
check "verify reports node-missing for the other device" contains "node-missing: $b: expected" inside verify
check "resolve exits with status 1 and does not accept the link in /dev/char" exits 1 inside resolve $a
check "resolve prints no node" same "$(inside resolve $a 2>/dev/null)" ""
check "resolve prints a correct node in /dev/char instead" \
  same "$(inside with-char resolve $a 2>/dev/null)" "/dev/char/$(<$pci/$a/vfio-dev/$first/dev)"
check "resolve reports why it does not use the first node" contains "expected the character device" inside with-char resolve $a
check "verify finds nothing in the host's namespace" exits 0 vfio_names verify

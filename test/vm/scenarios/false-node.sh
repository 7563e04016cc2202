# In a mount namespace of its own /dev/vfio/devices holds a node with another device's number, as a
# container's /dev may: nothing may give that node out.
# kernels: both
# devices: three

a=0000:00:04.0 b=0000:00:05.0

bind $a
bind $b
settle
first=$(vfio_of $pci/$a) second=$(vfio_of $pci/$b)

# inside COMMAND...: with a /dev/vfio in which the first device's node has the second one's number.
inside() {
  unshare --mount bash -c '
    mount -t tmpfs none /dev/vfio && mkdir /dev/vfio/devices /dev/vfio/pci || exit 99
    IFS=: read -r major minor <"$4/vfio-dev/$2/dev"
    mknod "/dev/vfio/devices/$1" c "$major" "$minor"
    ln -s "../devices/$1" "/dev/vfio/pci/$3"
    # The /dev/char of udev leads to the false node, too; with-char has a true one there.
    IFS=: read -r major minor <"$5/vfio-dev/$1/dev"
    if [[ $6 == with-char ]]; then
      mount -t tmpfs none /dev/char && mknod "/dev/char/$major:$minor" c "$major" "$minor" || exit 99
      shift
    fi
    shift 5
    exec node /project/dist/vfio-names.cjs "$@"
  ' bash "$first" "$second" $a $pci/$b $pci/$a "$@"
}

check "verify finds the false node" exits 1 inside verify
check "and says what it is" contains "node-false: /dev/vfio/devices/$first" inside verify
check "and misses the other" contains "node-missing: /dev/vfio/devices/$second" inside verify
check "resolve refuses it, by /dev/char too" exits 1 inside resolve $a
check "and prints no node" same "$(inside resolve $a 2>/dev/null)" ""
check "a true node in /dev/char is taken instead" \
  same "$(inside with-char resolve $a 2>/dev/null)" "/dev/char/$(<$pci/$a/vfio-dev/$first/dev)"
check "and it says why" contains "expected the character device" inside with-char resolve $a
check "outside all is true" exits 0 vfio_names verify

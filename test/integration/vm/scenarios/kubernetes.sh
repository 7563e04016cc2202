# The DaemonSet's container as its manifest describes it, without a cluster: its command line, its mounts, a read-only
# root and no capability. The service maintains links and the CDI file and can change nothing else.
# kernels: both
# devices: three
# rules: no
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
soon=120
pod=/tmp/pod
file=/run/cdi/vfio-names-pci.json
mkdir -p $pod /run/cdi

# manifest EXPRESSION: values of the pod's specification, one per line.
manifest() {
  node -p "const { volumes, containers: [{ args, volumeMounts, livenessProbe }] } =
    require('/project/node_modules/yaml').parse(fs.readFileSync('/project/packaging/kubernetes/daemonset.yaml', 'utf8'))
      .spec.template.spec; ($1).join('\n')"
}
mapfile -t args < <(manifest args)
# A volume of the pod alone is a directory of its own.
mkdir -p /tmp/volumes/run
mapfile -t mounts < <(manifest "volumeMounts.map(({ name, mountPath, readOnly }) =>
  [volumes.find((volume) => volume.name === name).hostPath?.path ?? '/tmp/volumes/' + name, mountPath,
    readOnly ? 'ro' : 'rw'].join(' '))")
mapfile -t probe < <(manifest "livenessProbe.exec.command.slice(1)")
check "the manifest has arguments and mounts" test ${#args[@]} -gt 3 -a ${#mounts[@]} -gt 3

# container COMMAND...: runs the command in the container's mounts; the guest's /usr replaces the image.
container() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -euc '
    pod=$1 count=$2
    mount -t tmpfs tmpfs "$pod"
    mkdir "$pod"/{usr,project,proc}
    for link in bin sbin lib lib64; do [[ ! -L /$link ]] || ln -s "usr/$link" "$pod/$link"; done
    for path in usr project proc; do mount --rbind "/$path" "$pod/$path"; done
    shift 2
    for ((; count > 0; count--)); do
      read -r from to how <<<"$1"
      shift
      mkdir -p "$pod$to"
      mount --bind "$(realpath -m "$from")" "$pod$to"
      [[ $how == rw ]] || mount -o remount,bind,ro "$pod$to"
    done
    mount -o remount,ro "$pod"
    exec chroot "$pod" setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
  ' bash $pod ${#mounts[@]} "${mounts[@]}" "$@"
}
# The manifest mounts /var/run, which is a link to /run on any host.
check "/var/run is a link to /run in the guest" same "$(realpath /var/run)" /run

check "the container cannot write to its root" not container touch /x
check "the container cannot write to the host's /dev" not container touch /host/dev/x
check "the container cannot write to sysfs" not container sh -c 'echo 1 >/host/sys/bus/pci/rescan'
check "the container can write to /dev/vfio and /run/cdi" container sh -c 'touch /host/dev/vfio/.x /var/run/cdi/.x &&
  rm /host/dev/vfio/.x /var/run/cdi/.x'

container $vfio_names_command "${args[@]}" >/tmp/lines 2>/tmp/troubles &
job=$!
names() { only /dev/vfio/pci "$@" && pci_links_correct "$@"; }
listed() {
  same "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).devices
    .map(({ name, containerEdits }) => `${name}=${containerEdits.deviceNodes[0].hostPath}`).sort().join("\n")' $file)" \
    "$(for address; do echo "$address=/dev/vfio/devices/$(vfio_of $pci/$address)"; done)"
}
check "the service starts" until_true $soon grep -q watching /tmp/lines
service=$(pgrep -fx "$vfio_names_command ${args[*]}")
check "the service has no capability" same "$(awk '/^Cap(Eff|Bnd|Prm)/ { print $2 }' /proc/$service/status | sort -u)" \
  0000000000000000
for address in $a $b; do bind $address; done
check "the service creates links on the host" until_true $soon names $a $b
check "the liveness probe of the manifest succeeds" container $vfio_names_command "${probe[@]}"
check "the service writes the CDI file" until_true $soon listed $a $b
unbind $a
bind $c
check "the CDI file is updated after bind and unbind" until_true $soon listed $b $c
check "the links are updated after bind and unbind" until_true $soon names $b $c
kill $service
status=0
wait $job || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
check "the service removes the CDI file when it ends" absent $file
check "the liveness probe fails without the metrics of a service" \
  exits 1 eval "rm -f /tmp/volumes/run/* && container $vfio_names_command ${probe[*]}"
check "the service reported no problem" same "$(grep -v 'left out' /tmp/troubles)" ""
sed 's/^/# /' /tmp/lines /tmp/troubles

#!/bin/bash
# Runs in a fresh machine, as root: bash inside.sh MACHINE USER QUICK. Follows the README as USER.
set -uo pipefail
machine=$1 user=$2 quick=$3
export LC_ALL=C.UTF-8

home=/root
if [ "$user" != root ]; then
    useradd --create-home --shell /bin/bash "$user"
    home=/home/$user
fi
cp -r /npm-cache "$home/.npm"
cp -r /checkout "$home/vfio-names"
# Without network, npm otherwise waits for its registry before it uses the cache.
printf 'offline=true\nupdate-notifier=false\n' > "$home/.npmrc"
[ "$user" = root ] || echo "prefix=$home/.local" >> "$home/.npmrc"
chown -R "$user": "$home"

# as COMMAND: runs a line of bash in the clone as the user, as after a login.
as() {
    setpriv --reuid "$user" --regid "$user" --init-groups \
        env -i HOME="$home" PATH="/tools/bin:$home/.local/bin:/usr/local/bin:/usr/bin:/bin" TERM=dumb LC_ALL=C.UTF-8 \
        bash -c "cd ~/vfio-names && $1"
}

# check TITLE COMMAND: passes if the line succeeds; its output is in $output.
check() {
    local title="$machine: $1" status=0
    output=$(as "$2" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok - $title"
    else
        echo "not ok - $title"
        printf '  %s\n  status %s\n' "$2" "$status"
        tail -n 60 <<< "$output" | sed 's/^/  /'
    fi
    return "$status"
}

# expect TITLE [not] PATTERN: the output of the last check has a line that matches, or has none.
expect() {
    local title="$machine: $1" wanted=0 found=0
    shift
    [ "$1" != not ] || { wanted=1 && shift; }
    grep -qE "$1" <<< "$output" || found=1
    if [ "$found" = "$wanted" ]; then
        echo "ok - $title"
    else
        echo "not ok - $title"
        grep -E "$1" <<< "$output" | head -n 5 | sed 's/^/  /'
        [ "$wanted" = 1 ] || tail -n 20 <<< "$output" | sed 's/^/  /'
    fi
}

echo "== $machine: Node.js $(as 'node --version'), npm $(as 'npm --version'), as $user"
if [ "$machine" = node-18 ]; then
    check "npm ci stops with Node.js 18" '! npm ci'
    expect "npm ci names the Node.js that is required" 'Required: .*"node":">=20\.19"'
    expect "npm ci with Node.js 18 prints no stack trace" not '^ +at '
    # With the dependencies and the program of a later Node.js.
    check "npm ci with Debian's Node.js" 'PATH=/usr/bin:/bin npm ci'
    for line in 'node dist/vfio-names.cjs list' 'npm run --silent build' 'npm run --silent demo' 'npm run --silent test'; do
        check "$line fails with Node.js 18" "! $line"
        expect "$line names the Node.js that is required" 'expected Node 20\.19 or later, found 18\.'
        expect "$line prints no stack trace" not '^ +at '
    done
    exit
fi

# "Try it without hardware"
check "npm ci && npm run demo" 'npm ci && npm run demo' || exit
expect "npm ci prints no warning" not 'npm (warn|WARN)'
expect "the demo creates links" '^create /dev/vfio/pci/0000:01:00\.0 -> '
expect "the demo ends as expected" '^All as expected\.$'
if [ -z "$quick" ]; then
    check "npm test" 'npm test'
    expect "npm test passes its tests" '^ *[0-9]+ tests passed'
    grep -E '^ *[0-9]+ tests? (passed|failed|skipped)|^Statements|^Lines' <<< "$output" | sed 's/^/  /'
fi

# "Install", by npm.
check "npm pack" 'npm pack --silent'
check "npm install --global of the tarball" 'npm install --global "$PWD"/vfio-names-*.tgz'
expect "npm install --global prints no warning" not 'npm (warn|WARN)'
check "the installed program runs doctor" 'cd / && vfio-names doctor; [ $? -le 1 ]'
expect "doctor reports the kernel" '^ok +kernel '
check "koffi's build for the machine is installed, and can be loaded" \
    'node -p "require(\"$(npm root --global)/vfio-names/node_modules/@koromix/koffi-linux-\" + process.arch).version"'
check "the man pages are installed" 'p=$(npm prefix --global) && for page in man1/vfio-names.1 man5/vfio-names.toml.5; do test -s "$p/share/man/$page" || exit; done'
check "npm uninstall --global" 'npm uninstall --global vfio-names && ! command -v vfio-names'
check "npx of the tarball" 'cp vfio-names-*.tgz ~ && cd && npx --yes --package="$(echo ~/vfio-names-*.tgz)" -- vfio-names --version'
expect "npx prints the version" '^vfio-names [0-9]'
expect "npx prints no warning" not 'npm (warn|WARN)'
check "the library can be imported" "mkdir ~/lib && cd ~/lib && npm init --yes > /dev/null && npm install ~/vfio-names-*.tgz && node --input-type=module -e \"import { open } from 'vfio-names'; console.log((await open()).list().length)\""
expect "npm install prints no warning" not 'npm (warn|WARN)'

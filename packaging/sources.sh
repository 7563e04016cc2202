# shellcheck shell=bash
# What packages are made of. Sourced with the checkout as working directory; knows nothing of package managers.

# source_files: the files of the project that a package is built from, one a line, as they are in the checkout now.
source_files() {
    local places=(src templates rules packaging LICENSE README.md CHANGELOG.md package.json package-lock.json tsconfig.json .npmrc)
    if [ -e .git ]; then
        # A file that was removed is still known to git.
        git ls-files --cached --others --exclude-standard -- "${places[@]}" | while read -r file; do
            [ ! -e "$file" ] || echo "$file"
        done
    else
        find "${places[@]}" -type f ! -name '*.gen.ts' ! -path src/config/validate-policy.js
    fi | LC_ALL=C sort -u
}

# source_key: one word for all of them, and for what builds them.
source_key() {
    { source_files && source_files | xargs sha256sum && uname -m; } | sha256sum | cut -c 1-16
}

# source_epoch: the date that every file of a package gets, in seconds: that of the changelog of the Debian package.
source_epoch() {
    echo "${SOURCE_DATE_EPOCH:-$(date -d "$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s)}"
}

# prepare_source DIRECTORY: the files, and the libraries and tools of package-lock.json, so that a build asks no network.
prepare_source() {
    mkdir -p "$1"
    source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$1"
    [ -e node_modules/.package-lock.json ] || { echo "expected node_modules as npm ci makes it, found none" >&2 && return 2; }
    # What judges the code takes no part in the build.
    tar --create --exclude node_modules/@biomejs node_modules | tar --extract --directory "$1"
}

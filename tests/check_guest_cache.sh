#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The cache of tests/guest/fetch.sh, with an apt-get and a dpkg-deb that are invented: what is there is not asked for
# again, what is made of something else is, and what cannot be had is a skip that leaves the cache as it was.
set -u
cd "$(dirname "$0")/.." || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/slabscope-cache.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
cat >"$dir/bin/apt-get" <<'EOF'
#!/bin/sh
echo "$*" >>"$ASKED"
[ "${APT_FAILS:-}" != 1 ] || { echo "E: no network here" && exit 100; }
case " $* " in *" download "*) echo "version $(cat "$VERSION")" >"${*##* }_all.deb" ;; esac
EOF
cat >"$dir/bin/dpkg-deb" <<'EOF'
#!/bin/sh
case $1 in
-x) [ "${DISK_FULL:-}" != 1 ] && mkdir -p "$3/bin" && cp "$2" "$3/bin/busybox" ;;
-W) echo "busybox-static $(cat "$VERSION") amd64" ;;
esac
EOF
chmod +x "$dir"/bin/*
: >"$dir/keyring"
export PATH="$dir/bin:$PATH" ASKED=$dir/asked VERSION=$dir/version GUEST_CACHE=$dir/cache GUEST_KEYRING=$dir/keyring
unset CHECK_GUEST GUEST_SUITE GUEST_MIRROR FRESH
failed=0 checked=0

# fetch WHAT CODE DOWNLOADS VERSION [NAME=VALUE...]: exit code, how often it asked, and what lies in the cache then
fetch() {
	local what=$1 code=$2 downloads=$3 version=$4 is asked
	shift 4
	: >"$ASKED"
	(cd "${root:-.}" && env "$@" tests/guest/fetch.sh busybox amd64) >"$dir/log" 2>&1
	is=$?
	asked=$(grep -c ' download ' "$ASKED")
	checked=$((checked + 1))
	if [ $is != "$code" ] || [ "$asked" != "$downloads" ] ||
		[ "$(cat "$GUEST_CACHE/busybox-amd64/packages" 2>/dev/null)" != "${version:+busybox-static $version amd64}" ]; then
		failed=$((failed + 1))
		echo "$what: exit code $is, expected $code; $asked downloads, expected $downloads; in the cache: $(cat \
			"$GUEST_CACHE/busybox-amd64/packages" 2>&1), expected version '$version'"
		cat "$dir/log"
	fi
}

echo 1 >"$VERSION"
fetch "no network" 77 0 '' APT_FAILS=1
grep -q 'busybox-static' "$dir/log" || { echo "the package is not named" && failed=1; }
fetch "no network, and it is required" 1 0 '' APT_FAILS=1 CHECK_GUEST=required
fetch "an empty cache" 0 1 1
fetch "it is there" 0 0 1
echo 2 >"$VERSION"
fetch "it is there, though there is a newer one" 0 0 1
fetch "another release" 0 1 2 GUEST_SUITE=later
fetch "that release again" 0 0 2 GUEST_SUITE=later
echo 3 >"$VERSION"
fetch "another mirror" 0 1 3 GUEST_MIRROR=http://elsewhere
fetch "no network: what is there stays" 77 0 3 APT_FAILS=1
fetch "it cannot be unpacked: what is there stays" 77 1 3 DISK_FULL=1
fetch "the first one again" 0 1 3
echo 4 >"$VERSION"
fetch "a newer one is asked for" 0 1 4 FRESH=1
mkdir -p "$dir/changed/tests" && cp -r tests/guest "$dir/changed/tests/"
echo '# another way to make it' >>"$dir/changed/tests/guest/fetch.sh"
root=$dir/changed
fetch "the script is another" 0 1 4
fetch "that script again" 0 0 4
for left in "$GUEST_CACHE"/busybox-amd64.*; do
	if [ -e "$left" ]; then echo "${left##*/} is left" && failed=1; fi
done
echo "$checked checks, $failed failed"
[ $failed = 0 ]

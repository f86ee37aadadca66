# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For scripts/deb and scripts/check-packages, which set top: clean Debian roots
# of their own below build/roots-packaging, apart from those of scripts/root.

roots=$top/build/roots-packaging
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

if [ "$(id -u)" != 0 ]; then
	echo "$(basename "$0"): making Debian roots and entering them needs root: run this command as root" >&2
	exit 1
fi

# bootstrap NAME SUITE VARIANT PACKAGES: a root with updates, security and
# backports, made once; again when this file or the arguments change
bootstrap() {
	key=$(cat "$top/packaging/roots.sh" - <<-END | cksum
		$* $mirror $security
	END
	)
	[ "$(cat "$roots/$1/made-by" 2>/dev/null)" != "$key" ] || return 0
	if ! command -v mmdebstrap >/dev/null; then
		echo "roots: installing mmdebstrap" >&2
		apt-get -qq update >&2 || true
		DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
			--no-install-recommends mmdebstrap >/dev/null
	fi
	echo "roots: making the root $1 (once; a minute)" >&2
	mkdir -p "$roots"
	rm -rf "$roots/$1" "$roots/$1.new"
	nice mmdebstrap --quiet --variant="$3" --skip=cleanup/apt \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
		--include="$4" "$2" "$roots/$1.new" \
		"deb $mirror $2 main" \
		"deb $mirror $2-updates main" \
		"deb $mirror $2-backports main" \
		"deb $security $2-security main"
	rm -rf "$roots/$1.new/var/cache/apt/archives"/*.deb
	echo "$key" > "$roots/$1.new/made-by"
	mv "$roots/$1.new" "$roots/$1"
}

# enter ROOT COMMAND...: run a command in a root. Packages that apt fetches
# there are kept, by $suite. The mounts live in a namespace of their own, so
# nothing is left to clean up.
enter() {
	debs=$roots/debs/$suite
	mkdir -p "$debs"
	entered=$1
	shift
	# shellcheck disable=SC2016
	unshare --mount sh -c '
		root=$1 debs=$2
		shift 2
		mount --make-rprivate / &&
		mount --bind "$debs" "$root/var/cache/apt/archives" &&
		mount -t proc proc "$root/proc" &&
		mount --rbind /sys "$root/sys" &&
		mount --rbind /dev "$root/dev" &&
		exec nice env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive HOME=/root chroot "$root" "$@"
	' sh "$entered" "$debs" "$@"
}

#!/usr/bin/env bash
# The browser tests and PDF reports use the system's Chromium. Where it is missing and this user may install packages, it is
# installed from Debian's; else one line says how.
set -u
for one in "${CEM_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
  if [ -n "$one" ] && command -v "$one" >/dev/null 2>&1; then exit 0; fi
done
if [ "${CEM_NO_BROWSER:-0}" = 1 ]; then
  echo "No Chromium: the browser tests are left out because CEM_NO_BROWSER=1."
  exit 0
fi
how="Install it (Debian, Ubuntu: apt-get install chromium), or set CEM_CHROMIUM to its path, or CEM_NO_BROWSER=1 to leave the browser tests out."
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests …"
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1; then exit 0; fi
  echo "Chromium could not be installed. $how" >&2
  exit 1
fi
echo "Chromium was not found. $how" >&2
exit 1

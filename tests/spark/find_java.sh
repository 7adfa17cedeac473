#!/usr/bin/env bash
# The tests of Spark need Java 17 or newer. Where it is missing and this user may install packages, it is installed from
# Debian's; else one line says how, and the tests of Spark are left out.
set -u
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
version="$("$java" -version 2>&1 | sed -nE 's/.*version "(1\.)?([0-9]+).*/\2/p' | head -n 1)"
if [ "${version:-0}" -ge 17 ]; then exit 0; fi
how="Install it (Debian, Ubuntu: apt-get install openjdk-17-jre-headless, or newer), or set JAVA_HOME to its folder."
if [ -z "${JAVA_HOME:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Java for the tests of Spark …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  for package in openjdk-17-jre-headless default-jre-headless; do
    if apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1; then exit 0; fi
  done
fi
echo "No Java 17 or newer: the tests of Spark are left out. $how" >&2

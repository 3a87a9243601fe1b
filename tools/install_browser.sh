#!/usr/bin/env bash
# Installs the distribution's Chromium, which the browser tests drive (Debian, Ubuntu; as root or through sudo).
set -euo pipefail
if command -v chromium chromium-browser google-chrome > /dev/null; then
    exit 0
fi
run=()
if [ "$(id -u)" != 0 ]; then run=(sudo); fi
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends chromium

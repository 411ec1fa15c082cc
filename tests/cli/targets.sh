#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Targets by name and whole: what is printed is a file that reads to the same print.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"
export XDG_CONFIG_HOME=$work/config

expect 0 list targets
says out 'zen4 .*EPYC 9654'
says out 'pentium4 '
expect 0 list targets --json
says out '"name": "itanium2"'
expect 0 list targets genoa
says out '^size = 1M | C s'
cp out zen4.ini
expect 0 list targets ./zen4.ini
cmp -s out zen4.ini || fail "what is printed reads otherwise"
expect 0 list targets power9 --json
says out '"source": "K: POWER9 user manual'
expect 0 list targets 'l1d=32K/8/64:lru,l2=1M/8/64:lru'
says out '^sets = 2048$'
expect 0 list targets --json

# one of the user's own goes before a built-in one
mkdir -p config/slabscope/targets
printf '[target]\nformat = 1\nname = mine\n[l1d]\nsize = 8K\nways = 2\nline = 32\n' >config/slabscope/targets/zen4.ini
expect 0 list targets zen4
says out '^name = mine$'

expect 2 list targets zem5
says err "did you mean .*'zen5'"
expect 2 list targets 'l1d=32K/9/64'
says err 'sets x 9 ways'
expect 2 list targets ./nothing.xml
says err 'nothing.xml'
printf '<topology version="3.0"></topology>' >new.xml
expect 2 list targets new.xml
says err 'version 3.0'
expect 2 list profiles zen4
exit $failed

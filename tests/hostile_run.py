#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's folder whose every text would like to be more than text; and what came of it.

hostile_run.py make RUN OUT [axes]	copy RUN with all strings of run.json and samples.csv replaced; "axes": their names, too
hostile_run.py html|markdown|csv|json|svg|plain FILE...	is it whole, and nothing but what we write?
"""
import csv
import html.parser
import json
import os
import re
import sys
import xml.etree.ElementTree

EVIL = [
    '<script>alert(1)</script>', '"><img src=x onerror=alert(2)>', "'; system('touch pwned'); '", '`touch pwned`',
    '$(touch pwned)', '"."`touch pwned`"', '@MACRO _sub ^sup {/Bold x} & ~a{b}', '\\', "\\'", '\\" %s %d %n %', '=1+1', '-->',
    ']]>', '[x](javascript:alert(3))', '| a | b |', '\x1b]0;title\x07\x1b[31m', '\x01\x7f\x9b\x00'[:3], '\u202eevil\u2066',
    '\ufeff\u200b\u00ad', '</table></td><td>', '&lt;&#60;', '*b* _i_ ~~s~~ # h', 'END', '\udc80'.encode('utf-8', 'replace').decode(),
]
LONG = ('<b>"\'&\\`|' * 1100)[:10240]


def evil(i, most=None):
    """Another text for each i; every 40th is 10 kB of it."""
    text = LONG if i % 40 == 39 else EVIL[i % len(EVIL)] + ' ' + EVIL[(i * 7 + 3) % len(EVIL)]
    return (text[:most] if most else text) + str(i)


def line(i, most=None):
    """The same for samples.csv, which is refused where it has control bytes."""
    return ''.join(c for c in evil(i, most) if ord(c) >= 32 and not 127 <= ord(c) < 160)


def spoil(value, count):
    """All texts of a value of JSON, and a name more in each object."""
    if isinstance(value, str):
        count[0] += 1
        return evil(count[0]) + '\nand a line\r\n'
    if isinstance(value, list):
        return [spoil(v, count) for v in value]
    if isinstance(value, dict):
        out = {k: spoil(v, count) for k, v in value.items()}
        out[evil(len(out))] = evil(len(out) + 1)
        return out
    return value


def make(run, out, axes_too):
    count = [0]
    with open(os.path.join(run, 'run.json'), encoding='utf-8') as f:
        r = json.load(f)
    names, values = {}, {}
    for n, x in enumerate(r['experiments']):
        x['name'] = evil(n)
        for a in x['axes']:
            old = a['name']
            if axes_too:
                a['name'] = names[old] = evil(len(names) + 11)
            for i, v in enumerate(a['values']):
                # numbers begin as numbers, so that axes stay what they are; no comma, which would end a value
                values[old, v] = (evil(i + 5) if not axes_too else v + evil(i + 5)).replace(',', ';')
            a['values'] = [values[old, v] for v in a['values']]
    for n, c in enumerate(r['configs']):
        c['axes'] = {names.get(k, k): values[k, v] for k, v in c['axes'].items()}
        c['label'] = evil(n)
        c['experiment'] = evil(n)
        c['requested'] = spoil(c.get('requested', {}), count)
    for key, value in r.items():
        if key not in ('experiments', 'configs'):
            r[key] = spoil(value, count)
    r['traces'] = {evil(3): {'bytes': 1, 'crc32': 2}}
    os.makedirs(out)
    with open(os.path.join(out, 'run.json'), 'w', encoding='utf-8') as f:
        json.dump(r, f)
    with open(os.path.join(run, 'samples.csv'), encoding='utf-8', newline='') as f:
        version = f.readline()
        rows = list(csv.reader(f))
    with open(os.path.join(out, 'samples.csv'), 'w', encoding='utf-8', newline='') as f:
        f.write(version)
        w = csv.writer(f, lineterminator='\n')
        w.writerow(rows[0])
        # nodes that this machine may not have, and metrics of any name
        more = [(f'numa.node{n}', 'pages') for n in range(2)]
        more += [(f'numa.traffic_{a}_{b}', 'lines') for a in range(2) for b in range(2)]
        more += [(line(n), line(n + 2)) for n in range(6)]
        for n, row in enumerate(rows[1:]):
            trial, block, config, _, _, metric, value, unit, state, share, source, worker, note = row
            spoilt = [trial + line(int(config)), block, config, line(n), line(n + 1), metric, value, line(n + 2, 200), state,
                      share, line(n + 3, 200), worker, note if '_sets_' in metric else line(n + 4)]
            if metric == 'trial.status':
                for i, (name, u) in enumerate(more):
                    w.writerow(spoilt[:5] + [name, 7 + i + int(config), u, 'exact', 1, line(n), -1, line(n + i)])
            w.writerow(spoilt)


# ---- what came of it ----

class Page(html.parser.HTMLParser):
    OURS = set('html head meta title style body main nav h1 h2 h3 p ul li strong a pre code div table caption thead tbody tr th td '
               'details summary figure figcaption svg g path text tspan rect use defs circle desc polygon pattern filter feflood '
               'fecomposite'.split())

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.wrong, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag.lower() not in self.OURS:
            self.wrong.append(f'an element {tag!r}')
        for name, value in attrs:
            if name.startswith('on') or re.match(r'\s*(javascript|data):', value or '', re.I):
                self.wrong.append(f'{tag} has {name}={value!r}')
            if name in ('href', 'src') and re.match(r'[a-z]+:', value or '', re.I):
                self.wrong.append(f'{tag} leads to {value!r}')

    def handle_data(self, data):
        self.text.append(data)


def controls(text):
    return sorted({c for c in text if c not in '\n\t' and (ord(c) < 32 or 127 <= ord(c) < 160)})


def check(kind, path):
    with open(path, encoding='utf-8', newline='') as f:
        text = f.read()
    if kind == 'csv':
        rows = list(csv.reader(line for line in text.splitlines(keepends=True) if not line.startswith('#')))
        return [f'{len(r)} fields for {len(rows[0])}' for r in rows if len(r) != len(rows[0])] or (len(rows) < 3 and ['no rows'])
    if kind == 'json':
        json.loads(text)
        return []
    if kind == 'svg':
        xml.etree.ElementTree.fromstring(text)
        return [f'<{e}' for e in ('script', 'image', 'foreignObject') if '<' + e in text]
    wrong = [f'control bytes {controls(text)!r}'] if controls(text) else []
    if kind == 'html':
        page = Page()
        page.feed(text)
        wrong += page.wrong
        if 'alert(1)' not in ''.join(page.text):
            wrong.append('the names are not shown')
    if kind == 'markdown':
        want = 0
        for line in text.split('\n'):
            cells = len(re.sub(r'\\.', '', line).split('|')) if line.startswith('|') else 0
            if want and cells and cells != want:
                wrong.append(f'{cells} cells for {want}: {line[:80]!r}')
            want = cells
        # indented lines are literal
        wrong += [f'an element: {line[:80]!r}' for line in text.split('\n')
                  if not line.startswith('    ') and re.search(r'(^|[^\\])<[a-z/!]', line)]
    return wrong


def main():
    csv.field_size_limit(1 << 30)
    if sys.argv[1] == 'make':
        make(sys.argv[2], sys.argv[3], len(sys.argv) > 4)
        return 0
    bad = 0
    for path in sys.argv[2:]:
        for what in check(sys.argv[1], path) or []:
            print(f'{path}: {what}')
            bad = 1
    return bad


sys.exit(main())

// SPDX-License-Identifier: GPL-2.0-or-later
// Run by harness.html on a report in a frame: says "ok", or what is wrong, one a line.
'use strict';

// Colours as [r, g, b], from what getComputedStyle says.
function rgb(text) {
	const m = text.match(/[\d.]+/g);
	return m ? m.slice(0, 3).map(Number) : [0, 0, 0];
}

function luminance(c) {
	const l = c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
}

function contrast(a, b) {
	const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
	return (x + 0.05) / (y + 0.05);
}

// Is it in something that scrolls by itself?
function scrolls(element) {
	return element.closest('.scroll, pre') !== null;
}

function check_text(doc, win, width, say) {
	if (doc.documentElement.scrollWidth > width)
		say('the page is ' + doc.documentElement.scrollWidth + ' wide');
	for (const e of doc.querySelectorAll('h1, h2, h3, p, li, figcaption, summary, pre, .scroll')) {
		const box = e.getBoundingClientRect();
		if (!scrolls(e.parentElement) && (box.right > width + 1 || box.left < -1))
			say(e.tagName + ' reaches from ' + box.left + ' to ' + box.right);
	}
	for (const e of doc.querySelectorAll('.scroll'))
		if (e.scrollWidth > e.clientWidth && e.tabIndex !== 0)
			say('what scrolls cannot be reached with the keyboard');
	for (const e of doc.querySelectorAll('table'))
		if (!e.caption || !e.querySelector('th[scope=col]'))
			say('a table without caption or headings');
	for (const e of doc.querySelectorAll('h1, p, li, td, th, figcaption, a, strong')) {
		let behind = e, paper = '';
		while (behind && /^(|transparent|rgba\(0, 0, 0, 0\))$/.test(paper)) {
			paper = win.getComputedStyle(behind).backgroundColor;
			behind = behind.parentElement;
		}
		const c = contrast(rgb(win.getComputedStyle(e).color), rgb(paper));
		if (c < 4.5)
			return say(e.tagName + ': contrast of ' + c.toFixed(1));
	}
}

// A path's or polygon's corners, a point's mark.
function marks(svg) {
	let n = 0;
	for (const g of svg.querySelectorAll('g[id*=gnuplot_plot_]')) {
		n += g.querySelectorAll('use, text').length;
		for (const p of g.querySelectorAll('path'))
			n += (p.getAttribute('d').match(/[-\d.]+,[-\d.]+/g) || []).length;
		for (const p of g.querySelectorAll('polygon'))
			n += 1;
	}
	return n;
}

function check_pictures(doc, say) {
	const figures = doc.querySelectorAll('figure');
	if (!figures.length)
		say('no pictures');
	for (const f of figures) {
		const svg = f.querySelector('svg'), points = Number(f.dataset.points);
		const name = f.querySelector('figcaption').textContent;
		if (!svg) {
			say('no picture: ' + name);
			continue;
		}
		if (!(points > 0) || marks(svg) < points)
			say(name + ': ' + marks(svg) + ' marks for ' + points + ' points');
		const box = svg.getBoundingClientRect();
		for (const t of svg.querySelectorAll('text')) {
			const b = t.getBoundingClientRect();
			if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1)
				say(name + ': "' + t.textContent + '" is cut off');
		}
	}
	const ids = [...doc.querySelectorAll('[id]')].map(e => e.id);
	if (new Set(ids).size !== ids.length)
		say('an id is there twice');
}

function check_safe(doc, win, say) {
	for (const e of win.performance.getEntriesByType('resource'))
		say('asks for ' + e.name);
	for (const e of doc.querySelectorAll('script, iframe, object, embed, img, link, base, form'))
		say('has a ' + e.tagName);
	for (const e of doc.querySelectorAll('*'))
		for (const a of e.attributes)
			if (/^on/.test(a.name) || /^\s*javascript:/i.test(a.value))
				say(e.tagName + ' has ' + a.name);
}

function look(frame, width, dark) {
	const doc = frame.contentDocument, win = frame.contentWindow, wrong = [];
	const say = text => wrong.length < 40 && wrong.push(text);
	const paper = luminance(rgb(win.getComputedStyle(doc.documentElement).backgroundColor));
	if (win.innerWidth !== width)
		say('the frame is ' + win.innerWidth + ' wide');
	if (dark !== paper < 0.2)
		say('background of luminance ' + paper);
	check_text(doc, win, width, say);
	check_pictures(doc, say);
	check_safe(doc, win, say);
	return wrong.length ? wrong.join('\n') : 'ok';
}

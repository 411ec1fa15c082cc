# SPDX-License-Identifier: GPL-2.0-or-later
# What all pictures share: colours that colour-blind readers can tell apart (Okabe and Ito 2008, strongest on white
# first), thin grid, no enhanced text (an underscore stays one). In an HTML report greys follow light and dark.
array COLOUR[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#8C8C00']
array POINT[8] = [7, 5, 9, 13, 11, 15, 4, 6]
colour(i) = COLOUR[1 + (HUE[1 + i] % 8)]
point(i) = POINT[1 + (HUE[1 + i] % 8)]
dash(i) = HUE[1 + i] < 8 ? 1 : 2
# 1, 2 or 5 times a power of ten, about a sixth of a range: octaves are too far apart where a range has only one or two
step(range) = mantissa(range / 6.0 / power(range)) * power(range)
power(range) = 10 ** floor(log10(range / 6.0))
mantissa(f) = f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10
set border 3 lc rgb '#555555'
set tics nomirror out textcolor rgb '#222222'
if (!exists('PLAIN')) {
	set grid ytics lc rgb '#DDDDDD' lt 1 lw 0.7
}
# a terminal writes nothing upright
if (exists('PLAIN')) {
	TITLE = TITLE . "\n" . (strlen(ZLABEL) ? 'each field: ' . ZLABEL . ";\n" : '') . 'upwards: ' . YLABEL
	XLABEL = XLABEL . NUMBERED
	ZLABEL = ''
}
set title TITLE textcolor rgb '#222222'
set xlabel XLABEL . (KEYBELOW ? "\n " : '') textcolor rgb '#222222'
set ylabel YLABEL textcolor rgb '#222222'
# long names have no room beside the picture, short ones need no row below
if (KEYBELOW) {
	set key bmargin center horizontal Left reverse samplen 2 textcolor rgb '#222222' title KEYTITLE
} else {
	set key outside right top vertical Left reverse samplen 2 spacing 1.25 textcolor rgb '#222222' title KEYTITLE left
}
# names of places on the x axis, or numbers
if (NGROUPS > 0) {
	set xrange [-0.6:NGROUPS - 0.4]
	if (NGROUPS > 4) {
		if (exists('PLAIN')) {
			set xtics norotate center scale 0
		} else {
			set xtics rotate by (NGROUPS > 12 ? -90 : -30) left scale 0
		}
		# gnuplot leaves no more room than for short ones
		if (!exists('PLAIN')) {
			set bmargin 4 + GROUPLEN * (NGROUPS > 12 ? 0.45 : 0.32) + (KEYBELOW ? 2 : 0)
			set rmargin KEYBELOW && NGROUPS <= 12 ? GROUPLEN * 0.8 : -1
		}
	} else {
		set xtics scale 0
	}
	set xtics ('' 0)
	do for [g = 0:NGROUPS - 1] {
		if (strlen(NUMBERED) && NGROUPS > 20 && g % 2 && g != NGROUPS - 1) {
			continue
		}
		set xtics add ((strlen(NUMBERED) ? sprintf('%d', 1 + g) : GROUP[1 + g]) g)
	}
} else {
	set xrange [XMIN:XMAX]
	if (WHOLE && XMAX - XMIN < 12) {
		set xtics 1
	}
	if (XLOG2) {
		set logscale x 2
		set format x '%g'
		if (XMAX / XMIN < 8) {
			STEP = step(XMAX - XMIN)
			set xtics ('' 1)
			do for [t = int(ceil(XMIN / STEP)):int(XMAX / STEP)] {
				set xtics add (sprintf('%g', t * STEP) t * STEP)
			}
		}
	}
}
if (YLOG) {
	set logscale y 2
	set format y '%g'
	set yrange [YMIN:YMAX]
	if (YMAX / YMIN < 8) {
		STEP = step(YMAX - YMIN)
		set ytics ('' 1)
		do for [t = int(ceil(YMIN / STEP)):int(YMAX / STEP)] {
			set ytics add (sprintf('%g', t * STEP) t * STEP)
		}
	}
} else {
	set yrange [0:YMAX]
	if (YMAX >= 1e6) {
		set format y '%.1s%c' # 1.8M
	}
}
if (BASE > 0) {
	set arrow from graph 0, first BASE to graph 1, first BASE nohead front lw 1.2 lc rgb '#333333'
}
if (XBASE > 0) {
	set arrow from first XBASE, graph 0 to first XBASE, graph 1 nohead front lw 1.2 lc rgb '#333333'
}

# SPDX-License-Identifier: GPL-2.0-or-later
# A field of values: columns of DATA are x (0, 1, ...), y (0, 1, ...), value. Light is little; the value stands in it.
unset key
unset arrow
unset grid
unset logscale y
set border 0
set format y '%g'
set yrange [-0.5:NROWS - 0.5]
set xrange [-0.5:NGROUPS - 0.5]
set ytics scale 0
set ytics ('' 0)
do for [g = 0:NROWS - 1] {
	set ytics add (ROW[1 + g] g)
}
set palette defined (0 '#F2F6FA', 1 '#9EC5E0', 2 '#3F8FC4', 3 '#08407E')
set cblabel ZLABEL textcolor rgb '#222222'
# room for the scale's numbers and label, which gnuplot does not keep free
if (!exists('PLAIN')) {
	set rmargin 20
}
if (ZMAX > ZMIN) {
	set cbrange [ZMIN:ZMAX]
} else {
	set cbrange [ZMIN - 1:ZMAX + 1]
}
# four digits, but no exponent where there is room for the number
number(v) = abs(v) >= 1000 && abs(v) < 1e7 ? sprintf('%.0f', v) : sprintf('%.4g', v)
MIDDLE = ZMIN + (ZMAX - ZMIN) * 0.75 # from here on white letters are easier to read than black ones
plot DATA using 1:2:($1 - 0.48):($1 + 0.48):($2 - 0.48):($2 + 0.48):3 with boxxyerror fillstyle solid 1 lc palette, \
	DATA using 1:2:(number($3)) every 1 with labels textcolor rgb '#010101' notitle, \
	DATA using 1:($3 > MIDDLE ? $2 : NaN):(number($3)) with labels textcolor rgb '#FEFEFE' notitle

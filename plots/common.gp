# SPDX-License-Identifier: GPL-2.0-or-later
# What all pictures share: colours that colour-blind readers can tell apart (Okabe and Ito 2008, strongest on white
# first), thin grid, no enhanced text (an underscore stays one).
array COLOUR[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#8C8C00']
array POINT[8] = [7, 5, 9, 13, 11, 15, 4, 6]
colour(i) = COLOUR[1 + (HUE[1 + i] % 8)]
point(i) = POINT[1 + (HUE[1 + i] % 8)]
dash(i) = HUE[1 + i] < 8 ? 1 : 2
set border 3 lc rgb '#555555'
set tics nomirror out textcolor rgb '#222222'
set grid ytics lc rgb '#DDDDDD' lt 1 lw 0.7
set title TITLE
set xlabel XLABEL
set ylabel YLABEL
set key outside right top vertical Left reverse samplen 2 spacing 1.25 title KEYTITLE left

module tcrp

go 1.19

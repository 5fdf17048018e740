module chat

go 1.19

require tcrp v0.0.0

replace tcrp => ../../codecs/go

package main

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"tcrp"
)

// A lenient JSON parser, for tests: duplicate keys (the last counts), lone surrogates (as the octets that UTF-8 would
// have for them), NaN and Infinity, any number, any depth that the stack can hold.
type parser struct {
	text string
	at   int
	bad  bool
}

const deepest = 980

var number = regexp.MustCompile(`^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|NaN|-?Infinity)`)
var blank = regexp.MustCompile(`^[ \t\n\r]*`)

// The value of text; false if it is not JSON.
func parse(text string) (any, bool) {
	p := parser{text: text, bad: !utf8.ValidString(text)}
	value := p.value(1)
	p.space()
	return value, !p.bad && p.at == len(p.text)
}

func (p *parser) space() { p.at += len(blank.FindString(p.text[p.at:])) }

func (p *parser) skip(token string) bool {
	p.space()
	found := strings.HasPrefix(p.text[p.at:], token)
	if found {
		p.at += len(token)
	}
	return found
}

func (p *parser) want(token string) {
	if !p.skip(token) {
		p.bad = true
	}
}

func (p *parser) value(depth int) any {
	p.bad = p.bad || depth > deepest
	switch {
	case p.bad:
		return nil
	case p.skip("{"):
		object, places := tcrp.Object{}, map[string]int{}
		for more := !p.skip("}"); more && !p.bad; more = !p.closed("}") {
			p.want(`"`)
			key := p.string()
			p.want(":")
			if place, known := places[key]; known {
				object[place].Value = p.value(depth + 1)
				continue
			}
			places[key] = len(object)
			object = append(object, tcrp.Member{Name: key, Value: p.value(depth + 1)})
		}
		return object
	case p.skip("["):
		list := []any{}
		for more := !p.skip("]"); more && !p.bad; more = !p.closed("]") {
			list = append(list, p.value(depth+1))
		}
		return list
	case p.skip(`"`):
		return p.string()
	case p.skip("true"):
		return true
	case p.skip("false"):
		return false
	case p.skip("null"):
		return nil
	}
	found := number.FindString(p.text[p.at:])
	p.at += len(found)
	p.bad = p.bad || found == ""
	return json.Number(found)
}

func (p *parser) closed(end string) bool {
	closed := p.skip(end)
	if !closed {
		p.want(",")
	}
	return closed
}

// The part of a string after the opening quote.
func (p *parser) string() string {
	var out []byte
	for p.at < len(p.text) && p.text[p.at] >= 0x20 {
		octet := p.text[p.at]
		p.at++
		if octet == '"' {
			return string(out)
		}
		if octet == '\\' {
			out = p.escape(out)
		} else {
			out = append(out, octet)
		}
	}
	p.bad = true
	return ""
}

func (p *parser) escape(out []byte) []byte {
	if strings.HasPrefix(p.text[p.at:], "u") {
		high := p.hex()
		if low := p.at; 0xD800 <= high && high < 0xDC00 && strings.HasPrefix(p.text[p.at:], `\u`) {
			p.at++
			if second := p.hex(); 0xDC00 <= second && second < 0xE000 {
				return utf8.AppendRune(out, 0x10000+(high-0xD800)<<10+(second-0xDC00))
			}
			p.at = low
		}
		if 0xD800 <= high && high < 0xE000 {
			return append(out, 0xED, byte(0x80|high>>6&0x3F), byte(0x80|high&0x3F))
		}
		return utf8.AppendRune(out, high)
	}
	letter := strings.IndexByte(`"\/bfnrt`, (p.text + "\x00")[p.at])
	if letter < 0 {
		p.bad = true
		return out
	}
	p.at++
	return append(out, "\"\\/\b\f\n\r\t"[letter])
}

// The letter u and four digits.
func (p *parser) hex() rune {
	if p.at+5 > len(p.text) {
		p.bad = true
		return 0
	}
	value, err := strconv.ParseUint(p.text[p.at+1:p.at+5], 16, 16)
	p.bad = p.bad || err != nil
	p.at += 5
	return rune(value)
}

package tcrp

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ---- JSON (RFC 8259, without its ambiguities) ----

// Object is a JSON object: its members, in order. Values are nil, bool, string, json.Number, []any and Object;
// when written, also int, int64 and float64.
type Object []Member

// Member is one member of an Object.
type Member struct {
	Name  string
	Value any
}

// Get returns the value of the member with that name, and whether there is one.
func (o Object) Get(name string) (value any, there bool) {
	for _, member := range o {
		if member.Name == name {
			return member.Value, true
		}
	}
	return nil, false
}

// MarshalJSON writes the object for encoding/json.
func (o Object) MarshalJSON() ([]byte, error) {
	var w writer
	w.json("JSON", o, 1)
	return w.finish()
}

func (r *reader) object(field string) Object {
	octets := r.take(field, uint64(r.left()))
	if r.err != nil {
		return nil
	}
	if wellFormed(octets) < len(octets) {
		r.fault(CodeBadUTF8, field, r.start, "the JSON is not UTF-8")
		return nil
	}
	parser := jsonParser{text: string(octets)}
	value := parser.whole()
	if parser.wrong != "" {
		r.fault(CodeBadJSON, field, r.start, "%s", parser.wrong)
	}
	return value
}

// The value of a member under its name or a synonym: nil if it is absent.
func (r *reader) member(field string, members Object, required, blankIsAbsent bool, minimum, maximum int,
	isString bool, keys ...string) (value any) {
	present := false
	for _, key := range keys {
		given, there := members.Get(key)
		present = present || there
		if !there || blankIsAbsent && (given == nil || given == "") {
			continue
		}
		text, isText := given.(string)
		_, isObject := given.(Object)
		if isText != isString || isObject == isString {
			r.fault(CodeBadJSON, field, r.start, "%s is of the wrong type", key)
		} else if isText && (len(text) < minimum || len(text) > maximum) {
			r.fault(CodeOutOfRange, field, r.start, "%s of %d octets is not in %s", key, len(text),
				bounds(uint64(minimum), uint64(maximum)))
		}
		if value == nil {
			value = given
		}
	}
	if required && !present {
		r.fault(CodeBadJSON, field, r.start, "has no %s", keys[0])
	}
	return value
}

func (r *reader) textMember(field string, members Object, required, blankIsAbsent bool, minimum, maximum int,
	keys ...string) *string {
	text, isText := r.member(field, members, required, blankIsAbsent, minimum, maximum, true, keys...).(string)
	if !isText {
		return nil
	}
	return &text
}

func (r *reader) objectMember(field string, members Object, required, blankIsAbsent bool,
	keys ...string) Object {
	object, _ := r.member(field, members, required, blankIsAbsent, 0, unbounded, false, keys...).(Object)
	return object
}

func (w *writer) object(field string, object Object) {
	if object == nil {
		w.fault(CodeBadType, field, "wants an object, not nil")
	}
	w.json(field, object, 1)
}

// An object of the given members, in order, without those that are absent.
func (w *writer) members(field string, members ...jsonMember) {
	separator := "{"
	for _, member := range members {
		if member.absent {
			continue
		}
		w.octets = append(append(w.octets, separator...), quoted(member.name)...)
		w.octets = append(w.octets, ':')
		w.json(field, member.value, 2)
		separator = ","
	}
	w.octets = append(w.octets, strings.TrimPrefix(separator, ",")+"}"...)
	for _, member := range members {
		text, isText := member.value.(string)
		if member.absent && member.required {
			w.fault(CodeBadJSON, field, "has no %s", member.name)
		} else if !member.absent && isText && (len(text) < member.minimum || len(text) > member.maximum) {
			w.fault(CodeOutOfRange, field, "%s of %d octets is not in %s", member.name, len(text),
				bounds(uint64(member.minimum), uint64(member.maximum)))
		}
	}
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

type jsonMember struct {
	name             string
	value            any
	absent, required bool
	minimum, maximum int // octets of a string
}

func (w *writer) json(field string, value any, depth int) {
	switch value := value.(type) {
	case nil:
		w.octets = append(w.octets, "null"...)
	case bool:
		w.octets = strconv.AppendBool(w.octets, value)
	case int:
		w.octets = strconv.AppendInt(w.octets, int64(value), 10)
	case int64:
		w.octets = strconv.AppendInt(w.octets, value, 10)
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			w.fault(CodeBadJSON, field, "a number is not finite")
		}
		w.octets = strconv.AppendFloat(w.octets, value, 'g', -1, 64)
	case json.Number:
		parser := jsonParser{text: string(value)}
		parser.number()
		if parser.wrong != "" || parser.at < len(parser.text) {
			w.fault(CodeBadJSON, field, "a json.Number is no number of JSON or beyond binary64")
		}
		w.octets = append(w.octets, value...)
	case string:
		if !utf8.ValidString(value) {
			w.fault(CodeBadJSON, field, "a string is not UTF-8")
		}
		w.octets = append(w.octets, quoted(value)...)
	case []any:
		w.octets = append(w.octets, '[')
		for index, item := range value {
			w.item(field, index, item, depth)
		}
		w.nested(field, depth, ']')
	case Object:
		seen := map[string]bool{}
		w.octets = append(w.octets, '{')
		for index, member := range value {
			w.item(field, index, member.Name, depth)
			w.octets = append(w.octets, ':')
			w.item(field, 0, member.Value, depth)
			if seen[member.Name] {
				w.fault(CodeBadJSON, field, "a key occurs twice in one object")
			}
			seen[member.Name] = true
		}
		w.nested(field, depth, '}')
	default:
		w.fault(CodeBadJSON, field, "%T is not expressible in JSON", value)
	}
}

func (w *writer) item(field string, index int, value any, depth int) {
	if index > 0 {
		w.octets = append(w.octets, ',')
	}
	if depth <= LimitJSONDepth {
		w.json(field, value, depth+1)
	}
}

func (w *writer) nested(field string, depth int, end byte) {
	if depth > LimitJSONDepth {
		w.fault(CodeBadJSON, field, "nested deeper than %d levels", LimitJSONDepth)
	}
	w.octets = append(w.octets, end)
}

func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for index := 0; index < len(text); index++ {
		octet := text[index]
		if escape := strings.IndexByte("\"\\\b\f\n\r\t", octet); escape >= 0 {
			out.WriteByte('\\')
			out.WriteByte("\"\\bfnrt"[escape])
		} else if octet < 0x20 {
			fmt.Fprintf(&out, "\\u%04x", octet)
		} else {
			out.WriteByte(octet)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// Parses UTF-8 text. After the first fault, which wrong describes, every step does nothing.
type jsonParser struct {
	text  string
	at    int
	wrong string
}

func (p *jsonParser) fail(wrong string) {
	if p.wrong == "" {
		p.wrong = wrong
		p.at = len(p.text)
	}
}

func (p *jsonParser) whole() Object {
	value := p.value(1)
	p.space()
	object, isObject := value.(Object)
	if p.at < len(p.text) {
		p.fail("octets follow the JSON")
	} else if !isObject {
		p.fail("not a JSON object")
	}
	return object
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

// Consumes token if it comes next; whether it did.
func (p *jsonParser) skip(token string) bool {
	found := strings.HasPrefix(p.text[p.at:], token)
	if found {
		p.at += len(token)
	}
	return found
}

func (p *jsonParser) value(depth int) any {
	p.space()
	switch {
	case p.skip("{"):
		return p.object(depth)
	case p.skip("["):
		return p.list(depth)
	case p.skip(`"`):
		return p.string()
	case p.skip("true"):
		return true
	case p.skip("false"):
		return false
	case p.skip("null"):
		return nil
	}
	return p.number()
}

func (p *jsonParser) deeper(depth int) {
	if depth > LimitJSONDepth {
		p.fail(fmt.Sprintf("nested deeper than %d levels", LimitJSONDepth))
	}
}

func (p *jsonParser) object(depth int) Object {
	object, seen := Object{}, map[string]bool{}
	p.deeper(depth)
	p.space()
	if p.skip("}") {
		return object
	}
	for p.wrong == "" {
		p.space()
		if !p.skip(`"`) {
			p.fail("a key is not a string")
		}
		key := p.string()
		p.space()
		if !p.skip(":") {
			p.fail("no colon after a key")
		}
		if seen[key] {
			p.fail("a key occurs twice in one object")
		}
		seen[key] = true
		object = append(object, Member{key, p.value(depth + 1)})
		p.space()
		if p.skip("}") {
			break
		}
		if !p.skip(",") {
			p.fail("no comma between members")
		}
	}
	return object
}

func (p *jsonParser) list(depth int) []any {
	list := []any{}
	p.deeper(depth)
	p.space()
	if p.skip("]") {
		return list
	}
	for p.wrong == "" {
		list = append(list, p.value(depth+1))
		p.space()
		if p.skip("]") {
			break
		}
		if !p.skip(",") {
			p.fail("no comma between items")
		}
	}
	return list
}

// The part of a string after the opening quote.
func (p *jsonParser) string() string {
	var out strings.Builder
	for p.at < len(p.text) {
		octet := p.text[p.at]
		p.at++
		switch {
		case octet == '"':
			return out.String()
		case octet < 0x20:
			p.fail("a control character in a string")
		case octet == '\\':
			out.WriteRune(p.escape())
		default:
			out.WriteByte(octet)
		}
	}
	p.fail("a string has no end")
	return ""
}

func (p *jsonParser) escape() rune {
	for index, letter := range `"\/bfnrt` {
		if p.skip(string(letter)) {
			return rune("\"\\/\b\f\n\r\t"[index])
		}
	}
	if !p.skip("u") {
		p.fail("an escape that JSON does not have")
		return 0
	}
	character := p.hex()
	if character < 0xD800 || character > 0xDFFF {
		return character
	}
	low := rune(0)
	if character < 0xDC00 && p.skip(`\u`) {
		low = p.hex()
	}
	if low < 0xDC00 || low > 0xDFFF {
		p.fail("a string holds a lone surrogate")
	}
	return 0x10000 + (character-0xD800)<<10 + (low - 0xDC00)
}

func (p *jsonParser) hex() rune {
	if p.at+4 <= len(p.text) && strings.Trim(p.text[p.at:p.at+4], "0123456789abcdefABCDEF") == "" {
		value, _ := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
		p.at += 4
		return rune(value)
	}
	p.fail("an escape without four hex digits")
	return 0
}

func (p *jsonParser) digits() {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	if p.at == start {
		p.fail("not a value of JSON")
	}
}

func (p *jsonParser) number() json.Number {
	start := p.at
	p.skip("-")
	if !p.skip("0") {
		p.digits()
	}
	if p.skip(".") {
		p.digits()
	}
	if p.skip("e") || p.skip("E") {
		if !p.skip("+") {
			p.skip("-")
		}
		p.digits()
	}
	number := p.text[start:p.at]
	if _, err := strconv.ParseFloat(number, 64); err != nil {
		p.fail("a number is beyond binary64")
	}
	return json.Number(number)
}

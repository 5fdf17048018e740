package tcrp

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ---- errors ----

// Error describes a fault of octets (Decode...) or of a value (Encode...): the first in the order of the
// fields. Its text never quotes names, messages, passwords or tokens.
type Error struct {
	Code       ErrorCode
	Field      string // dotted path in the names of the specification: "chat_datagram.token"
	Offset     int    // octets from the start of the message; -1 where there are no octets
	Incomplete bool   // more octets of the stream may make the message whole
	Message    string
}

func (e *Error) Error() string {
	where := e.Field
	if e.Offset >= 0 {
		where += " at octet " + strconv.Itoa(e.Offset)
	}
	return fmt.Sprintf("%s: %s (%s)", where, e.Message, e.Code)
}

const unbounded = math.MaxInt

func bounds(minimum, maximum uint64) string {
	if maximum == unbounded {
		return fmt.Sprintf("%d..", minimum)
	}
	return fmt.Sprintf("%d..%d", minimum, maximum)
}

func isPrintable(octet byte) bool { return 0x21 <= octet && octet <= 0x7E }

// The octets of text before its first ill-formed sequence.
func wellFormed(text []byte) int {
	at := 0
	for at < len(text) {
		character, size := utf8.DecodeRune(text[at:])
		if character == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// ---- reading: after the first fault every step does nothing and returns zero values ----

type reader struct {
	octets []byte
	at     int    // where the next field begins
	start  int    // where the octets taken last begin
	field  string // the field of these octets
	stream bool   // TRUNCATED means that more octets are needed
	err    *Error
}

func (r *reader) fault(code ErrorCode, field string, offset int, format string, values ...any) {
	if r.err == nil {
		incomplete := r.stream && code == CodeTruncated
		r.err = &Error{code, field, offset, incomplete, fmt.Sprintf(format, values...)}
	}
}

func (r *reader) left() int { return len(r.octets) - r.at }

// The next octet, not consumed; -1 if there is none.
func (r *reader) peek() int {
	if r.err != nil || r.left() == 0 {
		return -1
	}
	return int(r.octets[r.at])
}

func (r *reader) take(field string, octets uint64) []byte {
	r.start, r.field = r.at, field
	if r.err == nil && uint64(r.left()) < octets {
		r.fault(CodeTruncated, field, r.at, "ends after %d of %d octets", r.left(), octets)
	}
	if r.err != nil {
		return nil
	}
	r.at += int(octets)
	return r.octets[r.start:r.at]
}

func (r *reader) whole(field string, maximum int) {
	if len(r.octets) > maximum {
		r.fault(CodeOutOfRange, field, 0, "%d octets, the limit is %d", len(r.octets), maximum)
	}
}

func (r *reader) end(field string) {
	if r.left() > 0 {
		r.fault(CodeTrailingOctets, field, r.at, "must end here")
	}
}

func (r *reader) skip() { r.at = len(r.octets) }

func (r *reader) constant(field, octets string) {
	if !bytes.HasPrefix(r.octets[r.at:], []byte(octets)) {
		r.fault(CodeWrongConstant, field, -1, "is not the fixed value")
		return
	}
	r.at += len(octets)
}

func (r *reader) unsigned(field string, octets, minimum, maximum uint64) uint64 {
	value := uint64(0)
	for _, octet := range r.take(field, octets) {
		if value > math.MaxUint64>>8 { // does not fit: above every maximum
			value = math.MaxUint64
			break
		}
		value = value<<8 | uint64(octet)
	}
	if value < minimum || value > maximum {
		r.fault(CodeOutOfRange, field, r.start, "%d is not in %s", value, bounds(minimum, maximum))
	}
	return value
}

func (r *reader) number(field string, octets uint64) *big.Int {
	return new(big.Int).SetBytes(r.take(field, octets))
}

func (r *reader) run(field string, octets []byte, minimum, maximum int) []byte {
	if len(octets) < minimum || len(octets) > maximum {
		r.fault(CodeOutOfRange, field, r.start, "%d octets are not in %s", len(octets),
			bounds(uint64(minimum), uint64(maximum)))
	}
	return octets
}

func (r *reader) sized(field string, size uint64, minimum, maximum int) []byte {
	return r.run(field, r.take(field, size), minimum, maximum)
}

func (r *reader) upTo(field, delimiter string, minimum, maximum int) []byte {
	size := bytes.Index(r.octets[r.at:], []byte(delimiter))
	if size < 0 {
		r.fault(CodeMissingDelimiter, field, r.at, "no %q follows", delimiter)
		return nil
	}
	octets := r.run(field, r.take(field, uint64(size)), minimum, maximum)
	r.at += len(delimiter)
	return octets
}

func (r *reader) rest(field string, minimum, maximum int) []byte {
	return r.run(field, r.take(field, uint64(r.left())), minimum, maximum)
}

// A copy, so that the message does not keep the input alive.
func (r *reader) plain(octets []byte) []byte { return append([]byte{}, octets...) }

func (r *reader) text(octets []byte) string {
	if valid := wellFormed(octets); valid < len(octets) {
		r.fault(CodeBadUTF8, r.field, r.start+valid, "is not UTF-8")
	}
	return string(octets)
}

func (r *reader) ascii(octets []byte) string {
	for index, octet := range octets {
		if !isPrintable(octet) {
			r.fault(CodeBadASCII, r.field, r.start+index, "octet 0x%02x is not printable", octet)
			break
		}
	}
	return string(octets)
}

// ---- writing: after the first fault every step does nothing ----

type writer struct {
	octets []byte
	err    *Error
}

func (w *writer) fault(code ErrorCode, field, format string, values ...any) {
	if w.err == nil {
		w.err = &Error{code, field, -1, false, fmt.Sprintf(format, values...)}
	}
}

func (w *writer) finish() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.octets, nil
}

func (w *writer) whole(field string, maximum int) {
	if len(w.octets) > maximum {
		w.fault(CodeOutOfRange, field, "%d octets, the limit is %d", len(w.octets), maximum)
	}
}

func (w *writer) constant(octets string) { w.octets = append(w.octets, octets...) }

func (w *writer) unsigned(field string, octets int, minimum, maximum, value uint64) {
	if value < minimum || value > maximum {
		w.fault(CodeOutOfRange, field, "%d is not in %s", value, bounds(minimum, maximum))
	}
	for index := octets - 1; index >= 0; index-- {
		w.octets = append(w.octets, byte(value>>(8*index))) // 0 for shifts of 64 and more
	}
}

func (w *writer) number(field string, octets int, value *big.Int) {
	if value == nil {
		w.fault(CodeBadType, field, "wants a number, not nil")
	} else if value.Sign() < 0 || value.BitLen() > 8*octets {
		w.fault(CodeOutOfRange, field, "is not a number of %d octets", octets)
	} else {
		w.octets = append(w.octets, value.FillBytes(make([]byte, octets))...)
	}
}

// The size of a field that follows.
func (w *writer) sizeOf(field string, octets int, minimum, maximum uint64, counted []byte) {
	w.unsigned(field, octets, minimum, maximum, uint64(len(counted)))
}

func (w *writer) sizeOfText(field string, octets int, minimum, maximum uint64, counted string) {
	w.wantUTF8(field, counted)
	w.unsigned(field, octets, minimum, maximum, uint64(len(counted)))
}

func (w *writer) wantUTF8(field, text string) {
	if !utf8.ValidString(text) {
		w.fault(CodeBadUTF8, field, "is not UTF-8")
	}
}

func (w *writer) plain(field string, minimum, maximum int, delimiter string, value []byte) {
	w.run(field, minimum, maximum, delimiter, string(value))
}

func (w *writer) text(field string, minimum, maximum int, delimiter, value string) {
	w.wantUTF8(field, value)
	w.run(field, minimum, maximum, delimiter, value)
}

func (w *writer) ascii(field string, minimum, maximum int, delimiter, value string) {
	w.wantUTF8(field, value)
	for index := 0; index < len(value); index++ {
		if !isPrintable(value[index]) {
			w.fault(CodeBadASCII, field, "octet 0x%02x is not printable", value[index])
		}
	}
	w.run(field, minimum, maximum, delimiter, value)
}

// A run of octets and, if there is one, the delimiter that ends it.
func (w *writer) run(field string, minimum, maximum int, delimiter, value string) {
	if len(value) < minimum || len(value) > maximum {
		w.fault(CodeOutOfRange, field, "%d octets are not in %s", len(value),
			bounds(uint64(minimum), uint64(maximum)))
	}
	if delimiter != "" && strings.Contains(value, delimiter) {
		w.fault(CodeBadName, field, "holds %q, which ends the field", delimiter)
	}
	w.octets = append(append(w.octets, value...), delimiter...)
}

// Fails if the octets written since start are none or begin with one of others: they would be read as another form.
func (w *writer) misread(field string, start int, others ...byte) {
	if w.err == nil && (len(w.octets) == start || bytes.IndexByte(others, w.octets[start]) >= 0) {
		w.fault(CodeOutOfRange, field, "would be read as another form")
	}
}

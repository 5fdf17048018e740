package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"

	"tcrp"
)

// given makes values of the codec's types from JSON. What a type cannot hold (a string for a number, 256 for an octet)
// is a fault; the value is then replaced by a valid one, and so are all that would be checked after it. An error of the
// encoder is therefore about something before the fault.
type given struct {
	shape *tcrp.Error // a wrong object, whatever its values are
	fault *tcrp.Error // the first wrong value
}

// The first fault; err is the encoder's. A fault of a whole comes after those of its parts.
func (g *given) first(err error) error {
	var encoder *tcrp.Error
	errors.As(err, &encoder)
	switch {
	case g.shape != nil:
		return g.shape
	case encoder != nil && (g.fault == nil || !strings.HasPrefix(g.fault.Field, encoder.Field+".")):
		return encoder
	case g.fault != nil:
		return g.fault
	}
	return nil
}

func (g *given) misshapen(path, text string) {
	if g.shape == nil {
		g.shape = &tcrp.Error{Code: tcrp.CodeBadType, Field: path, Offset: -1, Message: text}
	}
}

func (g *given) wrong(code tcrp.ErrorCode, path, text string) {
	if g.fault == nil {
		g.fault = &tcrp.Error{Code: code, Field: path, Offset: -1, Message: text}
	}
}

func harmless(octets int) string {
	if octets == 0 {
		octets = 1
	}
	return strings.Repeat("x", octets)
}

// ---- objects ----

func (g *given) members(fields any, path string, required, optional []string) map[string]any {
	object, ok := fields.(tcrp.Object)
	if !ok {
		g.misshapen(path, "wants an object")
		return nil
	}
	members, known := map[string]any{}, 0
	for _, member := range object {
		members[member.Name] = member.Value
	}
	for _, name := range required {
		if _, there := members[name]; !there {
			g.misshapen(path, "the member "+name+" is missing")
		}
	}
	for _, name := range append(required, optional...) {
		if _, there := members[name]; there {
			known++
		}
	}
	if known < len(members) {
		g.misshapen(path, "has a member that it must not have")
	}
	return members
}

// The form that the member "form" names, and the other members.
func (g *given) form(fields any, path string) (string, tcrp.Object) {
	form, others := "", tcrp.Object{}
	members, ok := fields.(tcrp.Object)
	if !ok {
		g.misshapen(path, "wants an object")
	}
	for _, member := range members {
		if member.Name == "form" {
			form, _ = member.Value.(string)
		} else {
			others = append(others, member)
		}
	}
	return form, others
}

// ---- fields ----

func (g *given) text(value any, path string, fewest int) string {
	text, ok := value.(string)
	if !ok {
		g.wrong(tcrp.CodeBadType, path, "wants text")
	}
	if g.fault != nil {
		return harmless(fewest)
	}
	return text
}

func (g *given) octets(members map[string]any, name, path string, fewest int) []byte {
	value, there := members[name]
	text, ok := value.(string)
	octets, err := unhex(text)
	if there && (!ok || err != nil || text == "-") {
		g.misshapen(path, "wants octets as hex")
	}
	if g.fault != nil {
		return []byte(harmless(fewest))
	}
	return octets
}

func (g *given) object(value any, path string, mayBeAbsent bool) tcrp.Object {
	if value == nil && mayBeAbsent {
		return nil
	}
	object, ok := value.(tcrp.Object)
	if !ok {
		g.wrong(tcrp.CodeBadType, path, "wants an object")
	}
	if g.fault != nil {
		return tcrp.Object{}
	}
	return object
}

var integer = regexp.MustCompile("^-?[0-9]+$")

func (g *given) bigInteger(value any, path string) *big.Int {
	number, _ := value.(json.Number)
	if !integer.MatchString(string(number)) {
		g.wrong(tcrp.CodeBadType, path, "wants an integer")
	}
	if g.fault != nil {
		return new(big.Int)
	}
	whole, _ := new(big.Int).SetString(string(number), 10)
	return whole
}

func (g *given) integer(value any, path string, minimum, maximum uint64) uint64 {
	whole := g.bigInteger(value, path)
	if g.fault == nil && (!whole.IsUint64() || whole.Uint64() < minimum || whole.Uint64() > maximum) {
		g.wrong(tcrp.CodeOutOfRange, path, "is not in its range")
	}
	if g.fault != nil {
		return minimum
	}
	return whole.Uint64()
}

// ---- members of a JSON payload ----

// What JSON payloads cannot express is reported before all other faults.
func (g *given) expressible(path string, members map[string]any) {
	for _, value := range members {
		if !isExpressible(value, 2) {
			g.wrong(tcrp.CodeBadJSON, path, "a value is not expressible in JSON")
		}
	}
}

func isExpressible(value any, depth int) bool {
	switch value := value.(type) {
	case string:
		return utf8.ValidString(value)
	case json.Number:
		number, err := value.Float64()
		return err == nil && number-number == 0 // neither NaN nor infinite
	case []any:
		for _, item := range value {
			if !isExpressible(item, depth+1) {
				return false
			}
		}
		return depth <= tcrp.LimitJSONDepth
	case tcrp.Object:
		for _, member := range value {
			if !utf8.ValidString(member.Name) || !isExpressible(member.Value, depth+1) {
				return false
			}
		}
		return depth <= tcrp.LimitJSONDepth
	}
	return true
}

func (g *given) textMember(members map[string]any, name, path string, fewest int, blankIsAbsent bool) string {
	value := members[name]
	if value == nil && blankIsAbsent {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		g.wrong(tcrp.CodeBadJSON, path, name+" is not a JSON string")
	}
	if g.fault != nil {
		return harmless(fewest)
	}
	return text
}

func (g *given) optionalTextMember(members map[string]any, name, path string, fewest int) *string {
	if members[name] == nil {
		return nil
	}
	text := g.textMember(members, name, path, fewest, false)
	return &text
}

func (g *given) objectMember(members map[string]any, name, path string) tcrp.Object {
	if members[name] == nil {
		return nil
	}
	object, ok := members[name].(tcrp.Object)
	if !ok {
		g.wrong(tcrp.CodeBadJSON, path, name+" is not a JSON object")
	}
	if g.fault != nil {
		return nil
	}
	return object
}

// ---- values to JSON ----

func hexadecimal(octets []byte) string { return hex.EncodeToString(octets) }

func unlessBlank(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func unlessNil(object tcrp.Object) any {
	if object == nil {
		return nil
	}
	return object
}

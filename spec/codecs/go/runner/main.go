// The runner of the Go codec: hex in, JSON out, and back, as spec/vectors/README.md describes it.
//
//	runner decode MESSAGE    hex on standard input -> JSON of the fields
//	runner encode MESSAGE    JSON of the fields on standard input -> hex
//	runner lines             one request per line -> one line "EXIT RESULT" each
//
// Exit codes: 0 valid, 1 invalid, 2 incomplete, 64 wrong usage, 127 no such verb or message here.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"tcrp"
)

const (
	valid        = 0
	invalid      = 1
	incomplete   = 2
	usage        = 64
	notSupported = 127
)

// What fields.go defines for a message.
type message struct {
	decode func(octets []byte) (any, error)
	encode func(g *given, fields any) ([]byte, error)
}

func main() {
	arguments := os.Args[1:]
	if len(arguments) == 1 && arguments[0] == "lines" {
		lines()
		return
	}
	if len(arguments) > 0 && arguments[0] != "decode" && arguments[0] != "encode" {
		fail(notSupported, "no verb is called "+strconv.Quote(arguments[0]))
	}
	if len(arguments) != 2 {
		fail(usage, "usage: runner decode|encode MESSAGE, or runner lines")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(usage, err.Error())
	}
	code, result := single(arguments[0], arguments[1], strings.TrimSpace(string(input)))
	if code == usage || code == notSupported {
		fail(code, result)
	}
	fmt.Println(result)
	os.Exit(code)
}

func fail(code int, text string) {
	fmt.Fprintln(os.Stderr, "runner: "+text)
	os.Exit(code)
}

func lines() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			code, result := request(line)
			fmt.Fprintln(out, code, result)
		}
		if in.Buffered() == 0 || err != nil {
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}

func request(line string) (int, string) {
	verb, rest, _ := strings.Cut(line, " ")
	first, rest, _ := strings.Cut(rest, " ")
	switch verb {
	case "decode", "encode":
		return single(verb, first, rest)
	case "stream":
		closed, chunks, _ := strings.Cut(rest, " ")
		accept, err := strconv.Atoi(first)
		if err != nil || closed != "0" && closed != "1" {
			return usage, "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex"
		}
		return stream(accept, closed == "1", chunks)
	}
	return notSupported, "no such verb"
}

func single(verb, name, input string) (int, string) {
	message, known := messages[name]
	if !known {
		return notSupported, "no message is called " + strconv.Quote(name)
	}
	if verb == "encode" {
		octets, err := encode(name, message, input)
		if err != nil {
			return verdict(err)
		}
		return valid, hex.EncodeToString(octets)
	}
	octets, err := unhex(input)
	if err != nil {
		return usage, "the input is not hex (two digits for an octet)"
	}
	fields, err := message.decode(octets)
	if err != nil {
		return verdict(err)
	}
	return valid, asJSON(fields)
}

func encode(name string, message message, input string) ([]byte, error) {
	fields, ok := parse(input)
	if !ok {
		return nil, &tcrp.Error{Code: tcrp.CodeBadJSON, Field: name, Offset: -1, Message: "is not JSON in UTF-8"}
	}
	g := given{}
	octets, err := message.encode(&g, fields)
	return octets, g.first(err)
}

func stream(accept int, closed bool, chunks string) (int, string) {
	reader, at, events := tcrp.NewFrameReader(accept), 0, []any{}
	for _, chunk := range strings.Split(chunks, ",") {
		octets, err := unhex(chunk)
		if err != nil {
			return usage, "a chunk is not hex"
		}
		reader.Feed(octets)
		at += len(octets)
		for {
			frame, whole, err := reader.Next()
			var fault *tcrp.Error
			if errors.As(err, &fault) {
				return invalid, asJSON(append(events, map[string]any{"at": at, "error": fault.Code}))
			}
			if !whole {
				break
			}
			events = append(events, map[string]any{"at": at, "frame": controlFrameFields(frame)})
		}
	}
	if closed && reader.Waiting() > 0 {
		return incomplete, asJSON(events)
	}
	return valid, asJSON(events)
}

func verdict(err error) (int, string) {
	var fault *tcrp.Error
	if !errors.As(err, &fault) {
		panic(err) // the codec gives no other error
	}
	result := map[string]any{"error": fault.Code, "field": fault.Field, "offset": nil, "message": fault.Message}
	if fault.Offset >= 0 {
		result["offset"] = fault.Offset
	}
	if fault.Incomplete {
		return incomplete, asJSON(result)
	}
	return invalid, asJSON(result)
}

// Hex in words of whole octets, separated by white space; "-" means no octets.
func unhex(text string) ([]byte, error) {
	if text == "-" {
		return nil, nil
	}
	octets := []byte{}
	for _, word := range strings.FieldsFunc(text, func(each rune) bool { return strings.ContainsRune(" \t\n\v\f\r", each) }) {
		some, err := hex.DecodeString(word)
		if err != nil {
			return nil, err
		}
		octets = append(octets, some...)
	}
	return octets, nil
}

func asJSON(value any) string {
	octets, err := json.Marshal(value)
	if err != nil {
		panic(err) // of maps, lists, strings and numbers
	}
	return string(octets)
}

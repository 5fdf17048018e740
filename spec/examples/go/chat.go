// A complete TCRP chat client over ../../codecs/go/tcrp.go, with the standard library only.
//
//	go run . [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM
//
// Each line of standard input is sent to the room; its end leaves. Standard output has lines `user: text`, and
// standard error the events. Exit 0: left, or the room was closed; 2: wrong usage; 3: refused; 4: no valid
// answer; 5: no datagrams get through; 6: removed; 130: interrupted. Numbers such as (5.5) refer to
// sections of spec/tcrp.md.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"tcrp"
)

// ---- display (8.5): text from peers is one line and cannot control the terminal ----

func safe(text string) string {
	var out strings.Builder
	before, marks := ' ', 0
	for _, each := range text {
		if marks++; !unicode.Is(unicode.M, each) {
			marks = 0
		}
		// Joiners and variation selectors are needed in emoji and in scripts other than Latin.
		joins := each == 0x200C || each == 0x200D || unicode.Is(unicode.Variation_Selector, each)
		switch {
		case each == '\t':
			out.WriteByte(' ')
		case unicode.In(each, unicode.Cc, unicode.Zl, unicode.Zp), joins && before < 0x2E0,
			!joins && unicode.In(each, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			out.WriteRune(utf8.RuneError)
		case marks <= 8:
			out.WriteRune(each)
		}
		before = each
	}
	return out.String()
}

// A note. Dim in a terminal, so that no chat line can look like one.
func note(format string, values ...any) {
	text := "* " + safe(fmt.Sprintf(format, values...))
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		text = "\x1b[2m" + text + "\x1b[0m"
	}
	fmt.Fprintln(os.Stderr, text)
}

func end(exit int, format string, values ...any) {
	note(format, values...)
	os.Exit(exit)
}

func must(exit int, err error) {
	if err != nil {
		end(exit, "%v", err)
	}
}

// ---- standard input ----

var lines = make(chan string) // closed at the end of input
var signals = make(chan os.Signal, 1)

func readLines() {
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" || err == nil {
			lines <- line
		}
		if err != nil {
			close(lines)
			return
		}
	}
}

func echo(setting string) error {
	stty := exec.Command("stty", setting)
	stty.Stdin = os.Stdin
	return stty.Run()
}

// Reads a line without echo; "" if standard input is not a terminal, or the system has no stty.
func askSecret(question string) (secret string) {
	if echo("-echo") != nil {
		return ""
	}
	fmt.Fprint(os.Stderr, question)
	select {
	case secret = <-lines:
	case <-signals:
		defer os.Exit(130)
	}
	_ = echo("echo")
	fmt.Fprintln(os.Stderr)
	return secret
}

// ---- the control connection (5): one request, its RESPONSE, and a COMPLETE if that is OK ----

func request(server string, frame tcrp.ControlFrame) (status tcrp.Status, token string, connection net.Conn) {
	deadline := time.Now().Add(tcrp.TimerAnswerTimeout)
	octets, err := tcrp.EncodeControlFrame(frame)
	must(2, err)
	connection, err = net.DialTimeout("tcp", server, tcrp.TimerAnswerTimeout)
	must(4, err)
	defer connection.Close()
	must(4, connection.SetDeadline(deadline))
	_, err = connection.Write(octets)
	must(4, err)
	reader := tcrp.NewFrameReader(tcrp.LimitReplyAccept)
	response, err := tcrp.DecodeResponsePayload(reply(connection, reader, tcrp.StateResponse))
	if must(4, err); response.Status != tcrp.StatusOK {
		return response.Status, "", connection
	}
	complete, err := tcrp.DecodeCompletePayload(reply(connection, reader, tcrp.StateComplete))
	must(4, err)
	return response.Status, complete.Token, connection
}

// The payload of the next frame.
func reply(connection net.Conn, reader *tcrp.FrameReader, state tcrp.State) []byte {
	for buffer := make([]byte, 4096); ; {
		frame, whole, err := reader.Next()
		must(4, err)
		if whole && frame.State == state {
			return frame.OperationPayload
		} else if whole {
			end(4, "unexpected answer from the server")
		}
		size, err := connection.Read(buffer)
		if reader.Feed(buffer[:size]); size == 0 {
			must(4, err)
		}
	}
}

// ---- the membership (6, 7, 9.5) ----

// The texts of a line: without control characters, and split between characters where it is too long (8.4).
func split(line string, limit int) (texts []string) {
	text, from := "", 0
	for _, each := range strings.ToValidUTF8(line, "\uFFFD") {
		if unicode.IsControl(each) && each != '\t' {
			continue
		}
		if !unicode.In(each, unicode.M, unicode.Cf) && !strings.HasSuffix(text, "\u200D") {
			from = len(text) // a mark or a joiner belongs to the character before it
		}
		if text += string(each); len(text) > limit {
			if from == 0 {
				from = len(text) - len(string(each))
			}
			texts, text, from = append(texts, text[:from]), text[from:], 0
		}
	}
	if text != "" {
		texts = append(texts, text)
	}
	return texts
}

type membership struct {
	room, user, token string
	socket            *net.UDPConn
	sent              time.Time // the last datagram
}

func (m *membership) send(message tcrp.ChatDatagramMessage) {
	octets, err := tcrp.EncodeChatDatagram(tcrp.ChatDatagram{RoomName: m.room, Token: m.token, Message: message})
	if err != nil {
		note("not sent: %v", err)
		return
	}
	_, _ = m.socket.Write(octets) // a lost datagram is not sent again; an error is about an earlier one
	m.sent = time.Now()
}

type received struct {
	octets []byte
	err    error
}

func (m *membership) receive(datagrams chan<- received) {
	buffer := make([]byte, tcrp.LimitRelayDatagramSize+1)
	for {
		size, err := m.socket.Read(buffer)
		datagrams <- received{append([]byte{}, buffer[:size]...), err}
	}
}

// Runs until the membership ends; returns the exit code.
func (m *membership) chat() int {
	limit := tcrp.LimitChatDatagramSize - 2 - len(m.room) - len(m.token) // (6.6)
	if relayed := tcrp.LimitRelayDatagramSize - 2 - len(m.user); relayed < limit {
		limit = relayed
	}
	datagrams := make(chan received)
	go m.receive(datagrams)
	var waiting []string // texts not sent yet
	member, ended, exit := false, false, 0
	asked, left, refused := 0, 0, 0                                   // WHO, LEAVE, "port unreachable" in a row
	next, heard := time.Now(), time.Now()                             // to send WHO or LEAVE; the last datagram
	allowance, counted := float64(tcrp.LimitMessageBurst), time.Now() // of texts and WHO (LIM-08)
	for {
		now := time.Now()
		allowance += now.Sub(counted).Seconds() * tcrp.LimitMessageRate
		if counted = now; allowance > tcrp.LimitMessageBurst {
			allowance = tcrp.LimitMessageBurst
		}
		for ; len(waiting) > 0 && member && left == 0 && allowance >= 2; allowance-- { // one is kept for WHO
			m.send(tcrp.TextMessage{Text: waiting[0]})
			waiting = waiting[1:]
		}
		asking := !member || asked > 0 || now.Sub(heard) >= tcrp.TimerSilenceInterval
		switch {
		case ended && left == 0 && (len(waiting) == 0 && member || exit != 0):
			next = now
			fallthrough
		case left > 0 && !now.Before(next):
			if left == tcrp.LimitLeaveTries {
				return exit
			}
			m.send(tcrp.ControlMessage{Kind: tcrp.ControlKindLeave})
			left, next = left+1, now.Add(tcrp.TimerLeaveInterval)
		case left == 0 && asking && !now.Before(next):
			if asked == tcrp.LimitRegisterTries {
				note("no datagrams get through between the server and this computer; not sent: %d lines", len(waiting))
				return 5
			}
			m.send(tcrp.ControlMessage{Kind: tcrp.ControlKindWho})
			asked, allowance, next = asked+1, allowance-1, now.Add(tcrp.TimerRegisterInterval)
		case now.Sub(m.sent) >= tcrp.TimerKeepaliveInterval:
			m.send(tcrp.Keepalive{})
		}
		input := lines
		if ended || len(waiting) > 0 {
			input = nil
		}
		select {
		case line, more := <-input:
			waiting, ended = split(line, limit), !more
		case <-signals:
			if ended = true; exit != 0 {
				return exit
			}
			exit = 130
		case datagram := <-datagrams:
			if datagram.err != nil {
				if refused++; refused == 3 && left > 0 {
					return exit
				} else if refused == 3 {
					note("the server is gone; not sent: %d lines", len(waiting))
					return 5
				}
				break
			}
			if heard, refused = time.Now(), 0; member {
				asked = 0
			}
			relayed, err := tcrp.DecodeRelayDatagram(datagram.octets)
			if err != nil {
				break // an invalid datagram is ignored (RLY-08)
			}
			if line, said := relayed.(tcrp.ChatLine); said {
				if _, err := fmt.Println(safe(line.Username) + ": " + safe(line.Text)); err != nil {
					ended, waiting = true, nil // nobody reads any more
				}
				break
			}
			notice, _ := relayed.(tcrp.Notice)
			note("%s", notice.Text)
			switch notice.Kind {
			case tcrp.NoticeKindMembers:
				member, asked = true, 0
			case tcrp.NoticeKindLeft:
				if left > 0 && notice.Subject == m.user {
					return exit
				}
			case tcrp.NoticeKindRoomClosed:
				return exit
			case tcrp.NoticeKindRemoved:
				if left == 0 {
					exit = 6
				}
				return exit
			}
		case <-time.After(50 * time.Millisecond): // all timers are checked above
		}
	}
}

// ---- the command line ----

func main() {
	address := flag.String("server", "localhost", "`HOST:PORT` of the server")
	user := flag.String("user", "", "your user `NAME`")
	file := flag.String("password-file", "", "`FILE` whose first line is the room's password")
	flag.Usage = func() {
		end(2, "usage: chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM")
	}
	flag.Parse()
	where := regexp.MustCompile(`^(?:\[(.+)\]|([^:]+))(?::(\d+))?$`).FindStringSubmatch(*address)
	operation, known := map[string]tcrp.Operation{
		"create": tcrp.OperationCreate, "join": tcrp.OperationJoin}[flag.Arg(0)]
	if where == nil || *user == "" || !known || flag.NArg() != 2 {
		flag.Usage()
	}
	host, port, room, password := where[1]+where[2], where[3], flag.Arg(1), ""
	if port == "" {
		port = strconv.Itoa(tcrp.Port)
	}
	if *file != "" {
		octets, err := os.ReadFile(*file)
		must(2, err)
		password, _, _ = strings.Cut(string(octets), "\n")
		password = strings.TrimRight(password, "\r")
	}
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go readLines()
	enter := func() (tcrp.Status, string, net.Conn) {
		payload, err := tcrp.EncodeRequestPayload(tcrp.RequestPayload{Username: *user, Password: password})
		must(2, err)
		frame := tcrp.ControlFrame{RoomName: room, Operation: operation, OperationPayload: payload}
		return request(net.JoinHostPort(host, port), frame)
	}
	if operation == tcrp.OperationCreate && *file == "" {
		password = askSecret("Password for the room (empty: none): ")
	}
	status, token, connection := enter()
	if status == tcrp.StatusWrongPassword && *file == "" {
		if password = askSecret("Password of the room: "); password != "" {
			status, token, connection = enter()
		}
	}
	if status != tcrp.StatusOK {
		end(3, "refused: %s", strings.ToLower(strings.ReplaceAll(status.String(), "_", " ")))
	}
	// Connected to the server's address, so that datagrams from others are dropped.
	here, there := connection.LocalAddr().(*net.TCPAddr), connection.RemoteAddr().(*net.TCPAddr)
	socket, err := net.DialUDP("udp", &net.UDPAddr{IP: here.IP, Zone: here.Zone}, (*net.UDPAddr)(there))
	must(4, err)
	os.Exit((&membership{room: room, user: *user, token: token, socket: socket}).chat())
}

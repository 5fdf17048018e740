package tcrp

import (
	"fmt"
	"math/big"
)

// ---- frames of a stream ----

// FrameReader takes whole control frames out of a stream, however it is cut into pieces.
//
//	reader := tcrp.NewFrameReader(tcrp.LimitReplyAccept)
//	reader.Feed(octets)               // what a read gave
//	frame, whole, err := reader.Next() // until whole is false
type FrameReader struct {
	accept int
	buffer []byte
}

// NewFrameReader gives a reader of frames whose payload has at most accept octets.
func NewFrameReader(accept int) *FrameReader { return &FrameReader{accept: accept} }

// Feed appends octets of the stream, of which it makes a copy.
func (f *FrameReader) Feed(octets []byte) { f.buffer = append(f.buffer, octets...) }

// Waiting counts the octets that belong to no frame given out so far. If the stream ends, it must be 0.
func (f *FrameReader) Waiting() int { return len(f.buffer) }

// TakeRest removes all octets after the last whole frame.
func (f *FrameReader) TakeRest() []byte {
	rest := f.buffer
	f.buffer = nil
	return rest
}

// Next removes the next whole frame; without one it says false: more octets are needed. A size is judged as soon as
// the header is there: CodeOutOfRange if none may have it, CodeTooLarge if it is above what is accepted here.
func (f *FrameReader) Next() (frame ControlFrame, whole bool, err error) {
	if len(f.buffer) < LimitControlHeaderSize {
		return frame, false, nil
	}
	header, err := DecodeControlHeader(f.buffer[:LimitControlHeaderSize])
	if err != nil {
		return frame, false, err
	}
	const sizeField, sizeOffset = "control_frame.operation_payload_size", 3
	size := header.OperationPayloadSize
	if size.Cmp(big.NewInt(LimitOperationPayloadSize)) > 0 {
		return frame, false, &Error{CodeOutOfRange, sizeField, sizeOffset, false,
			fmt.Sprintf("%s octets, the limit is %d", size, LimitOperationPayloadSize)}
	}
	if size.Cmp(big.NewInt(int64(f.accept))) > 0 {
		return frame, false, &Error{CodeTooLarge, sizeField, sizeOffset, false,
			fmt.Sprintf("%s octets, the limit here is %d", size, f.accept)}
	}
	total := LimitControlHeaderSize + int(header.RoomNameSize) + int(size.Int64())
	if len(f.buffer) < total {
		return frame, false, nil
	}
	octets := f.buffer[:total]
	f.buffer = f.buffer[total:]
	frame, err = DecodeControlFrame(octets)
	return frame, err == nil, err
}

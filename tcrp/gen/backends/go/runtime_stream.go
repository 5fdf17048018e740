package tcrp

import (
	"fmt"
	"math/big"
)

// ---- frames of a stream ----

// FrameReader finds whole control frames in a stream, however it is split.
//
//	reader := tcrp.NewFrameReader(tcrp.LimitReplyAccept)
//	reader.Feed(octets)               // what a read returned
//	frame, whole, err := reader.Next() // until whole is false
type FrameReader struct {
	accept int
	buffer []byte
}

// NewFrameReader returns a reader that accepts payloads of at most accept octets.
func NewFrameReader(accept int) *FrameReader { return &FrameReader{accept: accept} }

// Feed appends a copy of octets of the stream.
func (f *FrameReader) Feed(octets []byte) { f.buffer = append(f.buffer, octets...) }

// Waiting returns the number of octets after the last frame returned. Where the stream ends, it must be 0.
func (f *FrameReader) Waiting() int { return len(f.buffer) }

// TakeRest removes and returns all octets after the last frame returned.
func (f *FrameReader) TakeRest() []byte {
	rest := f.buffer
	f.buffer = nil
	return rest
}

// Next removes and returns the next frame; false means that more octets are needed. Sizes are checked as soon as
// the header is complete: CodeOutOfRange if a size is never valid, CodeTooLarge if it exceeds accept.
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

// Package store keeps one run in one bbolt file: every sample, event, profile,
// histogram and alert, and the run's head.
//
// The monitor writes the file ([Create]). Rows are on disk at most 2 s or 256 rows
// after they were appended, so a kill loses no more than that, and never the file.
// Rows are written twice: first as small chunks in the bucket recent, which serves
// as the write-ahead log, and then, about 1,000 at a time, merged into one chunk in
// the bucket chunks. Both have the same format, and readers ([Open]) see no
// difference. The file takes one to two bytes per sample. Memory does not grow with
// the length of the run.
//
// bbolt locks the file of a writer exclusively, so opening a run in progress
// returns [ErrInUse]; its monitor hands out consistent copies with
// [Writer.WriteTo]. To delete a run, delete its file.
//
// # Layout, version 2
//
// Numbers are bbolt sequence numbers, 8 bytes, big-endian, from 1.
//
//	bucket      key             value
//	meta        "version"       version of this layout, decimal
//	meta        "minor"         number of additions to that version, decimal; readers ignore what they do not know
//	meta        "run"           soak.Run, JSON
//	series      number: its id  soak.SeriesID, JSON
//	recent      number          chunk of rows, not yet sealed
//	chunks      number          chunk of about 1,024 rows
//	events      number          soak.Event, JSON
//	histograms  number          from, to, load, kind, HDR V2 bytes
//	profiles    number: its id  bucket: "meta" soak.ProfileMeta, JSON; number: piece of it
//	outbox      number: its id  soak.Alert, JSON
//	delivered   sink, 0, id     empty
//
// In JSON a float that is not finite is null, and null is read as NaN. Version 1 is
// still readable: it has strings instead ("NaN", "+Inf", "-Inf"), identifies a
// series by process, 0 byte, metric, and joins the protocols of an embedded target
// with commas. [Reopen] upgrades a file to version 2.
//
// A chunk is the number of its rows, their times, a directory of its series and a
// column for each series, followed by a CRC-32C. Counts and lengths are LEB128,
// zigzag-encoded if signed. Packed numbers start at the least significant bit.
//
//	chunk      rows, ints at, ints offset, series, {id step, length}…, column…, crc32c
//	at         milliseconds since the run's start, monotonic
//	offset     difference to Unix milliseconds; changes when the wall clock is set
//	column     points, [ints rows, unless every row has one], NaNs, [ints which], values
//	values     scale·2 + inverse, ints; or 0, floats
//	ints       order of differences (1 byte), a first value for each order, block…
//	block      width (1 byte, 0x80: exceptions), base, [divisor], packed distances,
//	           [exceptions (1 byte), {position (1 byte), distance}…]
//	floats     XOR with the previous value, as in Gorilla
//
// A value is encoded as a whole multiple of its metric's quantum if it is within a
// millionth of the quantum of such a multiple. Any other value is stored exactly:
// latencies keep every digit of their histogram. A series without a quantum is
// encoded as integers or decimals if that is lossless, else as floats. NaN (due but
// not measured) and absence (not due) are both preserved; the sign of zero may not
// be. Times are rounded to milliseconds.
package store

// Package store keeps one run in one bbolt file: every sample, event, profile,
// histogram and alert, and the run's head.
//
// The monitor writes it ([Create]); what was appended is on disk 2 s or 256 rows
// later, so a kill loses no more than that, and never the file. Rows go to disk
// twice: at once as small chunks in the bucket recent, which is the write-ahead
// log, and by the thousand merged into one in the bucket chunks. Both have one
// format, and readers ([Open]) see no difference. The file takes one to two
// bytes a sample; memory does not grow with the length of the run.
//
// bbolt's writer locks its file against everybody else, so a reader of a run
// that goes on gets [ErrInUse]; the monitor hands out consistent copies with
// [Writer.WriteTo]. Deleting a run is deleting its file.
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
// In JSON a float that is not finite is null, and null is read as NaN. Version 1,
// which is still read, has strings instead ("NaN", "+Inf", "-Inf"), names a series
// by process, 0 byte, metric, and joins the protocols of an embedded target by
// commas. [Reopen] upgrades a file to version 2.
//
// A chunk is the number of its rows, their times, a directory of the series in
// it and a column for each, ended by a CRC-32C. Counts and lengths are LEB128,
// signed ones zigzag first, packed numbers lie least significant bit first.
//
//	chunk      rows, ints at, ints offset, series, {id step, length}…, column…, crc32c
//	at         milliseconds since the run's start, monotonic
//	offset     what to add for Unix milliseconds: changes when the wall clock is set
//	column     points, [ints rows, unless every row has one], NaNs, [ints which], values
//	values     scale·2 + inverse, ints; or 0, floats
//	ints       order of differences (1 byte), as many first values, block…
//	block      width (1 byte, 0x80: exceptions), base, [divisor], packed distances,
//	           [exceptions (1 byte), {position (1 byte), distance}…]
//	floats     XOR with the value before, as in Gorilla
//
// A value is coded as a whole multiple of its metric's quantum, to which it is
// rounded only within a millionth of the quantum. Any other value is exact:
// latencies keep every digit that their histogram gave them. A series without a
// quantum is coded as whole numbers or decimals where that loses nothing, else as
// floats. NaN (due and not measured) and absence (not due) both survive; the sign
// of zero need not. Times are rounded to milliseconds.
package store

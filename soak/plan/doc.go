// Package plan reads a plan file into a [soak.Plan]. It is the only package
// that knows the file's syntax: YAML, read strictly, with every error told at
// once by file, line and field.
//
// The straight line is [LoadSource] (read), then whatever the command line lays
// over it, then [Complete] (fill the defaults that depend on other values and
// check the whole). [Load] is both in one. What was not set is [Unset] between
// the two where zero has a meaning of its own.
//
// The opinion: a plan that would run but not do what its writer meant is an
// error, never a guess. So unknown keys, units left out and settings without
// effect are refused, each with what to write instead.
//
// The limits: which protocols, sinks, metrics and cron specs exist is known
// elsewhere. Their options are kept as [soak.Options]; whoever checks them later
// names the right line through [Source.Errorf]. Anchors and merge keys work, and
// a plan
// of more than 64 KiB or 100,000 values is refused.
//
// Secrets: ${NAME} is replaced by an environment variable in every value, and
// file:PATH by a file's content under keys that name a secret ([Redact] lists
// them). Such texts are kept in Plan.Secrets, so that [Redact] and [Scrub] can
// take them out of whatever is written. Names, addresses and numbers are no
// secrets, wherever they came from.
package plan

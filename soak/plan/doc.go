// Package plan reads a plan file into a [soak.Plan]. It is the only package
// that knows the file's syntax: YAML, read strictly. All errors are reported
// together, each with file, line and field.
//
// The steps are [LoadSource] (read), then the flags of the command line, which
// override the plan, then [Complete] (fill in the defaults that depend on other
// values and check the result). [Load] does both without flags. Between the steps
// a value that is not set is [Unset] if zero has a meaning.
//
// A plan that would run but not do what its author meant is an error, never a
// guess. So unknown keys, missing units and settings without effect are refused,
// and each error says what to write instead.
//
// This package does not know which protocols, sinks, metrics and cron specs
// exist. Their options are kept as [soak.Options]; the code that checks them
// later reports the right line through [Source.Errorf]. Anchors and merge keys
// work. A plan of more than 64 KiB or 100,000 values is refused.
//
// Secrets: ${NAME} is replaced by an environment variable in every value, and
// file:PATH by a file's content under keys that name a secret ([Redact] lists
// them). Such texts are kept in Plan.Secrets, so that [Redact] and [Scrub] can
// remove them from any output. Names, addresses and numbers are never treated as
// secrets, wherever they come from.
package plan

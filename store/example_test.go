package store_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"soakmon/soak"
	"soakmon/store"
)

// Create a run file, append a row per second, and read a series back.
func Example() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	path := store.Path(dir, store.NewID(start, "web"))
	w, err := store.Create(path, soak.Run{
		Name: "web", Start: start,
		Metrics: []soak.Metric{{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1}},
	}, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fds := soak.SeriesOf(soak.RoleTarget, "fds")
	for i, value := range []float64{12, 12, 13} {
		at := time.Duration(i+1) * time.Second
		err := w.Append(soak.Row{At: at, Wall: start.Add(at), Samples: []soak.Sample{{SeriesID: fds, Value: value}}})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := store.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	s, err := r.Series(fds)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Run().Name, s.ID.Metric, s.Metric.Unit)
	for i, at := range s.At {
		fmt.Println(at, s.Value[i])
	}
	// Output:
	// web fds count
	// 1s 12
	// 2s 12
	// 3s 13
}

// List the runs in a folder and find one by its name.
func ExampleFind() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for day, name := range []string{"web", "mail"} {
		start := time.Date(2026, 1, day+1, 0, 0, 0, 0, time.UTC)
		id := store.NewID(start, name)
		w, err := store.Create(store.Path(dir, id), soak.Run{ID: id, Name: name, Start: start}, store.Options{})
		if err != nil {
			log.Fatal(err)
		}
		if err := w.Close(); err != nil {
			log.Fatal(err)
		}
	}

	entries, err := store.List(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Run.Start.Format("2006-01-02"), e.Run.Name)
	}
	path, err := store.Find(dir, "web")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(path == entries[1].Path)
	// Output:
	// 2026-01-02 mail
	// 2026-01-01 web
	// true
}

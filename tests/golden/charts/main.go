// Loads chart archives as ChartMuseum does, with Helm 3's loader, and prints what came of each.
//
//	go run ./charts < archives.jsonl
//
// Both streams hold one JSON object a line. An archive is given in base64, with the folder it was packed from, if any.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

type archive struct {
	Name   string `json:"name"`
	Bytes  []byte `json:"bytes,omitempty"`
	Folder string `json:"folder,omitempty"`
}

type result struct {
	Name          string          `json:"name"`
	Chart         *chart.Metadata `json:"chart,omitempty"`
	Error         string          `json:"error,omitempty"`
	Values        *string         `json:"values,omitempty"`
	Templates     []*chart.File   `json:"templates"`
	FolderChart   *chart.Metadata `json:"folder_chart,omitempty"` // as `helm show chart FOLDER` has it
	FolderRefused bool            `json:"folder_refused,omitempty"`
}

func load(a archive) result {
	r := result{Name: a.Name, Templates: []*chart.File{}}
	if c, err := loader.LoadArchive(bytes.NewReader(a.Bytes)); err != nil {
		r.Error = err.Error()
	} else {
		r.Chart = c.Metadata
		r.Templates = append(r.Templates, c.Templates...)
		for _, f := range c.Raw {
			if f.Name == "values.yaml" {
				text := string(f.Data)
				r.Values = &text
				break
			}
		}
	}
	if a.Folder != "" {
		if c, err := loader.LoadDir(a.Folder); err != nil {
			r.FolderRefused = true
		} else {
			r.FolderChart = c.Metadata
		}
	}
	return r
}

func main() {
	log.SetOutput(io.Discard) // warnings about requirements.yaml
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	for decoder.More() {
		var a archive
		if err := decoder.Decode(&a); err != nil {
			panic(err)
		}
		if err := encoder.Encode(load(a)); err != nil {
			panic(err)
		}
	}
}

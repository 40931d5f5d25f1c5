// Reads YAML documents as Helm does and prints what it made of each.
//
//	go run ./yaml < yaml/documents.jsonl > ../../chart/tests/golden/yaml.jsonl
//
// Both streams hold one JSON object a line. A document is given as text, or as base64 if it is none.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

type document struct {
	Text  string `json:"text,omitempty"`
	Bytes []byte `json:"bytes,omitempty"`
}

// A document's fate in three places: as a value of any shape, as values.yaml and as Chart.yaml.
type result struct {
	document
	Value       json.RawMessage `json:"value,omitempty"`
	Error       string          `json:"error,omitempty"`
	ValuesError string          `json:"values_error,omitempty"`
	Chart       *chart.Metadata `json:"chart,omitempty"`
	ChartError  string          `json:"chart_error,omitempty"`
}

func read(d document) result {
	r := result{document: d}
	content := d.Bytes
	if content == nil {
		content = []byte(d.Text)
	}
	if value, err := yaml.YAMLToJSON(content); err != nil {
		r.Error = err.Error()
	} else {
		r.Value = value
	}
	values := map[string]interface{}{}
	if err := yaml.Unmarshal(content, &values); err != nil {
		r.ValuesError = err.Error()
	}
	metadata := new(chart.Metadata)
	if err := yaml.Unmarshal(content, metadata); err != nil {
		r.ChartError = err.Error()
	} else {
		r.Chart = metadata
	}
	return r
}

func main() {
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	for decoder.More() {
		var d document
		if err := decoder.Decode(&d); err != nil {
			panic(err)
		}
		if err := encoder.Encode(read(d)); err != nil {
			panic(err)
		}
	}
}

// Reads documents, base64 in a JSON string each, as Helm reads YAML; prints what it made of each, one JSON object a line.
//
//	go run ./yaml < documents.jsonl > results.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

// A document's fate: as a value of any shape, as values.yaml, and with `v` decoded into a text.
type result struct {
	Value  json.RawMessage `json:"value,omitempty"`
	Error  string          `json:"error,omitempty"`
	Values string          `json:"values,omitempty"` // error as values.yaml
	Text   *string         `json:"text,omitempty"`
	Chart  *chart.Metadata `json:"chart,omitempty"`
	Fault  string          `json:"fault,omitempty"` // error as Chart.yaml
}

func read(document []byte) result {
	var r result
	value, err := yaml.YAMLToJSON(document)
	if err != nil {
		r.Error = err.Error()
	} else {
		r.Value = value
	}
	values := map[string]interface{}{}
	if err := yaml.Unmarshal(document, &values); err != nil {
		r.Values = err.Error()
	}
	var field struct {
		V string `json:"v"`
	}
	if err := yaml.Unmarshal(document, &field); err == nil {
		r.Text = &field.V
	}
	metadata := new(chart.Metadata)
	if err := yaml.Unmarshal(document, metadata); err != nil {
		r.Fault = err.Error()
	} else {
		r.Chart = metadata
	}
	return r
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	decoder := json.NewDecoder(input)
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	for decoder.More() {
		var document []byte // base64, so that any bytes can be asked about
		if err := decoder.Decode(&document); err != nil {
			panic(err)
		}
		if err := encoder.Encode(read(document)); err != nil {
			panic(err)
		}
	}
}

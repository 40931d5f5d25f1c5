// Package index reads rendered indexes as Helm does.
package index

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

// The types of Helm's pkg/repo, whose package would bring in half of its dependencies.
type indexFile struct {
	ServerInfo  map[string]any            `json:"serverInfo,omitempty"`
	APIVersion  string                    `json:"apiVersion"`
	Generated   time.Time                 `json:"generated"`
	Entries     map[string][]chartVersion `json:"entries"`
	PublicKeys  []string                  `json:"publicKeys,omitempty"`
	Annotations map[string]string         `json:"annotations,omitempty"`
}

type chartVersion struct {
	*chart.Metadata
	URLs    []string  `json:"urls"`
	Created time.Time `json:"created,omitempty"`
	Removed bool      `json:"removed,omitempty"`
	Digest  string    `json:"digest,omitempty"`
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join("..", "..", "..", "chart", "tests", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestAwkwardTextsSurvive(t *testing.T) {
	var texts []string
	if err := json.Unmarshal(golden(t, "awkward.json"), &texts); err != nil {
		t.Fatal(err)
	}
	strictly := func(bytes []byte, into any) error { return yaml.UnmarshalStrict(bytes, into) }
	leniently := func(bytes []byte, into any) error { return yaml.Unmarshal(bytes, into) }
	for _, reading := range []struct {
		name, file string
		read       func([]byte, any) error
	}{
		{"JSON as JSON (Helm since 3.13, Flux)", "awkward-index.json", json.Unmarshal},
		{"JSON as strict YAML (Helm before 3.13)", "awkward-index.json", strictly},
		{"JSON as YAML (Argo CD)", "awkward-index.json", leniently},
		{"YAML, strict", "awkward-index.yaml", strictly},
		{"YAML", "awkward-index.yaml", leniently},
	} {
		t.Run(reading.name, func(t *testing.T) {
			var index indexFile
			if err := reading.read(golden(t, reading.file), &index); err != nil {
				t.Fatal(err)
			}
			if index.APIVersion != "v1" || !index.Generated.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) ||
				!reflect.DeepEqual(index.ServerInfo, map[string]any{"contextPath": "/a b/\u0085"}) {
				t.Errorf("head: %q %v %q", index.APIVersion, index.Generated, index.ServerInfo)
			}
			if len(index.Entries) != len(texts) {
				t.Errorf("%d charts, want %d", len(index.Entries), len(texts))
			}
			for _, text := range texts {
				if len(index.Entries[text]) != 1 {
					t.Errorf("no chart named %q", text)
					continue
				}
				if got, want := index.Entries[text][0], version(text, index.Entries[text][0].Digest); !reflect.DeepEqual(got, want) {
					got, _ := json.Marshal(got)
					want, _ := json.Marshal(want)
					t.Errorf("%q:\n got %s\nwant %s", text, got, want)
				}
			}
		})
	}
}

func version(text, digest string) chartVersion {
	return chartVersion{
		Metadata: &chart.Metadata{
			Name: text, Home: text, Sources: []string{text, "x", text}, Version: "1.0.0", Description: text, Keywords: []string{text},
			Maintainers: []*chart.Maintainer{{Name: text, Email: text, URL: text}}, APIVersion: "v2", Condition: text, AppVersion: text,
			Annotations: map[string]string{text: text, "k" + text: "v", "k": text},
			Dependencies: []*chart.Dependency{{Name: text, Repository: text, Alias: text, ImportValues: []any{
				text, map[string]any{"child": text, "parent": text},
				map[string]any{text: []any{text, []any{text}, map[string]any{text: text}}},
			}}},
		},
		URLs:    []string{"charts/" + text + ".tgz"},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Digest:  digest,
	}
}

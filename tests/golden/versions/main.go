// Writes which texts are versions to Helm's library, what they mean and in which order they are, as JSON.
package main

import (
	"encoding/json"
	"os"
	"sort"
	"strings"

	"github.com/Masterminds/semver/v3"
)

var texts = []string{
	"", "1", "1.2", "1.2.3", "v1", "v1.2", "v1.2.3", "V1", "V1.2.3", " 1", "1 ", " 1.2.3", "1.2.3 ", "1.2.3\n", "\t1", "1.2.3.4", "01", "01.0.0",
	"1.02", "1.2.03", "00.0.0", "0", "0.0.0", "1.2.3-0", "1.2.3-00", "1.2.3-01", "1.2.3-0a", "1.2.3-a.01", "1.2.3-a.0", "1.2.3--", "1.2.3---", "1.2.3-",
	"1.2.3+", "1.2.3-+b", "1.2.3-a+", "1.2.3+01", "1.2.3+b.01.c", "1.2.3+a+b", "1.2.3+a-b", "1.2.3-a-b", "1.2.3-a..b", "1.2.3-.a", "1.2.3-a.",
	"1.2.3+a..b", "1.2.3_4", "1.2.3-a_b", "1.2.3+a_b", "=1.2.3", "vv1", "v", "v.1", ".1", "1.", "1.2.", "1..2", "1-a", "1.2-a", "1+b", "1.2+b", "1.2-a+b",
	"-1", "+1", "1.-2.3", "1.2.-3", "1.x", "x", "abc", "latest", "20240101", "1.2.3-é", "1.é", "１", "1.2.3-20240101120000", "2024.01.02",
	"18446744073709551615", "18446744073709551616", "1.18446744073709551616", "1.2.18446744073709551616", "1.2.18446744073709551615",
	"000000000000000000000000000001", "1.2.3-18446744073709551615", "1.2.3-18446744073709551616", "1.2.3-99999999999999999999",
	"1.2.3-100000000000000000000", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-alpha.beta", "1.2.3-beta", "1.2.3-beta.2", "1.2.3-beta.11", "1.2.3-rc.1",
	"1.2.3-1", "1.2.3-2", "1.2.3-10", "1.2.3-1.a", "1.2.3-1.1", "1.2.3-A", "1.2.3-a", "1.2.3-Z", "1.2.3--1", "1.2.3-a1", "1.2.3-a10", "1.2.3-a2", "1.10.0",
	"1.9.0", "10.0.0", "2.0.0", "0.0.1-SNAPSHOT", "0.1.0-SNAPSHOT-1", "1.0.0-0.3.7", "1.0.0-x.7.z.92", "1.0.0-alpha+001", "1.0.0+20130313144700",
	"1.2.3-" + strings.Repeat("a", 250), "1.2.3-" + strings.Repeat("a", 251), "1.2.3+" + strings.Repeat("a", 250), "1.2.3+" + strings.Repeat("a", 251),
	strings.Repeat("0", 255) + "1", strings.Repeat("0", 256) + "1",
}

type row struct {
	Text   string  `json:"text"`
	Loose  *string `json:"loose"`
	Strict bool    `json:"strict"`
	// Of equal precedence, equal rank.
	Rank *int `json:"rank"`
}

func main() {
	texts = append(texts, generated(1500)...)
	var ordered []*semver.Version
	for _, text := range texts {
		if version, err := semver.NewVersion(text); err == nil {
			ordered = append(ordered, version)
		}
	}
	sort.SliceStable(ordered, func(i, k int) bool { return ordered[i].LessThan(ordered[k]) })
	ranks, rank := map[string]*int{}, 0
	for i, version := range ordered {
		if i > 0 && ordered[i-1].LessThan(version) {
			rank++
		}
		own := rank
		ranks[version.Original()] = &own
	}

	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	os.Stdout.WriteString("[\n")
	for i, text := range texts {
		row := row{Text: text, Rank: ranks[text]}
		if version, err := semver.NewVersion(text); err == nil {
			meaning := version.String()
			row.Loose = &meaning
		}
		_, err := semver.StrictNewVersion(text)
		row.Strict = err == nil
		if i > 0 {
			os.Stdout.WriteString(",")
		}
		out.Encode(row)
	}
	os.Stdout.WriteString("]\n")
}

// Texts put together from what versions are made of, always the same ones.
func generated(count int) []string {
	state := uint64(1)
	pick := func(from ...string) string {
		state = state*6364136223846793005 + 1442695040888963407
		return from[(state>>33)%uint64(len(from))]
	}
	number := func() string { return pick("0", "1", "2", "3", "9", "10", "01", "99999999999999999999", "") }
	identifier := func() string {
		return pick("0", "1", "2", "10", "a", "A", "b", "rc", "1a", "-", "-1", "01", "", "99999999999999999999", "18446744073709551615")
	}
	seen := map[string]bool{}
	var texts []string
	for len(texts) < count {
		text := pick("", "", "", "", "v") + pick("1", "1", "1", "2", number()) + pick("", ".1", ".1.1", ".1.1", ".1.1", "."+number()+"."+number())
		if pick("y", "y", "n") == "y" {
			text += "-" + identifier()
			for pick("y", "n") == "y" {
				text += "." + identifier()
			}
		}
		text += pick("", "", "", "+"+identifier(), "+"+identifier()+"."+identifier())
		if !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	return texts
}

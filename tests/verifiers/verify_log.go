// Checks a transparency log over HTTP with the verifier of Go's checksum database, golang.org/x/mod/sumdb.
// It knows nothing of the program that serves the log: only C2SP tlog-tiles, tlog-checkpoint and signed-note.
//
//	verify_log -key VKEY [-old CHECKPOINT-FILE] URL
//	verify_log -key VKEY -receipt FILE -entry FILE
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height   = 8
	width    = 1 << height
	maxBytes = 32 << 20
)

// A log at a URL, and the hashes of the entries read from it.
type log struct {
	url    string
	hashes []tlog.Hash
}

func (l *log) fetch(path string) ([]byte, error) {
	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Get(l.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxBytes+1))
	if err == nil && len(content) > maxBytes {
		err = fmt.Errorf("%s: over %d bytes", path, maxBytes)
	}
	return content, err
}

func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for number, index := range indexes {
		found[number] = l.hashes[index]
	}
	return found, nil
}

// The library writes the height of tiles into paths; C2SP does not.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

// The tiles of a level of hashes, or of entries (level 0).
func tilesOf(level int, size int64) []tlog.Tile {
	var found []tlog.Tile
	hashes := size >> (height * level)
	for first := int64(0); first < hashes; first += width {
		tile := tlog.Tile{H: height, L: level, N: first / width, W: width}
		if hashes-first < width {
			tile.W = int(hashes - first)
		}
		found = append(found, tile)
	}
	return found
}

// Opens a signed checkpoint: the key's name is the origin; size and root have one form.
func open(content []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(content, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint: origin %q is not %q", lines[0], key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: root %q", lines[2])
	}
	if size == 0 && root != tlog.Hash(sha256.Sum256(nil)) {
		return tlog.Tree{}, errors.New("checkpoint: an empty log with another root than that of nothing")
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// Splits a bundle into exactly count entries, each after its length in two bytes.
func split(bundle []byte, count int) ([][]byte, error) {
	var entries [][]byte
	for len(entries) < count {
		if len(bundle) < 2 || len(bundle) < 2+int(bundle[0])<<8+int(bundle[1]) {
			return nil, fmt.Errorf("it ends within entry %d", len(entries))
		}
		end := 2 + int(bundle[0])<<8 + int(bundle[1])
		entries = append(entries, bundle[2:end])
		bundle = bundle[end:]
	}
	if len(bundle) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last entry", len(bundle))
	}
	return entries, nil
}

// Grows the tree anew from the entries, and compares it with the root.
func checkEntries(log *log, tree tlog.Tree) error {
	for _, tile := range tilesOf(0, tree.N) {
		bundlePath := strings.Replace(path(tile), "tile/0/", "tile/entries/", 1)
		bundle, err := log.fetch(bundlePath)
		if err != nil {
			return err
		}
		entries, err := split(bundle, tile.W)
		if err != nil {
			return fmt.Errorf("%s: %w", bundlePath, err)
		}
		for number, entry := range entries {
			hashes, err := tlog.StoredHashes(tile.N*width+int64(number), entry, log)
			if err != nil {
				return err
			}
			log.hashes = append(log.hashes, hashes...)
		}
	}
	if tree.N == 0 {
		return nil
	}
	root, err := tlog.TreeHash(tree.N, log)
	if err == nil && root != tree.Hash {
		err = errors.New("the entries do not have the root that was signed")
	}
	return err
}

// Compares every tile with the tree of the entries, whether or not a proof would need it.
func checkTiles(log *log, tree tlog.Tree) error {
	for level := 0; tree.N>>(height*level) > 0; level++ {
		for _, tile := range tilesOf(level, tree.N) {
			wanted, err := tlog.ReadTileData(tile, log)
			if err != nil {
				return err
			}
			found, err := log.fetch(path(tile))
			if err != nil {
				return err
			}
			if !bytes.Equal(found, wanted) {
				return fmt.Errorf("%s is not made of the entries' hashes", path(tile))
			}
		}
	}
	return nil
}

func checkConsistency(log *log, tree, old tlog.Tree) error {
	if old.N > tree.N {
		return fmt.Errorf("the log has shrunk from %d entries to %d", old.N, tree.N)
	}
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, log)
	if err == nil {
		err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
	}
	if err != nil {
		return fmt.Errorf("the first %d entries are not those of the older checkpoint: %w", old.N, err)
	}
	return nil
}

func checkLog(url string, key note.Verifier, oldFile string) (tlog.Tree, error) {
	log := &log{url: strings.TrimRight(url, "/")}
	content, err := log.fetch("checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := open(content, key)
	if err != nil {
		return tree, err
	}
	if err := checkEntries(log, tree); err != nil {
		return tree, err
	}
	if err := checkTiles(log, tree); err != nil || oldFile == "" {
		return tree, err
	}
	if content, err = os.ReadFile(oldFile); err != nil {
		return tree, err
	}
	old, err := open(content, key)
	if err != nil {
		return tree, fmt.Errorf("older %w", err)
	}
	return tree, checkConsistency(log, tree, old)
}

// Checks a C2SP tlog-proof offline.
func checkReceipt(receiptFile, entryFile string, key note.Verifier) (tlog.Tree, error) {
	receipt, err := os.ReadFile(receiptFile)
	if err != nil {
		return tlog.Tree{}, err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return tlog.Tree{}, err
	}
	head, checkpoint, found := bytes.Cut(receipt, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return tlog.Tree{}, fmt.Errorf("receipt: it begins with %q", lines[0])
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return tlog.Tree{}, errors.New("receipt: no index")
	}
	text := strings.TrimPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(index, 10) != text {
		return tlog.Tree{}, fmt.Errorf("receipt: index %q", text)
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		content, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(content) != tlog.HashSize {
			return tlog.Tree{}, fmt.Errorf("receipt: hash %q", line)
		}
		var hash tlog.Hash
		copy(hash[:], content)
		proof = append(proof, hash)
	}
	tree, err := open(checkpoint, key)
	if err != nil {
		return tree, err
	}
	if index < 0 || index >= tree.N {
		return tree, fmt.Errorf("receipt: index %d in a log of %d", index, tree.N)
	}
	return tree, tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func main() {
	vkey := flag.String("key", "", "the log's verifier key")
	old := flag.String("old", "", "file with a checkpoint of the log that was kept earlier")
	receipt := flag.String("receipt", "", "a .tlog-proof file, to be checked instead of a log")
	entry := flag.String("entry", "", "file with the entry of the receipt")
	flag.Parse()
	key, err := note.NewVerifier(*vkey)
	var tree tlog.Tree
	if err == nil && *receipt != "" {
		tree, err = checkReceipt(*receipt, *entry, key)
	} else if err == nil {
		tree, err = checkLog(flag.Arg(0), key, *old)
	}
	if err != nil {
		fmt.Println("rejected:", err)
		os.Exit(1)
	}
	fmt.Printf("accepted: %d entries, root %s\n", tree.N, tree.Hash)
}

// net/http with scs and its store for go-redis.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func binding(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(env("BINDING_DIR", "/bindings/sessions"), name))
	return strings.TrimSpace(string(content)), err
}

func main() {
	uri, err := binding("uri")
	if err != nil {
		log.Fatal(err)
	}
	prefix, err := binding("key-prefix")
	if err != nil {
		log.Fatal(err)
	}
	seconds, err := strconv.Atoi(env("EXPIRE_AFTER_SECONDS", "1800"))
	if err != nil {
		log.Fatal(err)
	}
	options, err := redis.ParseURL(uri)
	if err != nil {
		log.Fatal(err)
	}

	sessions := scs.New()
	sessions.Store = goredisstore.NewWithPrefix(redis.NewClient(options), prefix)
	sessions.Lifetime = time.Duration(seconds) * time.Second
	sessions.Cookie.Name = "sid"
	sessions.Cookie.Secure = false
	sessions.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, _ error) {
		http.Error(w, "sessions are not available", http.StatusServiceUnavailable)
	}

	loggedIn := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !sessions.Exists(r.Context(), "user") {
				http.Error(w, "log in first", http.StatusUnauthorized)
				return
			}
			next(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.RenewToken(r.Context()); err != nil {
			http.Error(w, "sessions are not available", http.StatusServiceUnavailable)
			return
		}
		sessions.Put(r.Context(), "user", r.URL.Query().Get("user"))
		sessions.Put(r.Context(), "changes", 0)
		fmt.Fprintln(w, "logged in")
	})
	mux.HandleFunc("GET /me", loggedIn(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, sessions.GetString(r.Context(), "user"))
	}))
	mux.HandleFunc("GET /change", loggedIn(func(w http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "changes", sessions.GetInt(r.Context(), "changes")+1)
		fmt.Fprintln(w, "changed")
	}))
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.Destroy(r.Context()); err != nil {
			http.Error(w, "sessions are not available", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "logged out")
	})
	outer := http.NewServeMux()
	outer.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	outer.Handle("/", sessions.LoadAndSave(mux))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+env("PORT", "3000"), outer))
}

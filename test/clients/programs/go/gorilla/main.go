// net/http with gorilla/sessions and redistore, which takes redigo.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/boj/redistore"
	"github.com/gorilla/sessions"
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func binding(name string) string {
	content, err := os.ReadFile(filepath.Join(env("BINDING_DIR", "/bindings/sessions"), name))
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

type application struct{ store *redistore.RediStore }

// The session of a request; a broken one is answered here.
func (a application) session(w http.ResponseWriter, r *http.Request) *sessions.Session {
	session, err := a.store.Get(r, "sid")
	if err != nil {
		http.Error(w, "sessions are not available", http.StatusServiceUnavailable)
		return nil
	}
	return session
}

// Saves before the answer: who is told "logged in" is logged in.
func save(w http.ResponseWriter, r *http.Request, session *sessions.Session, answer string) {
	if err := session.Save(r, w); err != nil {
		http.Error(w, "sessions are not available", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, answer)
}

func (a application) login(w http.ResponseWriter, r *http.Request) {
	session := a.session(w, r)
	if session == nil {
		return
	}
	// Another id: the one of before may be known to somebody.
	session.ID = ""
	session.Values["user"] = r.URL.Query().Get("user")
	session.Values["changes"] = 0
	save(w, r, session, "logged in")
}

func (a application) read(w http.ResponseWriter, r *http.Request) {
	if session := a.session(w, r); session == nil {
		return
	} else if user, ok := session.Values["user"].(string); ok {
		fmt.Fprintln(w, user)
	} else {
		http.Error(w, "log in first", http.StatusUnauthorized)
	}
}

func (a application) change(w http.ResponseWriter, r *http.Request) {
	session := a.session(w, r)
	if session == nil {
		return
	}
	changes, ok := session.Values["changes"].(int)
	if !ok {
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	}
	session.Values["changes"] = changes + 1
	save(w, r, session, "changed")
}

func (a application) logout(w http.ResponseWriter, r *http.Request) {
	session := a.session(w, r)
	if session == nil {
		return
	}
	session.Options.MaxAge = -1
	save(w, r, session, "logged out")
}

func main() {
	seconds, err := strconv.Atoi(env("EXPIRE_AFTER_SECONDS", "1800"))
	if err != nil {
		log.Fatal(err)
	}
	store, err := redistore.NewRediStoreWithURL(10, binding("uri"), []byte("only-for-tests-only-for-tests-12"))
	if err != nil {
		log.Fatal(err)
	}
	store.SetKeyPrefix(binding("key-prefix"))
	store.SetMaxAge(seconds)
	app := application{store}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("POST /login", app.login)
	mux.HandleFunc("GET /me", app.read)
	mux.HandleFunc("GET /change", app.change)
	mux.HandleFunc("POST /logout", app.logout)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+env("PORT", "3000"), mux))
}

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64')

/**
 * What scs 2.9's GobCodec encodes (Go 1.26): `&struct{Deadline time.Time; Values map[string]interface{}}`, with `"user": "ann", "id": 42, "big": int64(-1) << 62, "u": uint(1 << 63), "ok": true,
 * "price": 1.5, "raw": []byte{0xff, 0}, "c": complex(1, 2), "account": Account{ID: 7, Name: "Ann", Roles: []string{"admin", "staff"}, Next: &Account{ID: 8}},
 * "nested": map[string]interface{}{"a": []interface{}{"x", 1, nil}}, "at": time.Unix(0, 0)`.
 */
export const scs = bytes(
  'JX8DAQL/gAABAgEIRGVhZGxpbmUB/4IAAQZWYWx1ZXMB/4QAAAAQ/4EFAQEEVGltZQH/ggAAACf/gwQBARdtYXBbc3RyaW5nXWludGVyZmFjZSB7fQH/hAABDAEQAAD+AW7/gAEPAQAAAA7hqpwAAAAAAP//AQsGbmVzdGVkF21hcFtzdHJpbmddaW50ZXJmYWNlIHt9/4QfAAEBYQ5bXWludGVyZmFjZSB7ff+FAgEC/4YAARAAABr/hhcAAwZzdHJpbmcMAwABeANpbnQEAgACAAJpZANpbnQEAgBUA3JhdwdbXXVpbnQ4CgQAAv8AAWMKY29tcGxleDEyOA4FAP7wP0ACYXQJdGltZS5UaW1l/4IRAA8BAAAADneR9wAAAAAA//8EdXNlcgZzdHJpbmcMBQADYW5uA2JpZwVpbnQ2NAQKAPh//////////wF1BHVpbnQGCgD4gAAAAAAAAAACb2sEYm9vbAICAAEFcHJpY2UHZmxvYXQ2NAgEAP74PwdhY2NvdW50DG1haW4uQWNjb3VudP+HAwEBB0FjY291bnQB/4gAAQQBAklEAQQAAQROYW1lAQwAAQVSb2xlcwH/igABBE5leHQB/4gAAAAW/4kCAQEIW11zdHJpbmcB/4oAAQwAAB7/iBoBDgEDQW5uAQIFYWRtaW4Fc3RhZmYBARAAAAA=',
)

/** What gorilla's sessions are encoded as: `map[interface{}]interface{}{"user": "ann", 7: "seven", "account": Account{ID: 7}}`. */
export const gorilla = bytes(
  'Dv+LBAEC/4wAARABEAAA/5L/jAADBnN0cmluZwwGAAR1c2VyBnN0cmluZwwFAANhbm4DaW50BAIADgZzdHJpbmcMBwAFc2V2ZW4Gc3RyaW5nDAkAB2FjY291bnQMbWFpbi5BY2NvdW50/4cDAQEHQWNjb3VudAH/iAABBAECSUQBBAABBE5hbWUBDAABBVJvbGVzAf+KAAEETmV4dAH/iAAAABb/iQIBAQhbXXN0cmluZwH/igABDAAABv+IAwEOAA==',
)

/*
 * Written by Ruby 3.1.2 with ActiveSupport and ActionPack 6.1.7.10, redis-store 1.9.0 and redis 4.8.0 (Debian bookworm), with
 * active_support/all, action_dispatch, redis-store, set, bigdecimal and date required:
 *
 *   # Sessions
 *   flash = ActionDispatch::Flash::FlashHash.new
 *   flash[:notice] = 'Signed in successfully.'
 *   devise = {
 *     'session_id' => '5f9a1c0e7d3b4a62815f9a1c0e7d3b4a',
 *     '_csrf_token' => 'kq2dUQy0m2mP0hJ9n3wZ1J5tTq3o0oXW8q1Qp1aJm1k=',
 *     'warden.user.user.key' => [[42], '$2a$12$abcdefghijklmnopqrstuu'],
 *     'warden.user.user.session' => { 'last_request_at' => 1_780_000_000 },
 *     'flash' => flash.to_session_value,
 *   }
 *   by_uuid = { 'warden.user.admin.key' => [['0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11'], nil] }
 *   cart = (1..80).map { |i| { 'sku' => "article-#{i}", 'count' => i } }
 *   redis_store = Redis::Store.new(host: '127.0.0.1', port: 1)
 *   written = ->(session) { redis_store.send(:_marshal, session, nil) { |bytes| bytes } }
 *   cache = ActiveSupport::Cache::RedisCacheStore.new(url: 'redis://127.0.0.1:1', namespace: 'p')
 *   entry = ->(value) { cache.send(:serialize_entry, ActiveSupport::Cache::Entry.new(value, **cache.options, expires_in: 1800)) }
 *   # All types
 *   Point = Struct.new(:x, :y)
 *   class Account
 *     def initialize(name) = (@name, @tags = name, [:a, :b])
 *   end
 *   class Money
 *     def marshal_dump = { 'cents' => 999 }
 *   end
 *   class Version
 *     def _dump(_) = '1.2.3'
 *   end
 *   module Loud; end
 *   class Names < Array; end
 *   class Title < String; end
 *   kinds = {
 *     'plain' => [nil, true, false],
 *     'integers' => [0, 1, -1, 122, 123, 255, 256, -123, -124, -129, -256, -257, 65_536, 2**30 - 1, -2**30],
 *     'bignums' => [2**30, -2**30 - 1, 2**62, 2**64, -2**64, 10**30],
 *     'floats' => [0.0, -0.0, 1.5, 1.5, -2.25e-10, 1e100, Float::INFINITY, -Float::INFINITY, Float::NAN],
 *     'symbols' => [:a, :b, :a, :"ü", :"ü"],
 *     'utf8' => 'Grüße', 'ascii' => 'plain'.encode('US-ASCII'), 'binary' => "\xff\x00a".b, 'binary utf8' => 'José'.b,
 *     'latin1' => 'Grüße'.encode('ISO-8859-1'), 'utf16' => 'Grüße'.encode('UTF-16LE'),
 *     'sjis' => %w[こんにちは は].map { |text| text.encode('Shift_JIS') }, 'sjis symbol' => 'は'.encode('Shift_JIS').to_sym,
 *     'with ivars' => 'text'.dup.tap { |text| text.instance_variable_set(:@note, ['noted']) },
 *     'default' => Hash.new([7]).merge!('a' => 1),
 *     'indifferent' => ActiveSupport::HashWithIndifferentAccess.new(user: { name: 'bob' }),
 *     'struct' => Point.new(1, 'two'), 'object' => Account.new('Acme'), 'marshal_dump' => Money.new, '_dump' => Version.new,
 *     'extended' => [Account.new('Loud').extend(Loud), [1].extend(Loud)],
 *     'subclasses' => [Names.new(['x']), Title.new('Dr')], 'safe' => ActiveSupport::SafeBuffer.new('<b>'),
 *     'regexps' => [/a+b/i, /ü/], 'modules' => [String, Loud],
 *     'range' => (1..3), 'numbers' => [1r / 3, Complex(1, 2), BigDecimal('1234.5')],
 *     'times' => [Time.at(1_780_000_000, 123_456, :usec, in: '+02:00'), Time.at(1_780_000_000).utc],
 *     'zone' => ActiveSupport::TimeZone['Berlin'].at(1_780_000_000),
 *     'date' => Date.new(2026, 11, 27), 'set' => Set.new([:x, 'y']),
 *     5 => 'by an integer', 2**70 => 'by a bignum', :sym => 'by a symbol', nil => 'by nil', [1] => 'by an array',
 *     '__proto__' => { 'polluted' => true },
 *   }
 *   links = kinds.flat_map { |name, value| mark = [name]; [value, mark, mark] }
 *   list = [1]
 *   list << list << { 'list' => list }
 *   account = Account.new('self')
 *   account.instance_variable_set(:@self, account)
 *   cycle = { 'list' => list, 'account' => account, 'list again' => list }
 *   class Noted
 *     def _dump(_) = 'dump'.dup.tap { |text| text.instance_variable_set(:@note, ['noted']) }
 *   end
 *   noted = Noted.new
 *   order = [:"ü", 'text', :"ü", noted, noted]
 */

/** Spaces between are no part of it. */
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64')

/** `written[devise]`: a session as Devise writes it. */
export const devise = fromBase64(`
  BAh7CkkiD3Nlc3Npb25faWQGOgZFVEkiJTVmOWExYzBlN2QzYjRhNjI4MTVmOWExYzBlN2QzYjRhBjsAVEkiEF9jc3JmX3Rva2VuBjsAVEkiMWtxMmRV
  UXkwbTJtUDBoSjluM3daMUo1dFRxM28wb1hXOHExUXAxYUptMWs9BjsAVEkiGXdhcmRlbi51c2VyLnVzZXIua2V5BjsAVFsHWwZpL0kiIiQyYSQxMiRh
  YmNkZWZnaGlqa2xtbm9wcXJzdHV1BjsAVEkiHXdhcmRlbi51c2VyLnVzZXIuc2Vzc2lvbgY7AFR7BkkiFGxhc3RfcmVxdWVzdF9hdAY7AFRsKwcApRhq
  SSIKZmxhc2gGOwBUewdJIgxkaXNjYXJkBjsAVFsASSIMZmxhc2hlcwY7AFR7BkkiC25vdGljZQY7AEZJIhxTaWduZWQgaW4gc3VjY2Vzc2Z1bGx5LgY7
  AFQ=
`)

/** `written[by_uuid]`: another scope, and records with a UUID. */
export const deviseByUuid = fromBase64(`
  BAh7BkkiGndhcmRlbi51c2VyLmFkbWluLmtleQY6BkVUWwdbBkkiKTBiMGU3YzNhLTlhMzUtNGM0Zi04ZjNlLTNmMmIwZjZmNGExMQY7AFQw
`)

/** `written[kinds]` */
export const kinds = fromBase64(`
  BAh7KkkiCnBsYWluBjoGRVRbCDBURkkiDWludGVnZXJzBjsAVFsUaQBpBmn6aX9pAXtpAf9pAgABaYBp/4Rp/39p/wBp/v/+aQMAAAFpBP///z9p/AAA
  AMBJIgxiaWdudW1zBjsAVFsLbCsHAAAAQGwtBwEAAEBsKwkAAAAAAAAAQGwrCgAAAAAAAAAAAQBsLQoAAAAAAAAAAAEAbCsMAAAAQOrtdEbQnCyfDABJ
  IgtmbG9hdHMGOwBUWw5mBjBmBy0wZggxLjVAFmYOLTIuMjVlLTEwZgoxZTEwMGYIaW5mZgktaW5mZghuYW5JIgxzeW1ib2xzBjsAVFsKOgZhOgZiOwZJ
  OgfDvAY7AFQ7CEkiCXV0ZjgGOwBUSSIMR3LDvMOfZQY7AFRJIgphc2NpaQY7AFRJIgpwbGFpbgY7AEZJIgtiaW5hcnkGOwBUIgj/AGFJIhBiaW5hcnkg
  dXRmOAY7AFQiCkpvc8OpSSILbGF0aW4xBjsAVEkiCkdy/N9lBjoNZW5jb2RpbmciD0lTTy04ODU5LTFJIgp1dGYxNgY7AFRJIg9HAHIA/ADfAGUABjsJ
  Ig1VVEYtMTZMRUkiCXNqaXMGOwBUWwdJIg+CsYLxgsmCv4LNBjsJIg5TaGlmdF9KSVNJIgeCzQY7CUAvSSIQc2ppcyBzeW1ib2wGOwBUSToHgs0GOwlA
  L0kiD3dpdGggaXZhcnMGOwBUSSIJdGV4dAc7AFQ6CkBub3RlWwZJIgpub3RlZAY7AFRJIgxkZWZhdWx0BjsAVH0GSSIGYQY7AFRpBlsGaQxJIhBpbmRp
  ZmZlcmVudAY7AFRDOi1BY3RpdmVTdXBwb3J0OjpIYXNoV2l0aEluZGlmZmVyZW50QWNjZXNzewZJIgl1c2VyBjsARkM7DHsGSSIJbmFtZQY7AEZJIghi
  b2IGOwBUSSILc3RydWN0BjsAVFM6ClBvaW50BzoGeGkGOgZ5SSIIdHdvBjsAVEkiC29iamVjdAY7AFRvOgxBY2NvdW50BzoKQG5hbWVJIglBY21lBjsA
  VDoKQHRhZ3NbBzsGOwdJIhFtYXJzaGFsX2R1bXAGOwBUVToKTW9uZXl7BkkiCmNlbnRzBjsAVGkC5wNJIgpfZHVtcAY7AFRJdToMVmVyc2lvbgoxLjIu
  MwY7AFRJIg1leHRlbmRlZAY7AFRbB2U6CUxvdWRvOxAHOxFJIglMb3VkBjsAVDsSWwc7BjsHZTsVWwZpBkkiD3N1YmNsYXNzZXMGOwBUWwdDOgpOYW1l
  c1sGSSIGeAY7AFRJQzoKVGl0bGUiB0RyBjsAVEkiCXNhZmUGOwBUSUM6HkFjdGl2ZVN1cHBvcnQ6OlNhZmVCdWZmZXIiCDxiPgc7AFQ6D0BodG1sX3Nh
  ZmVUSSIMcmVnZXhwcwY7AFRbB0kvCGErYgEGOwBGSS8Hw7wQBjsAVEkiDG1vZHVsZXMGOwBUWwdjC1N0cmluZ20JTG91ZEkiCnJhbmdlBjsAVG86ClJh
  bmdlCDoJZXhjbEY6CmJlZ2luaQY6CGVuZGkISSIMbnVtYmVycwY7AFRbCFU6DVJhdGlvbmFsWwdpBmkIVToMQ29tcGxleFsHaQZpB3U6D0JpZ0RlY2lt
  YWwRMTg6MC4xMjM0NWU0SSIKdGltZXMGOwBUWwdJdToJVGltZQ2Ukx+AQOKBagc6C29mZnNldGkCIBw6CXpvbmUwSXU7IQ2Ukx/AAACAagY7I0kiCFVU
  QwY7AEZJIgl6b25lBjsAVFU6IEFjdGl2ZVN1cHBvcnQ6OlRpbWVXaXRoWm9uZVsISXU7IQ2Ukx/AAACAagY7I0BuSSILQmVybGluBjsAVEl1OyENlpMf
  wAAAgGoGOyNAbkkiCWRhdGUGOwBUVToJRGF0ZVsLaQBpA7yOJWkAaQBpAGYMMjI5OTE2MUkiCHNldAY7AFRvOghTZXQGOgpAaGFzaH0HOw5USSIGeQY7
  AFRURmkKSSISYnkgYW4gaW50ZWdlcgY7AFRsKwoAAAAAAAAAAEAASSIQYnkgYSBiaWdudW0GOwBUOghzeW1JIhBieSBhIHN5bWJvbAY7AFQwSSILYnkg
  bmlsBjsAVFsGaQZJIhBieSBhbiBhcnJheQY7AFRJIg5fX3Byb3RvX18GOwBUewZJIg1wb2xsdXRlZAY7AFRU
`)

/** `written[links]`: after each value of `kinds` a new array, and a link to it. */
export const links = fromBase64(`
  BAhbdFsIMFRGWwZJIgpwbGFpbgY6BkVUQAdbFGkAaQZp+ml/aQF7aQH/aQIAAWmAaf+Eaf9/af8Aaf7//mkDAAABaQT///8/afwAAADAWwZJIg1pbnRl
  Z2VycwY7AFRAClsLbCsHAAAAQGwtBwEAAEBsKwkAAAAAAAAAQGwrCgAAAAAAAAAAAQBsLQoAAAAAAAAAAAEAbCsMAAAAQOrtdEbQnCyfDABbBkkiDGJp
  Z251bXMGOwBUQBNbDmYGMGYHLTBmCDEuNUAYZg4tMi4yNWUtMTBmCjFlMTAwZghpbmZmCS1pbmZmCG5hblsGSSILZmxvYXRzBjsAVEAeWwo6BmE6BmI7
  Bkk6B8O8BjsAVDsIWwZJIgxzeW1ib2xzBjsAVEAhSSIMR3LDvMOfZQY7AFRbBkkiCXV0ZjgGOwBUQCRJIgpwbGFpbgY7AEZbBkkiCmFzY2lpBjsAVEAn
  Igj/AGFbBkkiC2JpbmFyeQY7AFRAKiIKSm9zw6lbBkkiEGJpbmFyeSB1dGY4BjsAVEAtSSIKR3L832UGOg1lbmNvZGluZyIPSVNPLTg4NTktMVsGSSIL
  bGF0aW4xBjsAVEAxSSIPRwByAPwA3wBlAAY7CSINVVRGLTE2TEVbBkkiCnV0ZjE2BjsAVEA1WwdJIg+CsYLxgsmCv4LNBjsJIg5TaGlmdF9KSVNJIgeC
  zQY7CUA5WwZJIglzamlzBjsAVEA7SToHgs0GOwlAOVsGSSIQc2ppcyBzeW1ib2wGOwBUQD1JIgl0ZXh0BzsAVDoKQG5vdGVbBkkiCm5vdGVkBjsAVFsG
  SSIPd2l0aCBpdmFycwY7AFRAQn0GSSIGYQY7AFRpBlsGaQxbBkkiDGRlZmF1bHQGOwBUQEdDOi1BY3RpdmVTdXBwb3J0OjpIYXNoV2l0aEluZGlmZmVy
  ZW50QWNjZXNzewZJIgl1c2VyBjsARkM7DHsGSSIJbmFtZQY7AEZJIghib2IGOwBUWwZJIhBpbmRpZmZlcmVudAY7AFRATlM6ClBvaW50BzoGeGkGOgZ5
  SSIIdHdvBjsAVFsGSSILc3RydWN0BjsAVEBSbzoMQWNjb3VudAc6CkBuYW1lSSIJQWNtZQY7AFQ6CkB0YWdzWwc7BjsHWwZJIgtvYmplY3QGOwBUQFdV
  OgpNb25leXsGSSIKY2VudHMGOwBUaQLnA1sGSSIRbWFyc2hhbF9kdW1wBjsAVEBcSXU6DFZlcnNpb24KMS4yLjMGOwBUWwZJIgpfZHVtcAY7AFRAX1sH
  ZToJTG91ZG87EAc7EUkiCUxvdWQGOwBUOxJbBzsGOwdlOxVbBmkGWwZJIg1leHRlbmRlZAY7AFRAZlsHQzoKTmFtZXNbBkkiBngGOwBUSUM6ClRpdGxl
  IgdEcgY7AFRbBkkiD3N1YmNsYXNzZXMGOwBUQGxJQzoeQWN0aXZlU3VwcG9ydDo6U2FmZUJ1ZmZlciIIPGI+BzsAVDoPQGh0bWxfc2FmZVRbBkkiCXNh
  ZmUGOwBUQG9bB0kvCGErYgEGOwBGSS8Hw7wQBjsAVFsGSSIMcmVnZXhwcwY7AFRAdFsHYwtTdHJpbmdtCUxvdWRbBkkiDG1vZHVsZXMGOwBUQHlvOgpS
  YW5nZQg6CWV4Y2xGOgpiZWdpbmkGOghlbmRpCFsGSSIKcmFuZ2UGOwBUQHxbCFU6DVJhdGlvbmFsWwdpBmkIVToMQ29tcGxleFsHaQZpB3U6D0JpZ0Rl
  Y2ltYWwRMTg6MC4xMjM0NWU0WwZJIgxudW1iZXJzBjsAVEABf1sHSXU6CVRpbWUNlJMfgEDigWoHOgtvZmZzZXRpAiAcOgl6b25lMEl1OyENlJMfwAAA
  gGoGOyNJIghVVEMGOwBGWwZJIgp0aW1lcwY7AFRAAYVVOiBBY3RpdmVTdXBwb3J0OjpUaW1lV2l0aFpvbmVbCEl1OyENlJMfwAAAgGoGOyNAAYNJIgtC
  ZXJsaW4GOwBUSXU7IQ2Wkx/AAACAagY7I0ABg1sGSSIJem9uZQY7AFRAAYxVOglEYXRlWwtpAGkDvI4laQBpAGkAZgwyMjk5MTYxWwZJIglkYXRlBjsA
  VEABkW86CFNldAY6CkBoYXNofQc7DlRJIgZ5BjsAVFRGWwZJIghzZXQGOwBUQAGWSSISYnkgYW4gaW50ZWdlcgY7AFRbBmkKQAGZSSIQYnkgYSBiaWdu
  dW0GOwBUWwZsKwoAAAAAAAAAAEAAQAGbSSIQYnkgYSBzeW1ib2wGOwBUWwY6CHN5bUABnkkiC2J5IG5pbAY7AFRbBjBAAaBJIhBieSBhbiBhcnJheQY7
  AFRbBlsGaQZAAaJ7BkkiDXBvbGx1dGVkBjsAVFRbBkkiDl9fcHJvdG9fXwY7AFRAAaY=
`)

/** `written[cycle]` */
export const cycle = fromBase64(`
  BAh7CEkiCWxpc3QGOgZFVFsIaQZAB3sGQAZAB0kiDGFjY291bnQGOwBUbzoMQWNjb3VudAg6CkBuYW1lSSIJc2VsZgY7AFQ6CkB0YWdzWwc6BmE6BmI6
  CkBzZWxmQApJIg9saXN0IGFnYWluBjsAVEAH
`)

/** `written[order]`: what is numbered before, or after, what says more of it. */
export const order = fromBase64(`
  BAhbCkk6B8O8BjoGRVRJIgl0ZXh0BjsGVDsASXU6Ck5vdGVkCWR1bXAHOwZUOgpAbm90ZVsGSSIKbm90ZWQGOwZUQAk=
`)

/** `entry[devise]`: below a KiB, and so as it is. */
export const cachedDevise = fromBase64(`
  BAhvOiBBY3RpdmVTdXBwb3J0OjpDYWNoZTo6RW50cnkJOgtAdmFsdWV7CkkiD3Nlc3Npb25faWQGOgZFVEkiJTVmOWExYzBlN2QzYjRhNjI4MTVmOWEx
  YzBlN2QzYjRhBjsHVEkiEF9jc3JmX3Rva2VuBjsHVEkiMWtxMmRVUXkwbTJtUDBoSjluM3daMUo1dFRxM28wb1hXOHExUXAxYUptMWs9BjsHVEkiGXdh
  cmRlbi51c2VyLnVzZXIua2V5BjsHVFsHWwZpL0kiIiQyYSQxMiRhYmNkZWZnaGlqa2xtbm9wcXJzdHV1BjsHVEkiHXdhcmRlbi51c2VyLnVzZXIuc2Vz
  c2lvbgY7B1R7BkkiFGxhc3RfcmVxdWVzdF9hdAY7B1RsKwcApRhqSSIKZmxhc2gGOwdUewdJIgxkaXNjYXJkBjsHVFsASSIMZmxhc2hlcwY7B1R7Bkki
  C25vdGljZQY7B0ZJIhxTaWduZWQgaW4gc3VjY2Vzc2Z1bGx5LgY7B1Q6DUB2ZXJzaW9uMDoQQGNyZWF0ZWRfYXRmFzE3OTU3ODI5NzkuMjgwMTM4NzoQ
  QGV4cGlyZXNfaW5mCjEuOGUz
`)

/** `entry[devise.merge('cart' => cart)]`: compressed. */
export const cachedCart = fromBase64(`
  BAhvOiBBY3RpdmVTdXBwb3J0OjpDYWNoZTo6RW50cnkKOgtAdmFsdWUiAnACeJxlz21X0mAAxnFfdAaCiZWVliQt7MlENp41izKt0ZMknDrxgjO3G5nA
  JowdD4fP0/dssF2dunoDZ9fv5mb/a9FpXJMTrnBdy7HblintSUcNTd4qdCq6YmRFycyd5fWiWlb+XaT9Bf/YSttwR5322OkJO1iU3lA1m/VJdqAOTrLd
  WsXOXf1UaoVxY5hzss6P7+WhUr9U9NpA6R0EP1m/0kemsDOeK0bBR09MZtSKtCRrV5PltKqnFTWtnxmm6Jx3rYtef2A7l8ORO/a84JLkf5eETTOeSpq8
  2tfdcXskhp7wv/XxbO9vRxZ+rV1ocqzja3d+NKLJS6blGv5183dY8J/nKlxcFbedsWUI//FYkzdOrXNbmCnLTrmeYfh/2vH6/UkmeK1F/575X7Was5uj
  bi9832V/t4y+2FGC55jhePb8pCVNI9XkXyfU2VrdtCK058I9Sns+3BdpL4R7jPZiuMdpL4X7Eu3lcL9OeyXcl4M98acwG0KCQQlhhQHJNxjQfJMB0bcY
  UL3KgOzbDOi+w4DwuwwoXyNQUb7OgPJ7DCi/z4DyDQaUJxlQ/oAB5ZsMKE8xoPwhA8plghzKHzGgPM2A8i0GlD9mQPkTBpQ/ZUD5MwaUP2dA+TYDyl8Q
  5FG+w4DyDAPKdxlQnmVAucKAcpUB5TkGlOcZUF5gQHmRoIDyEgPKywworzCgfI8B5fsMKH/JgPIDBpS/YkD5awaUVwmKKH/DgPK3DCg/ZED5OwaUHzGg
  /JgB5e8ZUP6BAeUaA8prBCWUf2RA+ScGlH9mQPkXBpR/ZUD5CQPK6wwo/8aA8lMGlDcIyihv/gZiy2z3Og1AdmVyc2lvbjA6EEBjcmVhdGVkX2F0ZhYx
  Nzk1NzgyOTc5LjI4MDE3NzoQQGV4cGlyZXNfaW5mCjEuOGUzOhBAY29tcHJlc3NlZFQ=
`)

/** `entry[nil]` */
export const cachedNil = fromBase64(`
  BAhvOiBBY3RpdmVTdXBwb3J0OjpDYWNoZTo6RW50cnkJOgtAdmFsdWUwOg1AdmVyc2lvbjA6EEBjcmVhdGVkX2F0ZhYxNzk1NzgyOTc5LjI4MDM2ODoQ
  QGV4cGlyZXNfaW5mCjEuOGUz
`)
